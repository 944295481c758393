//! Every ending and its exit status.

use std::time::Duration;

use super::*;
use crate::bridge::{Stuck, Traffic, Turn, Unsent};
use crate::records::{Problem, RecordError};

fn ending(cause: Cause, peer_close: Option<Close>) -> Ending {
    let peer = peer_close.map_or(Peer::There, Peer::Closed);
    let (our_close, unsent) = (Some(Close::new(1000, "")), Some(Unsent::default()));
    Ending { cause, our_close, peer, cut_off: None, unsent, unmet: None, traffic: Traffic::default(), is_tunnel: false }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a Close may be missing")]
fn close(code: u16) -> Option<Close> {
    Some(Close::new(code, ""))
}

/// The status, and the words if there are any.
fn judged(ending: &Ending) -> (u8, String) {
    match judge(ending) {
        Ok(()) => (0, String::new()),
        Err(failure) => (failure.status() as u8, failure.to_string()),
    }
}

fn status(ending: &Ending) -> u8 {
    judged(ending).0
}

#[test]
fn only_a_clean_close_is_success() {
    for cause in [Cause::InputEnded, Cause::Satisfied, Cause::PeerClosed] {
        for clean in [Some(Close::default()), close(1000), close(1001)] {
            assert_eq!(status(&ending(cause.clone(), clean)), 0);
        }
        let bad = if cause == Cause::Satisfied { 0 } else { 7 };
        assert_eq!(status(&ending(cause.clone(), close(1011))), bad, "{cause:?}");
    }
    let (status, words) = judged(&ending(Cause::InputEnded, None));
    assert_eq!((status, words.as_str()), (6, "the peer never answered our Close (--close-timeout)"));
}

#[test]
fn our_own_code_coming_back_is_an_answer() {
    let mut own = ending(Cause::InputEnded, close(4000));
    assert_eq!(status(&own), 7);
    own.our_close = close(4000);
    assert_eq!(status(&own), 0);
}

#[test]
fn a_reader_that_stops_is_success_whatever_the_peer_does() {
    for answer in [None, close(1000), close(1011)] {
        assert_eq!(status(&ending(Cause::OutputClosed, answer)), 0);
    }
}

#[test]
fn what_this_side_could_not_do_is_1() {
    let error = RecordError { record: 3, problem: Problem::NotUtf8(0) };
    for cause in [Cause::OutputFailed("full".into()), Cause::InputFailed("gone".into()), Cause::BadRecord(error)] {
        assert_eq!(status(&ending(cause, close(1000))), 1);
    }
}

#[test]
fn a_tunnel_has_a_stream_for_input_and_output() {
    for (cause, stdio, stream) in [
        (Cause::OutputFailed("x".into()), "cannot write to standard output: x", "cannot write to the stream: x"),
        (Cause::InputFailed("x".into()), "cannot read standard input: x", "cannot read from the stream: x"),
    ] {
        let ending = ending(cause, None);
        assert_eq!(judged(&ending).1, stdio);
        assert_eq!(judged(&Ending { is_tunnel: true, ..ending }).1, stream);
    }
}

#[test]
fn a_break_is_6_and_says_what_was_not_sent() {
    let mut broken = ending(Cause::PeerGone(Some("reset".into())), None);
    broken.unsent = Some(Unsent { bytes: 42, queued: 0, inside_message: true });
    let words = "the connection broke without a Close: reset; 42 bytes that had been read from the input were not sent; \
                 its last message is incomplete";
    assert_eq!(judged(&broken), (6, words.to_owned()));
    assert_eq!(status(&ending(Cause::Violation(Violation::Masked), None)), 6);

    let mut silent = ending(Cause::Silent(Duration::from_millis(1500)), close(1001));
    silent.unsent = Some(Unsent { bytes: 7, queued: 0, inside_message: false });
    let words = "nothing has come from the peer for 1.5 s (--idle-timeout); 7 bytes that had been read from the input were \
                 not sent";
    assert_eq!(judged(&silent), (6, words.to_owned()));

    let mut early = ending(Cause::PeerClosed, close(1000));
    early.unsent = Some(Unsent { bytes: 1, queued: 0, inside_message: false });
    assert_eq!(status(&early), 6);
    early.unsent = None;
    assert_eq!(status(&early), 6, "what is not known was not sent");
    early.peer = Peer::Closed(Close::new(1008, ""));
    assert_eq!(status(&early), 7);
}

#[test]
fn a_connection_that_breaks_while_we_close_is_6() {
    let mut broken = ending(Cause::InputEnded, None);
    broken.peer = Peer::Gone;
    let words = "the connection broke before the peer answered our Close";
    assert_eq!(judged(&broken), (6, words.to_owned()));
}

#[test]
fn an_input_that_goes_on_after_its_close_event_is_1() {
    let mut early = ending(Cause::InputEnded, close(1000));
    early.unsent = Some(Unsent { bytes: 9, queued: 0, inside_message: false });
    assert_eq!(status(&early), 1);
    early.cause = Cause::Satisfied;
    assert_eq!(status(&early), 0);
    early.peer = Peer::There;
    assert_eq!(status(&early), 0, "what was asked for has come");
}

/// With the first or both of what can be awaited.
fn awaiting(cause: Cause, peer_close: Option<Close>, count: Option<(u64, u64)>) -> Ending {
    let turn = Turn::Expect("row".parse().unwrap());
    let stuck = Stuck { turn, step: (4, 4), heard: vec!["ok".to_owned(), "error: no table".to_owned()] };
    Ending { unmet: Some(Box::new(Unmet { stuck: Some(stuck), count })), ..ending(cause, peer_close) }
}

#[test]
fn what_was_awaited_is_8_and_says_what_came_instead() {
    let words = "--expect \"row\" (step 4 of 4) was not met: the peer closed, 1000 (normal closure); the last messages were \"ok\", \
                 \"error: no table\"";
    assert_eq!(judged(&awaiting(Cause::PeerClosed, close(1000), None)), (8, words.to_owned()));
    let both = judged(&awaiting(Cause::InputEnded, close(1000), Some((3, 5))));
    let words = "--expect \"row\" (step 4 of 4) was not met: the input closed the session; the last messages were \"ok\", \
                 \"error: no table\"; only 3 of 5 messages had come (--count)";
    assert_eq!(both, (8, words.to_owned()));
    let unmet = Some(Box::new(Unmet { stuck: None, count: Some((0, 2)) }));
    let counted = Ending { unmet, ..ending(Cause::PeerClosed, Some(Close::default())) };
    let words = "only 0 of 2 messages had come (--count): the peer closed, no code";
    assert_eq!(judged(&counted), (8, words.to_owned()));
}

#[test]
fn other_endings_keep_their_status_and_say_what_was_awaited() {
    let broken = Cause::PeerGone(None);
    for (cause, close, status) in [
        (broken, None, 6),
        (Cause::PeerClosed, close(1011), 7),
        (Cause::TimedOut, None, 9),
        (Cause::InputEnded, None, 6),
    ] {
        let (found, words) = judged(&awaiting(cause, close, None));
        assert_eq!(found, status, "{words}");
        let awaited =
            "; --expect \"row\" (step 4 of 4) was not met; the last messages were \"ok\", \"error: no table\"";
        assert!(words.ends_with(awaited), "{words}");
    }
    assert_eq!(status(&awaiting(Cause::OutputClosed, close(1000), None)), 0);
}

#[test]
fn a_time_out_is_9_and_a_signal_stays_one() {
    assert_eq!(status(&ending(Cause::TimedOut, None)), 9);
    assert!(matches!(judge(&ending(Cause::Signal(15), None)), Err(Failure::Signal(15))));
}

#[test]
fn the_statuses_are_those_of_the_manual() {
    let numbers: Vec<u8> = ExitStatus::ALL.iter().map(|status| *status as u8).collect();
    assert_eq!(numbers, (0..=9).collect::<Vec<u8>>());
}
