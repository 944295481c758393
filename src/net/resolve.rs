//! From a name to addresses, within a deadline.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use super::dial::{DialError, Step};

/// Asks the system's resolver, getaddrinfo(3), for the addresses of `name`, in its order.
pub(super) fn resolve(name: &str, port: u16, deadline: Option<Instant>) -> Result<Vec<SocketAddr>, DialError> {
    let host = name.to_owned();
    resolve_by(name, deadline, move || Ok((host.as_str(), port).to_socket_addrs()?.collect()))
}

/// getaddrinfo(3) takes no time-out and can't be interrupted; its own limit is that of resolv.conf(5), often 10 s and
/// more. So it runs in a thread of its own, which is left behind when the deadline comes first: it holds nothing but
/// its answer, which nobody then takes, and ends by itself or with the process.
fn resolve_by(
    name: &str,
    deadline: Option<Instant>,
    look_up: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> Result<Vec<SocketAddr>, DialError> {
    let not_found = |error: &io::Error| DialError::NameNotFound { host: name.to_owned(), reason: reason_of(error) };
    let Some(deadline) = deadline else {
        return look_up().map_err(|error| not_found(&error));
    };

    let begun = Instant::now();
    let (answer, answered) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || answer.send(look_up()))
        .map_err(|error| not_found(&error))?;
    match answered.recv_timeout(deadline.saturating_duration_since(begun)) {
        Ok(result) => result.map_err(|error| not_found(&error)),
        Err(RecvTimeoutError::Timeout) => Err(DialError::TimedOut {
            target: name.to_owned(),
            step: Step::LookUp,
            after: begun.elapsed(),
            attempts: Vec::new(),
        }),
        Err(RecvTimeoutError::Disconnected) => {
            Err(not_found(&io::Error::other("the resolver ended without an answer")))
        }
    }
}

/// The resolver's own words, without those that std puts before them.
pub(super) fn reason_of(error: &io::Error) -> String {
    let words = error.to_string();
    let own = words.strip_prefix("failed to lookup address information: ");
    own.unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn after(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_resolver_that_hangs_is_left_behind() {
        let (release, released) = mpsc::channel::<()>();
        let error = resolve_by("slow.test", Some(after(5)), move || {
            let _ = released.recv();
            Ok(Vec::new())
        })
        .unwrap_err();
        drop(release);
        assert!(error.is_timeout());
        let text = error.to_string();
        assert!(text.contains("while looking up the name slow.test"), "{text}");
    }

    #[test]
    fn the_answer_and_its_order_are_the_resolvers() {
        let addresses: [SocketAddr; 2] = ["1.0.0.2:1".parse().unwrap(), "1.0.0.1:1".parse().unwrap()];
        for deadline in [None, Some(after(600_000))] {
            let found = resolve_by("a.test", deadline, move || Ok(addresses.to_vec())).unwrap();
            assert_eq!(found, addresses);
        }
    }

    #[test]
    fn a_failure_is_told_in_the_resolvers_words() {
        for deadline in [None, Some(after(600_000))] {
            let error = resolve_by("a.test", deadline, || {
                Err(io::Error::other("failed to lookup address information: No such host"))
            })
            .unwrap_err();
            assert_eq!(
                error.to_string(),
                "could not find the host a.test: No such host; check how it is spelt, and the network"
            );
        }
    }

    #[test]
    fn a_resolver_that_panics_is_a_failure_and_no_hang() {
        let error = resolve_by("a.test", Some(after(600_000)), || std::panic::resume_unwind(Box::new("no message")))
            .unwrap_err();
        assert!(matches!(error, DialError::NameNotFound { .. }), "{error:?}");
    }
}
