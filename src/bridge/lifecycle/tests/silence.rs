//! Peers that have gone silent: `--idle-timeout` and the heartbeat.

use super::*;
use crate::bridge::Heartbeat;

#[test]
fn a_peer_that_says_nothing_for_too_long_is_let_go() {
    let mut session = session(Rules { idle_timeout: Some(ms(1500)), ..rules() });
    let step = session.step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(1500)));
    // Half a frame, or a Pong: no data, but a sign of life.
    session.bytes = ms(1400);
    let step = session.at(1500).step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(2900)));
    let step = session.at(2900).step();
    assert_eq!(step.close, Some(Close::new(1001, "nothing came for 1.5 s")));
    assert_eq!((step.hang_up, session.wake(&step)), (false, Some(3900)), "a moment for its answer");
    let step = session.at(3900).step();
    assert!(step.hang_up && !step.ended);
    assert!(!session.note(sent_all()).ended, "the receiving side is to tell why");
    assert!(session.note(Fact::PeerGone(None)).ended);
    assert_eq!(session.cause(), Cause::Silent(ms(1500)));
    assert_eq!(session.lifecycle.ending().peer, Peer::There);
}

#[test]
fn while_something_is_being_dealt_with_nobody_is_silent() {
    let mut session = session(Rules { idle_timeout: Some(ms(1500)), ..rules() });
    session.data = None;
    let step = session.at(100_000).step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(101_500)));
}

#[test]
fn whichever_limit_comes_first_ends_the_session() {
    let idle = |limit| Rules { idle_timeout: Some(ms(limit)), ..rules() };
    // Silence is what the end of the input waits for: there it is no fault.
    for limit in [900, 1100] {
        let mut session = session(idle(limit));
        let step = session.note(Fact::InputEnded);
        assert_eq!(session.wake(&step), Some(1000));
        session.at(1000).step();
        assert_eq!(session.cause(), Cause::InputEnded);
    }
    for (limit, cause) in [(900, Cause::Silent(ms(900))), (1100, Cause::TimedOut)] {
        let mut session = session(idle(limit));
        session.lifecycle.rules.deadline = Some(session.start + ms(1000));
        session.at(limit.min(1000)).step();
        assert_eq!(session.cause(), cause);
    }
}

#[test]
fn silence_ends_nothing_that_is_ending_already() {
    let mut session = session(Rules { idle_timeout: Some(ms(1500)), ..rules() });
    session.at(1000).note(Fact::CloseAsked(Close::new(1000, "")));
    let step = session.at(3000).step();
    assert_eq!((step.hang_up, session.wake(&step)), (false, Some(6000)));
    assert_eq!(session.cause(), Cause::InputEnded);
}

fn beating() -> Rules {
    Rules { heartbeat: Some(Heartbeat { interval: ms(1000), timeout: ms(300) }), ..rules() }
}

#[test]
fn a_peer_without_a_pong_is_told_and_left_soon() {
    let mut session = session(beating());
    let step = session.step();
    assert_eq!((step.ping, session.wake(&step)), (false, Some(1000)));
    let step = session.at(1000).step();
    assert_eq!((step.ping, session.wake(&step)), (true, Some(1300)));
    let step = session.at(1300).step();
    assert_eq!(step.close, Some(Close::new(1001, "no pong for 0.3 s")));
    assert_eq!(session.wake(&step), Some(1500));
    assert!(session.at(1500).step().hang_up);
    session.note(Fact::PeerGone(None));
    assert!(session.note(sent_all()).ended);
    assert_eq!(session.cause(), Cause::NoPong(ms(300)));
}

#[test]
fn a_peer_that_takes_what_is_sent_is_not_dead() {
    let mut session = session(beating());
    session.step();
    session.at(1000).step();
    session.moved = Some(ms(1200));
    let step = session.at(1300).step();
    assert_eq!((step.close.clone(), session.wake(&step)), (None, Some(1500)));
    assert!(session.at(1500).step().close.is_some());
}

#[test]
fn the_heart_beats_while_it_lingers_and_not_after_a_close() {
    let mut session = session(Rules { on_eof: OnEof::Linger(ms(5000)), ..beating() });
    session.step();
    session.at(500).note(Fact::InputEnded);
    assert!(session.at(1000).step().ping);
    session.bytes = ms(1100);
    let step = session.note(Fact::CloseAsked(Close::new(1000, "")));
    assert!(step.close.is_some() && !step.ping, "{step:?}");
    assert!(!session.at(3000).step().ping);
    assert_eq!(session.cause(), Cause::InputEnded);
}

#[test]
fn who_has_closed_its_direction_is_not_pinged() {
    let mut session = session(Rules { heartbeat: beating().heartbeat, ..tunnel().lifecycle.rules });
    session.step();
    session.at(10).note(Fact::PeerClosed(Close::new(1000, "")));
    assert_eq!(session.at(1_000_000).step(), Step::default());
}
