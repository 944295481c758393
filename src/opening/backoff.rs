//! How long to wait before the next attempt: longer each time, and never as long as everybody else.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;

/// Delays that double from one attempt to the next, up to a limit. Of each, half is left to chance: many clients that have
/// lost one server don't come back to it all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first delay. Later ones are 20 ms at least: nobody is asked again without end and pause.
    pub first: Duration,
    /// The longest one.
    pub most: Duration,
}

/// The least delay after the first one.
const LEAST: Duration = Duration::from_millis(20);

impl Backoff {
    /// The delay after so many failures in a row, the first one being 1; `chance` is any number.
    #[must_use]
    pub fn delay(&self, failures: u32, chance: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let least = if doublings == 0 { Duration::ZERO } else { LEAST };
        // What was asked for first is waited also where it is more than the limit.
        let whole = self.first.saturating_mul(factor).max(least).min(self.most.max(self.first));
        let half = whole / 2;
        half + half.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }

    /// The same, with chance from the system.
    #[must_use]
    pub fn next(&self, failures: u32) -> Duration {
        // Where the system has none to give, all wait as long, which is no harm for one.
        self.delay(failures, SysRng.try_next_u32().unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(2) };

    #[test]
    fn delays_double_up_to_the_limit() {
        let millis = |failures| BACKOFF.delay(failures, u32::MAX).as_millis();
        let delays: Vec<u128> = (1..=8).map(millis).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
        for failures in [31, 32, 33, 34, 1000, u32::MAX] {
            assert_eq!(millis(failures), 2000, "{failures}");
        }
    }

    #[test]
    fn half_of_a_delay_is_left_to_chance() {
        for failures in 1..=40 {
            let whole = BACKOFF.delay(failures, u32::MAX);
            assert_eq!(BACKOFF.delay(failures, 0), whole / 2);
            let middle = BACKOFF.delay(failures, u32::MAX / 2);
            assert!(whole / 2 < middle && middle < whole, "{middle:?}");
        }
    }

    #[test]
    fn a_first_delay_beyond_the_limit_is_kept() {
        let backoff = Backoff { first: Duration::from_secs(100), ..BACKOFF };
        for failures in [1, 2, 100] {
            assert_eq!(backoff.delay(failures, u32::MAX), Duration::from_secs(100));
        }
        let nothing = Backoff { first: Duration::ZERO, ..BACKOFF };
        assert_eq!(nothing.delay(1, u32::MAX), Duration::ZERO);
        assert_eq!([2, 3, 100].map(|failures| nothing.delay(failures, u32::MAX).as_millis()), [20; 3]);
        let longest = Backoff { first: Duration::MAX, most: Duration::MAX };
        assert!(longest.delay(2, 0) > Duration::from_secs(1));
    }
}
