//! Which failures another attempt may be spared, and what is waited.

use super::*;
use crate::handshake::{Refusal, ResponseHead};
use crate::net::Exit;
use crate::net::{Endpoint, Lookup, dial};
use crate::opening::ProxyFailure;

fn refused(status: u16, fields: &str) -> OpenError {
    let head = format!("HTTP/1.1 {status} Words\r\n{fields}\r\n");
    let response = ResponseHead::parse(head.into_bytes()).unwrap();
    OpenError::Refused(Box::new(Refusal::of(&response, &[]).unwrap()))
}

fn proxy(trouble: ProxyTrouble) -> OpenError {
    OpenError::Proxy(Box::new(ProxyFailure { proxy: "http://p".into(), address: None, trouble }))
}

fn socks(error: SocksError) -> OpenError {
    proxy(ProxyTrouble::Socks { place: "h:1".into(), error })
}

#[test]
fn what_is_not_ready_yet_is_tried_again() {
    let reset = || io::Error::from(ErrorKind::ConnectionReset);
    let absent = dial(&Endpoint::Unix("/nonexistent/socket".into()), &Lookup::default(), None).unwrap_err();
    let unknown = crate::net::DialError::NameNotFound { host: "db".into(), reason: "not yet".into() };
    let time = Limits::new(Instant::now(), Duration::from_secs(1), None).time();
    let timed_out = || OpenError::TimedOut { is_tls: false, address: String::new(), proxy: None, time };
    for error in [
        refused(502, ""),
        refused(503, ""),
        refused(504, ""),
        OpenError::Unreachable(absent),
        proxy(ProxyTrouble::Unreachable(Box::new(OpenError::Unreachable(unknown)))),
        proxy(ProxyTrouble::Cut),
        socks(SocksError::Refused(5)),
        OpenError::Redirected { to: "ws://h/".into(), error: Box::new(timed_out()) },
        timed_out(),
        OpenError::ClosedAtOnce,
        OpenError::NotHttp(HeadError::Nothing),
        OpenError::Command(Exit::Code(1)),
        OpenError::Io(reset()),
    ] {
        assert!(error.setback().is_some(), "{error:?}");
    }
}

#[test]
fn what_would_fail_the_same_way_is_not() {
    for error in [
        refused(400, ""),
        refused(401, ""),
        refused(404, ""),
        refused(429, "Retry-After: 1\r\n"),
        refused(500, ""),
        refused(501, ""),
        refused(505, ""),
        refused(200, ""),
        socks(SocksError::Refused(2)),
        socks(SocksError::WrongLogin),
        proxy(ProxyTrouble::Tls("expired".into())),
        OpenError::NotHttp(HeadError::TooLarge { limit: 1 }),
        OpenError::Tls("no such file".into()),
        OpenError::RunOver,
        OpenError::CommandToSocket,
        OpenError::CommandNotStarted(ErrorKind::NotFound.into()),
        OpenError::Io(ErrorKind::InvalidInput.into()),
    ] {
        assert_eq!(error.setback(), None, "{error:?}");
    }
}

#[test]
fn a_rest_is_kept_if_it_is_short() {
    let setback = |fields| refused(503, fields).setback().unwrap();
    let [delay, left] = [Duration::from_millis(100), Duration::from_secs(7200)];
    for (fields, waited) in [
        ("", delay),
        ("Retry-After: 0\r\n", delay),
        ("Retry-After: 2\r\n", Duration::from_secs(2)),
        ("Retry-After: 60\r\n", Duration::from_secs(60)),
        ("Retry-After: 61\r\n", delay),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", delay),
    ] {
        assert_eq!(setback(fields).wait(delay, left), Some(Wait { span: waited, is_last: false }), "{fields}");
    }
    assert_eq!(setback("Retry-After: 61\r\n").short_rest(), None);
}

#[test]
fn for_a_rest_that_does_not_fit_nothing_is_waited() {
    let wait = |rest, left| {
        let setback = Setback { why: String::new(), rest: Some(Duration::from_secs(rest)) };
        setback.wait(Duration::from_millis(100), Duration::from_millis(left))
    };
    assert_eq!(wait(30, 3000), None);
    assert_eq!(wait(3600, 3000), None);
    // No attempt comes before the server wants it.
    assert_eq!(wait(3, 3100), Some(Wait { span: Duration::from_secs(3), is_last: true }));
}

#[test]
fn what_does_not_fit_any_more_makes_room_for_one_last_attempt() {
    let wait = |delay, left| {
        let setback = Setback { why: String::new(), rest: None };
        let wait = setback.wait(Duration::from_millis(delay), Duration::from_millis(left))?;
        Some((wait.span.as_millis(), wait.is_last))
    };
    assert_eq!(wait(1900, 3000), Some((1900, false)));
    assert_eq!(wait(2000, 2900), Some((1900, true)));
    assert_eq!(wait(2000, 1000), Some((500, true)));
    assert_eq!(wait(400, 1000), Some((400, false)));
    assert_eq!(wait(400, 19), None);
}

#[test]
fn near_the_end_attempts_come_in_no_burst() {
    let patience = Patience { attempt: Duration::from_secs(10), retry: Some(Duration::from_secs(1)), run: None };
    let (target, mut times) = ("ws://h/".parse::<Target>().unwrap(), Vec::new());
    let attempt = |_: &Limits| times.push(Instant::now());
    let ((), tried) = patience.exert(&target, attempt, |()| Some(Setback { why: "no".into(), rest: None }));
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // It begins with 50 to 100 ms.
    assert!((3..=6).contains(&gaps.len()), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_millis(40)), "{gaps:?}");
    assert_eq!(tried.unwrap().attempts as usize, times.len());
}

#[test]
fn of_what_has_happened_one_line_is_told() {
    let setback = refused(503, "Retry-After: 7\r\n").setback().unwrap();
    assert!(setback.why.contains("503 Words") && !setback.why.contains('\n'), "{}", setback.why);
}
