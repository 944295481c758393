use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A run, driven by a clock of its own.
struct Driven {
    pings: Pings,
    start: Instant,
    lost: Vec<u64>,
}

impl Driven {
    fn new(pace: Pace) -> Self {
        let start = Instant::now();
        Driven { pings: Pings::new(pace, *b"wxyz", start), start, lost: Vec::new() }
    }

    fn next(&mut self, at: Duration) -> Next {
        self.pings.next(self.start + at, &mut self.lost)
    }

    fn wait(&self, until: Duration) -> Next {
        Next::Wait(Some(self.start + until))
    }

    fn pong(&mut self, seq: u64, at: Duration) -> Answer {
        let payload = self.pings.payload(seq);
        self.pings.pong(&payload, self.start + at)
    }

    /// Received, lost, and answered together with a later one.
    fn outcome(&self) -> [u64; 3] {
        let counts = self.pings.counts();
        [counts.received, counts.lost, counts.together]
    }
}

fn every(interval: Duration, count: Option<u64>) -> Pace {
    Pace { count, interval, patience: 10 * SECOND, size: 8 }
}

#[test]
fn pings_are_sent_by_the_clock() {
    let mut run = Driven::new(every(SECOND, Some(2)));
    assert_eq!(run.next(Duration::ZERO), Next::Send(1));
    assert_eq!(run.next(MS), run.wait(SECOND));
    assert_eq!(run.pong(1, 5 * MS), Answer::Pong { seq: 1, time: 5 * MS });
    // A little late, which the next one is not.
    assert_eq!(run.next(SECOND + 3 * MS), Next::Send(2));
    assert_eq!(run.next(SECOND + 4 * MS), run.wait(11 * SECOND + 3 * MS));
    assert_eq!(run.pong(2, SECOND + 5 * MS), Answer::Pong { seq: 2, time: 2 * MS });
    assert_eq!(run.next(SECOND + 5 * MS), Next::Done);
    assert_eq!(run.outcome(), [2, 0, 0]);
    assert_eq!(run.pings.counts().time, SECOND + 5 * MS);
}

#[test]
fn late_pings_are_not_made_up_for() {
    let mut run = Driven::new(every(SECOND, None));
    assert_eq!(run.next(Duration::ZERO), Next::Send(1));
    assert_eq!(run.next(5 * SECOND), Next::Send(2));
    assert_eq!(run.next(5 * SECOND), Next::Send(3));
    assert_eq!(run.next(5 * SECOND), run.wait(6 * SECOND));
}

#[test]
fn a_flood_follows_the_pongs() {
    let mut run = Driven::new(every(Duration::ZERO, None));
    assert_eq!(run.next(Duration::ZERO), Next::Send(1));
    assert_eq!(run.next(MS), run.wait(10 * MS));
    run.pong(1, MS);
    assert_eq!(run.next(MS), Next::Send(2));
    // One that stays out does not hold it up for long.
    assert_eq!(run.next(11 * MS), Next::Send(3));
    run.pong(3, 12 * MS);
    assert_eq!(run.next(12 * MS), run.wait(21 * MS));
    run.pong(2, 13 * MS);
    assert_eq!(run.next(13 * MS), Next::Send(4));
}

#[test]
fn what_is_not_answered_in_time_is_lost() {
    let mut run = Driven::new(Pace { patience: 3 * SECOND, ..every(2 * SECOND, Some(2)) });
    run.next(Duration::ZERO);
    run.next(2 * SECOND);
    assert_eq!(run.next(2 * SECOND), run.wait(3 * SECOND));
    assert_eq!(run.next(3 * SECOND), run.wait(5 * SECOND));
    assert_eq!(run.lost, [1]);
    assert_eq!(run.pong(1, 4 * SECOND), Answer::Late { seq: 1, time: 4 * SECOND });
    assert_eq!(run.pong(1, 4 * SECOND), Answer::Duplicate { seq: 1, time: 4 * SECOND });
    assert_eq!(run.next(5 * SECOND), Next::Done);
    assert_eq!(run.lost, [1, 2]);
    assert_eq!(run.outcome(), [0, 2, 0]);
    assert_eq!(run.pings.counts().times.summary(), None);
}

#[test]
fn what_is_waited_for_at_the_end_is_lost() {
    let mut run = Driven::new(every(SECOND, None));
    run.next(Duration::ZERO);
    run.next(SECOND);
    run.pong(1, SECOND);
    run.pings.end(&mut run.lost);
    assert_eq!((run.lost.as_slice(), run.outcome()), (&[2][..], [1, 1, 0]));
}

/// RFC 6455, 5.5.3.
#[test]
fn a_pong_to_the_most_recent_ping_answers_those_before_it() {
    let mut run = Driven::new(every(MS, Some(3)));
    (0..3).for_each(|at| assert_eq!(run.next(at * MS), Next::Send(u64::from(at) + 1)));
    assert_eq!(run.pong(3, 5 * MS), Answer::Pong { seq: 3, time: 3 * MS });
    assert_eq!(run.next(5 * MS), Next::Done);
    run.pings.end(&mut run.lost);
    assert_eq!((run.lost.len(), run.outcome()), (0, [1, 0, 2]));
}

#[test]
fn pongs_in_another_order_are_pongs() {
    let mut run = Driven::new(every(MS, Some(3)));
    for at in 0..3 {
        run.next(at * MS);
    }
    for seq in [2, 1, 3] {
        assert!(matches!(run.pong(seq, 9 * MS), Answer::Pong { seq: its, .. } if its == seq));
    }
    assert_eq!(run.outcome(), [3, 0, 0]);
    assert_eq!(run.pong(2, 9 * MS), Answer::Duplicate { seq: 2, time: 8 * MS });
}

#[test]
fn what_is_not_ours_is_unasked() {
    let mut run = Driven::new(every(SECOND, None));
    run.next(Duration::ZERO);
    for payload in [&b""[..], b"\0\0\0\x01", b"\0\0\0\x01abcd", b"\0\0\0\x02wxyz", b"\0\0\0\x01wxyz\x10"] {
        assert_eq!(run.pings.pong(payload, run.start), Answer::Unasked, "{payload:?}");
    }
    assert_eq!(run.pings.counts().unasked, 5);
    assert_eq!(run.outcome(), [0, 0, 0]);
}

#[test]
fn payloads_have_the_size_asked_for() {
    let payload = |size| Driven::new(Pace { size, ..every(SECOND, None) }).pings.payload(0x0102_0304);
    assert_eq!(payload(8), b"\x01\x02\x03\x04wxyz");
    assert_eq!(payload(11), b"\x01\x02\x03\x04wxyz\x10\x11\x12");
    assert_eq!(payload(5), b"\x01\x02\x03\x04w");
    assert_eq!(payload(2), b"\x03\x04");
    assert_eq!(payload(0), b"");
    assert_eq!(payload(125).len(), 125);
}

#[test]
fn without_a_number_pongs_count_in_their_order() {
    let mut run = Driven::new(Pace { size: 0, ..every(MS, None) });
    run.next(Duration::ZERO);
    run.next(MS);
    assert_eq!(run.pong(0, 2 * MS), Answer::Pong { seq: 1, time: 2 * MS });
    assert_eq!(run.pong(0, 2 * MS), Answer::Pong { seq: 2, time: MS });
    assert!(matches!(run.pong(0, 2 * MS), Answer::Duplicate { .. }));
}

#[test]
fn memory_is_bounded() {
    let mut run = Driven::new(every(MS, None));
    for number in 1..=5000 {
        run.next(u32::try_from(number).unwrap() * MS);
        run.pong(number, u32::try_from(number).unwrap() * MS);
    }
    assert_eq!((run.pings.waiting.len(), run.pings.over.len()), (0, REMEMBERED));
    assert_eq!(run.pong(1, 5001 * MS), Answer::Unasked);
}
