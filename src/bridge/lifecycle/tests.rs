//! The end of a session as a table of facts and orders; the clock is a number of milliseconds.

mod silence;
mod tunnel;

use super::*;
use crate::protocol::Violation;
use crate::records::RecordError;

/// A session and its clock.
struct Session {
    lifecycle: Lifecycle,
    start: Instant,
    now: Duration,
    busy: Duration,
    /// When data came last; none while some is being dealt with.
    data: Option<Duration>,
    /// When anything came last.
    bytes: Duration,
    /// When the peer last took something that it had had no room for.
    moved: Option<Duration>,
}

fn session(rules: Rules) -> Session {
    let zero = Duration::ZERO;
    Session {
        lifecycle: Lifecycle::new(rules),
        start: Instant::now(),
        now: zero,
        busy: zero,
        data: Some(zero),
        bytes: zero,
        moved: None,
    }
}

fn rules() -> Rules {
    Rules {
        role: Role::Client,
        on_eof: OnEof::Linger(ms(1000)),
        close: Close::new(1000, "bye"),
        close_timeout: ms(5000),
        idle_timeout: None,
        heartbeat: None,
        grace: ms(1000),
        deadline: None,
        half_close: false,
        awaiting: false,
    }
}

/// Sessions whose directions end by themselves.
fn tunnel() -> Session {
    session(Rules { half_close: true, idle_timeout: Some(ms(3000)), ..rules() })
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Session {
    fn at(&mut self, millis: u64) -> &mut Self {
        self.now = ms(millis);
        self
    }

    fn note(&mut self, fact: Fact) -> Step {
        self.lifecycle.note(fact, self.start + self.now, self.busy);
        self.step()
    }

    fn step(&mut self) -> Step {
        let quiet = |data| Quiet {
            no_data_since: self.start + data,
            nothing_since: self.start + self.bytes,
            moved: self.moved.map(|moved| self.start + moved),
        };
        self.lifecycle.step(self.start + self.now, self.data.map(quiet), self.busy)
    }

    /// When it wants to be asked again, in milliseconds.
    fn wake(&self, step: &Step) -> Option<u128> {
        step.wake_at.map(|at| at.duration_since(self.start).as_millis())
    }

    fn cause(&self) -> Cause {
        self.lifecycle.ending().cause
    }
}

fn sent_all() -> Fact {
    Fact::SenderEnded(Unsent::default())
}

#[test]
fn an_open_session_waits_for_nothing() {
    assert_eq!(session(rules()).at(100_000).step(), Step::default());
}

#[test]
fn after_the_input_it_lingers_then_closes_then_waits_for_the_answer() {
    let mut session = session(rules());
    let step = session.at(100).note(Fact::InputEnded);
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(1100)));
    assert_eq!(session.at(1099).step().close, None);
    assert_eq!(session.at(1100).step().close, Some(Close::new(1000, "bye")));
    assert_eq!(session.step().close, None, "it is ordered once");
    session.note(Fact::CloseSent);
    let step = session.note(sent_all());
    assert_eq!(session.wake(&step), Some(6100));
    let step = session.at(2000).note(Fact::PeerClosed(Close::new(1000, "")));
    assert!(step.ended && !step.hang_up);
    assert_eq!(session.cause(), Cause::InputEnded);
    assert_eq!(session.lifecycle.ending().peer, Peer::Closed(Close::new(1000, "")));
}

#[test]
fn data_makes_the_linger_longer() {
    let mut session = session(rules());
    session.at(100).note(Fact::InputEnded);
    session.data = Some(ms(900));
    let step = session.at(1100).step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(1900)));
    session.data = None;
    let step = session.at(1900).step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(2900)), "data is being dealt with");
    session.data = Some(ms(2000));
    assert!(session.at(3000).step().close.is_some());
}

#[test]
fn no_linger_closes_at_once_even_while_data_comes() {
    let mut session = session(Rules { on_eof: OnEof::Linger(Duration::ZERO), ..rules() });
    session.data = None;
    assert!(session.at(100).note(Fact::InputEnded).close.is_some());
}

#[test]
fn keep_and_an_unmet_count_outlast_the_input() {
    for rules in [Rules { on_eof: OnEof::Keep, ..rules() }, Rules { awaiting: true, ..rules() }] {
        let mut session = session(rules);
        session.note(Fact::InputEnded);
        assert_eq!(session.at(100_000).step(), Step::default());
    }
}

#[test]
fn an_unanswered_close_hangs_up_when_patience_ends() {
    let mut session = session(Rules { on_eof: OnEof::Linger(Duration::ZERO), ..rules() });
    session.at(0).note(Fact::InputEnded);
    session.at(10).note(Fact::CloseSent);
    session.note(sent_all());
    session.busy = ms(400);
    assert!(!session.at(5010).step().ended, "time in which we did not read does not count");
    let step = session.at(5410).step();
    assert!(step.hang_up && step.ended);
    assert_eq!((session.cause(), session.lifecycle.ending().peer), (Cause::InputEnded, Peer::There));
}

#[test]
fn the_peers_close_is_answered_with_its_code() {
    let mut session = session(rules());
    let step = session.note(Fact::PeerClosed(Close::new(4001, "go")));
    assert_eq!(step.close, Some(Close { code: Some(4001), reason: String::new() }));
    assert!(!step.ended, "our answer has not left yet");
    session.note(Fact::CloseSent);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::PeerClosed);
}

#[test]
fn a_peer_that_closes_and_reads_nothing_is_hung_up_on() {
    let mut session = session(rules());
    session.note(Fact::PeerClosed(Close::default()));
    assert!(session.at(5000).step().hang_up);
    let unsent = Unsent { bytes: 7, queued: 0, inside_message: false };
    assert!(session.note(Fact::SenderEnded(unsent)).ended);
    assert_eq!(session.lifecycle.ending().unsent, Some(unsent));
}

#[test]
fn a_lost_connection_is_hung_up_at_once_and_ends_with_the_sender() {
    let mut session = session(rules());
    let step = session.note(Fact::PeerGone(Some("reset".into())));
    assert!(step.hang_up && !step.ended);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::PeerGone(Some("reset".into())));
}

#[test]
fn when_sending_fails_the_receiver_knows_better() {
    let mut session = session(rules());
    session.note(Fact::SendFailed("broken pipe".into()));
    assert!(!session.note(Fact::SenderEnded(Unsent { bytes: 1, queued: 0, inside_message: false })).ended);
    assert!(session.note(Fact::PeerClosed(Close::new(1008, "no"))).ended);
    assert_eq!(session.cause(), Cause::PeerClosed);
}

#[test]
fn a_violation_outranks_a_planned_end_and_is_answered() {
    let mut planned = session(rules());
    planned.note(Fact::Satisfied);
    planned.note(Fact::Violation(Violation::Masked));
    assert_eq!(planned.cause(), Cause::Violation(Violation::Masked));

    let mut session = session(rules());
    let step = session.note(Fact::Violation(Violation::TextNotUtf8(3)));
    assert_eq!(step.close.and_then(|close| close.code), Some(1007));
    session.note(Fact::CloseSent);
    let step = session.note(sent_all());
    assert_eq!(session.wake(&step), Some(1000), "the peer has a moment to see it");
}

#[test]
fn a_server_that_has_failed_the_connection_closes_it_first() {
    for role in [Role::Client, Role::Server] {
        let mut session = session(Rules { role, ..rules() });
        assert!(!session.note(Fact::Violation(Violation::Masked)).half_close, "the Close is yet to be sent");
        let step = session.note(Fact::CloseSent);
        assert_eq!(step.half_close, role == Role::Server);
        assert!(!step.hang_up, "what the peer still sends is to be read");
        assert!(!session.note(sent_all()).half_close, "once is enough");
        assert!(session.note(Fact::PeerGone(None)).ended);
    }
    let mut planned = session(Rules { role: Role::Server, ..rules() });
    assert!(!planned.note(Fact::CloseSent).half_close, "the peer's answer is due");
    assert!(planned.note(Fact::Violation(Violation::Masked)).half_close, "and is not any more");
}

#[test]
fn a_bad_record_tells_the_peer_that_something_was_cut() {
    use crate::records::Problem;
    let error = RecordError { record: 2, problem: Problem::NotUtf8(0) };
    for (begun, code) in [(false, 1011), (true, 1007)] {
        let mut session = session(rules());
        let step = session.note(Fact::BadRecord(error.clone(), begun));
        assert_eq!(step.close.and_then(|close| close.code), Some(code));
        assert_eq!(session.cause(), Cause::BadRecord(error.clone()));
    }
}

#[test]
fn a_signal_says_1001_and_a_second_one_hangs_up() {
    let mut session = session(rules());
    let step = session.note(Fact::Signal(2));
    assert_eq!((step.close, step.hang_up), (Some(Close::new(1001, "")), false));
    let step = session.at(1).note(Fact::Signal(15));
    assert!(step.hang_up && !step.ended);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::Signal(15));
}

#[test]
fn the_grace_of_a_signal_covers_what_is_queued_and_the_answer() {
    let mut session = session(Rules { grace: ms(3000), ..rules() });
    let step = session.note(Fact::Signal(15));
    assert_eq!(session.wake(&step), Some(3000));
    session.at(2000).note(Fact::CloseSent);
    let step = session.note(sent_all());
    assert_eq!(session.wake(&step), Some(3000));
    assert!(session.at(3000).step().hang_up);
    // The answer has no longer than it would have otherwise.
    let mut session = self::session(Rules { grace: ms(3000), close_timeout: ms(100), ..rules() });
    session.note(Fact::Signal(15));
    session.at(2000).note(Fact::CloseSent);
    let step = session.note(sent_all());
    assert_eq!(session.wake(&step), Some(2100));
}

#[test]
fn who_is_too_slow_is_told_with_1013_and_has_its_time_to_answer() {
    let mut session = session(rules());
    let step = session.note(Fact::TooSlow(1 << 20));
    assert_eq!(step.close, Some(Close::new(1013, "too slow: its queue of 1 MiB is full")));
    assert_eq!(session.wake(&step), Some(5000));
    assert!(session.at(5000).step().hang_up);
    assert_eq!(session.cause(), Cause::TooSlow(1 << 20));
}

#[test]
fn the_deadline_bounds_open_and_closing_sessions() {
    let mut open = session(rules());
    open.lifecycle.rules.deadline = Some(open.start + ms(3000));
    let step = open.step();
    assert_eq!(open.wake(&step), Some(3000));
    let step = open.at(3000).step();
    assert!(step.close.is_some() && !step.ended);
    assert!(open.at(3200).step().hang_up);
    assert!(open.at(3400).step().ended, "whether or not the sending side comes to its end");
    assert_eq!(open.cause(), Cause::TimedOut);

    let mut closing = session(Rules { on_eof: OnEof::Linger(Duration::ZERO), ..rules() });
    closing.lifecycle.rules.deadline = Some(closing.start + ms(3000));
    closing.note(Fact::InputEnded);
    closing.at(2999).note(Fact::CloseSent);
    assert!(!closing.note(sent_all()).ended);
    assert!(closing.at(3000).step().hang_up);
    assert!(closing.note(Fact::PeerGone(None)).ended, "the receiving side has told why");
    assert_eq!(closing.cause(), Cause::TimedOut);

    let mut satisfied = session(rules());
    satisfied.lifecycle.rules.deadline = Some(satisfied.start + ms(3000));
    satisfied.at(2990).note(Fact::Satisfied);
    satisfied.note(Fact::CloseSent);
    satisfied.note(sent_all());
    let step = satisfied.at(3000).step();
    assert!(step.hang_up && step.ended);
    assert_eq!(satisfied.cause(), Cause::Satisfied, "what was awaited has come in time");
}

#[test]
fn what_was_awaited_or_nobody_reading_any_more_closes() {
    for fact in [Fact::Satisfied, Fact::OutputClosed] {
        let mut session = session(Rules { awaiting: true, ..rules() });
        assert!(session.note(fact).close.is_some());
    }
}

/// The peer may reset the connection behind the last message that was awaited, while this side still sends.
#[test]
fn what_was_awaited_has_come_though_the_socket_refuses_more() {
    let mut session = session(Rules { awaiting: true, ..rules() });
    session.note(Fact::SendFailed("reset".into()));
    session.note(Fact::Satisfied);
    assert!(session.note(Fact::PeerGone(None)).hang_up);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::Satisfied);
}

/// The peer's Close may be read before it is known that our last word went out, which it had answered.
#[test]
fn what_was_awaited_has_come_though_the_peers_close_came_first() {
    let mut session = session(Rules { awaiting: true, ..rules() });
    let step = session.note(Fact::PeerClosed(Close::new(1011, "")));
    assert_eq!(step.close.and_then(|close| close.code), Some(1011));
    session.note(Fact::Satisfied);
    session.note(Fact::CloseSent);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::Satisfied);
}

#[test]
fn a_deadline_does_not_hide_a_graver_cause() {
    for fact in [Fact::Signal(15), Fact::Violation(Violation::Masked), Fact::PeerGone(None)] {
        let mut session = session(rules());
        session.lifecycle.rules.deadline = Some(session.start + ms(100));
        session.note(fact);
        let cause = session.cause();
        assert!(session.at(100).step().hang_up || session.lifecycle.hung_up.is_some());
        assert_eq!(session.cause(), cause);
    }
}

/// Time in which the output is not taken only helps an end that was planned.
#[test]
fn a_blocked_output_holds_up_no_signal() {
    for fact in [Fact::Signal(15), Fact::OutputClosed, Fact::PeerClosed(Close::default())] {
        let mut session = session(rules());
        session.note(fact);
        session.busy = ms(10_000);
        assert!(session.at(5000).step().hang_up);
    }
}

/// What the sending side does not say counts as not sent; it is not waited for without end.
#[test]
fn a_sender_that_never_ends_is_left_behind() {
    let mut session = session(rules());
    let step = session.note(Fact::PeerGone(None));
    assert_eq!((step.ended, session.wake(&step)), (false, Some(200)));
    assert!(session.at(200).step().ended);
    assert_eq!(session.lifecycle.ending().unsent, None);
}
