//! Sessions whose directions end by themselves.

use super::*;

#[test]
fn the_end_of_one_direction_waits_for_the_other_however_long() {
    let mut session = tunnel();
    let step = session.at(10).note(Fact::InputEnded);
    assert_eq!(step.close, Some(Close::new(1000, "bye")));
    for fact in [Fact::CloseSent, sent_all()] {
        assert!(!session.note(fact).ended);
    }
    let step = session.at(1_000_000).step();
    assert!(!step.ended && !step.hang_up, "{step:?}");
    assert!(session.note(Fact::PeerClosed(Close::new(1000, ""))).ended);
    assert_eq!(session.cause(), Cause::InputEnded);
}

#[test]
fn a_close_is_answered_when_the_own_direction_is_through() {
    let mut session = tunnel();
    let step = session.at(10).note(Fact::PeerClosed(Close::new(1000, "")));
    assert_eq!(step, Step::default());
    // Nothing more is due from the peer, so its silence is none.
    assert_eq!(session.at(1_000_000).step(), Step::default());
    let step = session.note(Fact::InputEnded);
    assert_eq!(step.close, Some(Close::new(1000, "bye")));
    assert!(!step.ended);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.lifecycle.ending().peer, Peer::Closed(Close::new(1000, "")));
}

#[test]
fn a_close_that_is_not_normal_ends_both_directions() {
    let mut session = tunnel();
    let step = session.at(10).note(Fact::PeerClosed(Close::new(1011, "no")));
    assert_eq!(step.close, Some(Close::new(1011, "")));
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::PeerClosed);
}

#[test]
fn a_connection_that_ends_behind_a_close_takes_the_other_direction_along() {
    let mut session = tunnel();
    session.at(10).note(Fact::PeerClosed(Close::default()));
    assert!(session.note(Fact::PeerGone(None)).hang_up);
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::PeerGone(None));
}

#[test]
fn an_output_that_is_gone_is_no_end_of_one_direction() {
    let step = tunnel().at(10).note(Fact::OutputClosed);
    assert_eq!(step.close, Some(Close::new(1011, "")));
}

/// What we sent says that this direction has ended; that the other one is of no use can't be said any more.
#[test]
fn an_output_that_is_gone_behind_the_own_close_breaks_off() {
    let mut session = tunnel();
    session.at(10).note(Fact::InputEnded);
    session.note(Fact::CloseSent);
    session.note(sent_all());
    let step = session.at(1_000_000).note(Fact::OutputClosed);
    assert!(step.hang_up && step.ended, "{step:?}");
    assert_eq!(session.cause(), Cause::OutputClosed);
}

#[test]
fn a_signal_leaves_the_other_direction_its_grace() {
    let mut session = session(Rules { grace: ms(5000), half_close: true, ..rules() });
    session.at(10).note(Fact::InputEnded);
    session.note(Fact::CloseSent);
    session.note(sent_all());
    let step = session.at(1_000_000).note(Fact::Signal(15));
    assert!(!step.hang_up && !step.ended, "{step:?}");
    assert!(session.at(1_005_001).step().hang_up);
}
