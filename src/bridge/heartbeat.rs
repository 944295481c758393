//! Whether the peer is there, as a value: the time and its signs of life in, Pings out (RFC 6455, 5.5.2).

use std::time::{Duration, Instant};

use super::Quiet;

/// Pings that ask whether the peer is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// How long after a Ping the next one follows, whatever else passes meanwhile: servers with a limit count what they get.
    pub interval: Duration,
    /// How long nothing may come from the peer after a Ping, not counting time in which we do not read, nor any in which the
    /// peer takes what we send.
    pub timeout: Duration,
}

/// Whoever looks later than this after it was due did not run meanwhile: the process was stopped, or the machine slept.
const LATE: Duration = Duration::from_secs(1);

/// The heartbeat of a session.
#[derive(Debug)]
pub(super) struct Pulse {
    heartbeat: Heartbeat,
    /// When the next Ping is due; none until the first look.
    next: Option<Instant>,
    /// Since when a sign of life has been awaited: since the first Ping that nothing came after.
    awaited_since: Option<Instant>,
}

/// What a look at the clock has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beat {
    /// A Ping is due.
    pub(super) ping: bool,
    /// The peer has shown no sign of life in its time.
    pub(super) is_dead: bool,
    /// When to look again.
    pub(super) wake_at: Instant,
}

impl Pulse {
    pub(super) fn new(heartbeat: Heartbeat) -> Self {
        Pulse { heartbeat, next: None, awaited_since: None }
    }

    /// How long the peer may take.
    pub(super) fn timeout(&self) -> Duration {
        self.heartbeat.timeout
    }

    /// Looks at the clock; `quiet` is none while something that came is being dealt with or waits to be read.
    ///
    /// The time counts from the order to ping, for the Ping itself may wait behind a message that nobody takes.
    pub(super) fn beat(&mut self, now: Instant, quiet: Option<Quiet>) -> Beat {
        let Heartbeat { interval, timeout } = self.heartbeat;
        self.awaited_since = self.awaited_since.and_then(|since| awaited_still(since, timeout, now, quiet));
        let next = self.next.get_or_insert(now + interval);
        let ping = now >= *next;
        if ping {
            // Those that were missed are not made up for.
            *next = if *next + interval > now { *next + interval } else { now + interval };
            self.awaited_since.get_or_insert(now);
        }
        let due = self.awaited_since.map(|since| since + timeout);
        let wake_at = due.map_or(*next, |due| due.min(*next));
        Beat { ping, is_dead: due.is_some_and(|due| now >= due), wake_at }
    }
}

/// Since when a sign of life is to be awaited; none if it has come.
fn awaited_still(since: Instant, timeout: Duration, now: Instant, quiet: Option<Quiet>) -> Option<Instant> {
    let quiet = quiet?;
    if quiet.nothing_since > since {
        return None;
    }
    let moved = quiet.moved.filter(|moved| *moved > since);
    let was_away = now > since + timeout + LATE;
    Some(moved.unwrap_or(if was_away { now } else { since }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heartbeat and its clock, in milliseconds.
    struct Clock {
        pulse: Pulse,
        start: Instant,
        /// When anything came last; none while something is being dealt with.
        bytes: Option<u64>,
        moved: Option<u64>,
    }

    const NOTHING: (bool, bool) = (false, false);
    const PING: (bool, bool) = (true, false);
    const DEAD: (bool, bool) = (false, true);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn clock(interval: u64, timeout: u64) -> Clock {
        let heartbeat = Heartbeat { interval: ms(interval), timeout: ms(timeout) };
        let mut clock = Clock { pulse: Pulse::new(heartbeat), start: Instant::now(), bytes: Some(0), moved: None };
        assert_eq!(clock.at(0), (NOTHING, interval));
        clock
    }

    impl Clock {
        /// Whether it pings or gives up, and when it wants to be asked again.
        fn at(&mut self, millis: u64) -> ((bool, bool), u64) {
            let time = |millis| self.start + ms(millis);
            let quiet =
                |bytes| Quiet { no_data_since: self.start, nothing_since: time(bytes), moved: self.moved.map(time) };
            let Beat { ping, is_dead, wake_at } = self.pulse.beat(time(millis), self.bytes.map(quiet));
            ((ping, is_dead), wake_at.duration_since(self.start).as_millis() as u64)
        }
    }

    #[test]
    fn pings_come_at_their_interval_also_while_data_comes() {
        let mut clock = clock(1000, 5000);
        for second in 1..20 {
            clock.bytes = Some(second * 1000 - 10);
            assert_eq!(clock.at(second * 1000), (PING, (second + 1) * 1000));
            clock.bytes = Some(second * 1000 + 10);
            assert_eq!(clock.at(second * 1000 + 500), (NOTHING, (second + 1) * 1000));
        }
    }

    #[test]
    fn who_sends_nothing_after_a_ping_is_dead() {
        let mut clock = clock(1000, 2500);
        assert_eq!(clock.at(1000), (PING, 2000));
        assert_eq!(clock.at(2000), (PING, 3000));
        assert_eq!(clock.at(3000), (PING, 3500));
        assert_eq!(clock.at(3499), (NOTHING, 3500));
        assert_eq!(clock.at(3500).0, DEAD);
    }

    #[test]
    fn any_byte_is_an_answer() {
        let mut clock = clock(1000, 300);
        assert_eq!(clock.at(1000), (PING, 1300));
        clock.bytes = Some(1299);
        assert_eq!(clock.at(1300), (NOTHING, 2000));
        assert_eq!(clock.at(2000), (PING, 2300));
        assert_eq!(clock.at(2300).0, DEAD);
    }

    #[test]
    fn nobody_is_dead_while_something_is_being_dealt_with() {
        let mut clock = clock(1000, 300);
        assert_eq!(clock.at(1000).0, PING);
        clock.bytes = None;
        assert_eq!(clock.at(1300), (NOTHING, 2000));
        assert_eq!(clock.at(2000).0, PING);
        assert_eq!(clock.at(2900), (NOTHING, 3000));
        // Then the peer has the whole time after the next Ping.
        clock.bytes = Some(2950);
        assert_eq!(clock.at(3000), (PING, 3300));
        assert_eq!(clock.at(3300).0, DEAD);
    }

    #[test]
    fn a_peer_that_takes_what_is_sent_has_its_time_again() {
        let mut clock = clock(10_000, 300);
        assert_eq!(clock.at(10_000), (PING, 10_300));
        clock.moved = Some(10_200);
        assert_eq!(clock.at(10_300), (NOTHING, 10_500));
        clock.moved = Some(10_400);
        assert_eq!(clock.at(10_500), (NOTHING, 10_700));
        assert_eq!(clock.at(10_700).0, DEAD);
    }

    #[test]
    fn a_process_that_was_stopped_asks_again() {
        let mut clock = clock(1000, 2500);
        assert_eq!(clock.at(1000).0, PING);
        assert_eq!(clock.at(3_600_000), (PING, 3_601_000));
        assert_eq!(clock.at(3_601_000), (PING, 3_602_000));
        assert_eq!(clock.at(3_602_000), (PING, 3_602_500));
        assert_eq!(clock.at(3_602_500).0, DEAD);
    }
}
