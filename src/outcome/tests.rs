//! Every ending and its exit status.

use std::time::Duration;

use super::*;
use crate::bridge::{Traffic, Unsent};
use crate::records::{Problem, RecordError};

fn ending(cause: Cause, peer_close: Option<Close>) -> Ending {
    let peer = peer_close.map_or(Peer::There, Peer::Closed);
    let (our_close, unsent) = (Some(Close::new(1000, "")), Some(Unsent::default()));
    Ending { cause, our_close, peer, unsent, traffic: Traffic::default(), is_tunnel: false }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a Close may be missing")]
fn close(code: u16) -> Option<Close> {
    Some(Close::new(code, ""))
}

/// The status, and the words if there are any.
fn judged(ending: &Ending, awaited: Option<u64>) -> (u8, String) {
    match judge(ending, awaited) {
        Ok(()) => (0, String::new()),
        Err(failure) => (failure.status() as u8, failure.to_string()),
    }
}

fn status(ending: &Ending) -> u8 {
    judged(ending, None).0
}

#[test]
fn only_a_clean_close_is_success() {
    for cause in [Cause::InputEnded, Cause::Satisfied, Cause::PeerClosed] {
        for clean in [Some(Close::default()), close(1000), close(1001)] {
            assert_eq!(status(&ending(cause.clone(), clean)), 0);
        }
        assert_eq!(status(&ending(cause.clone(), close(1011))), 7);
    }
    let (status, words) = judged(&ending(Cause::InputEnded, None), None);
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
        assert_eq!(judged(&ending, None).1, stdio);
        assert_eq!(judged(&Ending { is_tunnel: true, ..ending }, None).1, stream);
    }
}

#[test]
fn a_break_is_6_and_says_what_was_not_sent() {
    let mut broken = ending(Cause::PeerGone(Some("reset".into())), None);
    broken.unsent = Some(Unsent { bytes: 42, inside_message: true });
    let words = "the connection broke without a Close: reset; 42 bytes that had been read from the input were not sent; \
                 its last message is incomplete";
    assert_eq!(judged(&broken, None), (6, words.to_owned()));
    assert_eq!(status(&ending(Cause::Violation(Violation::Masked), None)), 6);

    let mut silent = ending(Cause::Silent(Duration::from_millis(1500)), close(1001));
    silent.unsent = Some(Unsent { bytes: 7, inside_message: false });
    let words = "nothing has come from the peer for 1.5 s (--idle-timeout); 7 bytes that had been read from the input were \
                 not sent";
    assert_eq!(judged(&silent, None), (6, words.to_owned()));

    let mut early = ending(Cause::PeerClosed, close(1000));
    early.unsent = Some(Unsent { bytes: 1, inside_message: false });
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
    assert_eq!(judged(&broken, None), (6, words.to_owned()));
}

#[test]
fn an_input_that_goes_on_after_its_close_event_is_1() {
    let mut early = ending(Cause::InputEnded, close(1000));
    early.unsent = Some(Unsent { bytes: 9, inside_message: false });
    assert_eq!(status(&early), 1);
    early.cause = Cause::Satisfied;
    assert_eq!(status(&early), 0);
    early.peer = Peer::There;
    assert_eq!(status(&early), 0, "what was asked for has come");
}

#[test]
fn an_unmet_count_is_8_a_time_out_9() {
    assert_eq!(judged(&ending(Cause::PeerClosed, close(1000)), Some(3)).0, 8);
    assert_eq!(judged(&ending(Cause::PeerClosed, close(1011)), Some(3)).0, 7);
    assert_eq!(judged(&ending(Cause::InputEnded, close(1000)), Some(3)).0, 8);
    assert_eq!(judged(&ending(Cause::Satisfied, close(1000)), Some(3)).0, 0);
    assert_eq!(status(&ending(Cause::TimedOut, None)), 9);
    assert!(matches!(judge(&ending(Cause::Signal(15), None), None), Err(Failure::Signal(15))));
}

#[test]
fn the_statuses_are_those_of_the_manual() {
    let numbers: Vec<u8> = ExitStatus::ALL.iter().map(|status| *status as u8).collect();
    assert_eq!(numbers, (0..=9).collect::<Vec<u8>>());
}
