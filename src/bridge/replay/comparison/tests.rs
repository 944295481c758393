use super::*;
use crate::protocol::{Chunk, Close, Kind};
use crate::records::script::ScriptReader;

fn script(lines: &[&str]) -> Arc<Script> {
    let mut reader = ScriptReader::default();
    for line in lines {
        reader.line(line.as_bytes()).expect("it can be carried out");
    }
    Arc::new(reader.finish().expect("it is finished"))
}

const SEND: &str = r#"{"type":"text","data":"x"}"#;
const A: &str = r#"{"type":"text","data":"a","dir":"in"}"#;
const B: &str = r#"{"type":"text","data":"b","dir":"in"}"#;
const ANY: &str = r#"{"type":"text","match":""}"#;
const DIGITS: &str = r#"{"type":"text","match":"^[0-9]+$"}"#;
const PONG: &str = r#"{"type":"pong","data":"p","dir":"in"}"#;
const CLOSE: &str = r#"{"type":"close","code":1003,"dir":"in"}"#;

fn text(payload: &str) -> Event<'_> {
    Event::Data(Chunk::whole(Kind::Text, payload.as_bytes()))
}

fn close(code: u16) -> Event<'static> {
    Event::Close(Close::new(code, ""))
}

/// The report when all of a script was played, and this came.
fn report(check: bool, lines: &[&str], events: &[Event<'_>]) -> Report {
    let mut comparison = Comparison::new(script(lines), check);
    for event in events {
        comparison.take(event);
    }
    comparison.sent(lines.len());
    comparison.report()
}

#[test]
fn what_is_the_same_makes_no_difference() {
    let all = report(true, &[SEND, A, SEND, B, CLOSE], &[text("a"), text("b"), close(1003)]);
    assert_eq!(all, Report { met: 3, awaited: 3, close_met: true, ..Report::default() });
}

#[test]
fn something_else_takes_the_place_of_what_was_awaited() {
    let other = report(true, &[A, B], &[text("x"), text("b")]);
    assert_eq!((other.met, other.differs, other.surprises, &other.pending), (1, true, true, &None));
    assert_eq!(other.found, ["text \"x\"", "text \"b\""]);
    let missing = report(true, &[A, B], &[text("a")]);
    assert_eq!((missing.differs, missing.surprises), (true, false));
    assert_eq!(missing.pending, Some((2, "text \"b\"".into())));
    assert_eq!(missing.found, ["text \"a\""]);
    let extra = report(true, &[A], &[text("a"), text("z")]);
    assert_eq!((extra.differs, extra.found), (true, vec!["text \"a\"".into(), "text \"z\"".into()]));
}

/// What came too early or too late has the words of the line that awaits it, so that a diff finds the two.
#[test]
fn what_is_out_of_place_is_told_in_the_words_of_its_line() {
    let late = report(true, &[DIGITS, B], &[text("x"), text("42"), text("b")]);
    assert_eq!(late.found, ["text \"x\"", "text that matches ^[0-9]+$", "text \"b\""]);
    let early = report(true, &[A, DIGITS], &[text("42")]);
    assert_eq!(early.found, ["text that matches ^[0-9]+$"]);
    // A line that has got its own is not meant.
    let again = report(true, &[ANY, A], &[text("x"), text("y")]);
    assert_eq!(again.found, ["text that matches ", "text \"y\""]);
}

#[test]
fn a_pong_may_overtake_a_message() {
    let mut comparison = Comparison::new(script(&[A, PONG, SEND]), true);
    assert!(comparison.take(&Event::Pong(b"p")));
    assert!(!comparison.is_resolved(1), "the message is before it");
    assert!(!comparison.take(&Event::Pong(b"unasked")));
    assert!(!comparison.take(&Event::Ping(b"")));
    assert!(comparison.take(&text("a")));
    assert!(comparison.is_resolved(1));
    assert!(!comparison.report().differs);
}

#[test]
fn a_close_is_more_only_where_one_was_awaited() {
    assert!(!report(true, &[A], &[text("a"), close(1000)]).differs);
    let wrong = report(true, &[A, CLOSE], &[text("a"), text("b"), close(1003)]);
    assert_eq!(wrong.found, ["text \"a\"", "text \"b\"", "close 1003 (unsupported data)"]);
    assert!(!wrong.close_met);
    let early = report(true, &[A, B, CLOSE], &[text("a"), close(1003)]);
    assert_eq!((early.surprises, early.close_met, early.pending), (false, false, Some((2, "text \"b\"".into()))));
    assert_eq!(early.found, ["text \"a\"", "close 1003 (unsupported data)"]);
}

#[test]
fn without_check_only_patterns_count() {
    let lines = [A, DIGITS, PONG, CLOSE];
    let mut comparison = Comparison::new(script(&lines), false);
    assert!(comparison.awaits_anything());
    assert_eq!([0, 1, 2, 3].map(|step| comparison.awaits(step)), [false, true, false, false]);
    assert!(!comparison.take(&text("b")));
    assert!(!comparison.take(&close(1000)));
    assert_eq!(comparison.report().pending, Some((2, "text that matches ^[0-9]+$".into())));
    assert!(comparison.take(&text("7")));
    assert!(!comparison.report().differs);
    assert!(!Comparison::new(script(&[A, CLOSE]), false).awaits_anything());
}

#[test]
fn what_was_not_reached_is_not_compared() {
    let mut comparison = Comparison::new(script(&[SEND, A, SEND, B, SEND]), true);
    comparison.sent(1);
    comparison.give_up(1);
    assert!(!comparison.take(&text("a")), "too late");
    let report = comparison.report();
    assert_eq!((report.given_up, report.unsent), (true, 2));
    assert_eq!(report.expected, [(2, "text \"a\"".into())]);
    assert!(report.found.is_empty());
}

#[test]
fn messages_that_begin_alike_are_told_apart() {
    let long = "é".repeat(100);
    let line = format!("{{\"type\":\"text\",\"data\":\"{long}a\",\"dir\":\"in\"}}");
    let report = report(true, &[&line], &[text(&(long + "b"))]);
    let difference = ", another from byte 201 on: \"…éééééb\" instead of \"…éééééa\"";
    assert_eq!(report.found[0], report.expected[0].1.clone() + difference);
}
