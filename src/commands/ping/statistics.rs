//! Statistics of round-trip times, in bounded memory however many there are.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a float holds nanoseconds exactly up to three months, and no time is negative"
)]

use std::collections::BTreeMap;
use std::time::Duration;

/// Times are told apart by their leading bits, this many after the first one: a percentile is exact to one in four thousand.
const PRECISION: u32 = 12;

/// What is known of the times that were added.
#[derive(Debug, Clone, Default)]
pub(super) struct Statistics {
    count: u64,
    min: u64,
    max: u64,
    /// Of nanoseconds, by Welford's method: sums of squares would lose what they have in common.
    mean: f64,
    squares: f64,
    /// How many times fell into which bucket: at most some 200,000 of them, and a few hundred in practice.
    buckets: BTreeMap<u64, u64>,
}

impl Statistics {
    /// Adds a time.
    pub(super) fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.min = if self.count == 0 { nanos } else { self.min.min(nanos) };
        self.max = self.max.max(nanos);
        self.count += 1;
        let distance = nanos as f64 - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (nanos as f64 - self.mean);
        *self.buckets.entry(bucket(nanos)).or_default() += 1;
    }

    /// What there is to say; none of nothing.
    pub(super) fn summary(&self) -> Option<Summary> {
        (self.count > 0).then(|| Summary {
            min: Duration::from_nanos(self.min),
            avg: Duration::from_nanos(self.mean.round() as u64),
            max: Duration::from_nanos(self.max),
            stddev: Duration::from_nanos((self.squares / self.count as f64).sqrt().round() as u64),
            percentiles: PERCENTILES.map(|percent| self.percentile(percent)),
        })
    }

    /// The least time that so many percent of all do not exceed (the nearest rank).
    fn percentile(&self, percent: u64) -> Duration {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += u128::from(**count);
            seen >= rank
        });
        let nanos = found.map_or(self.max, |(bucket, _)| highest(*bucket));
        Duration::from_nanos(nanos.clamp(self.min, self.max))
    }
}

/// The percentiles that are told.
pub(super) const PERCENTILES: [u64; 3] = [50, 90, 99];

/// What times have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) min: Duration,
    /// The mean.
    pub(super) avg: Duration,
    pub(super) max: Duration,
    /// Of all of them, not of a sample.
    pub(super) stddev: Duration,
    /// Those of [`PERCENTILES`].
    pub(super) percentiles: [Duration; 3],
}

/// The bucket of a number; a greater number has the same one or a greater one.
fn bucket(nanos: u64) -> u64 {
    let shift = nanos.max(1).ilog2().saturating_sub(PRECISION);
    (u64::from(shift) << PRECISION) + (nanos >> shift)
}

/// The greatest number of a bucket.
fn highest(bucket: u64) -> u64 {
    // The first two stretches of numbers, below twice that, are not shifted.
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let leading = u128::from(bucket - (shift << PRECISION));
    u64::try_from(((leading + 1) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(micros: impl IntoIterator<Item = u64>) -> Summary {
        let mut statistics = Statistics::default();
        micros.into_iter().for_each(|micros| statistics.add(Duration::from_micros(micros)));
        statistics.summary().unwrap()
    }

    fn micros(times: [Duration; 3]) -> [u128; 3] {
        times.map(|time| time.as_micros())
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(Statistics::default().summary(), None);
    }

    #[test]
    fn one_time_is_all_there_is() {
        let time = Duration::from_micros(123);
        let percentiles = [time; 3];
        let one = Summary { min: time, avg: time, max: time, stddev: Duration::ZERO, percentiles };
        assert_eq!(summary([123]), one);
    }

    #[test]
    fn mean_and_deviation() {
        // A textbook's population: the mean is 5, the standard deviation 2.
        let found = summary([2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!(micros([found.min, found.avg, found.max]), [2, 5, 9]);
        assert_eq!(found.stddev, Duration::from_micros(2));
    }

    #[test]
    fn small_deviations_of_long_times_are_not_lost() {
        let hour = 3_600_000_000;
        let found = summary([hour + 1, hour + 3].repeat(1000));
        assert!(found.stddev.abs_diff(Duration::from_micros(1)) < Duration::from_nanos(10), "{:?}", found.stddev);
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        assert_eq!(micros(summary(1..=4).percentiles), [2, 4, 4]);
        let hundred = summary(1..=100).percentiles;
        for (time, exact) in hundred.into_iter().zip([50, 90, 99].map(Duration::from_micros)) {
            assert!(time >= exact && time < exact.mul_f64(1.0003), "{time:?}");
        }
        let equal = summary([500].repeat(9).into_iter().chain([900_000]));
        assert_eq!(equal.percentiles[2], Duration::from_millis(900));
        assert!(equal.percentiles[1] < Duration::from_micros(501));
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let powers = (0..64).map(|power| 1_u64 << power);
        let around = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in around.chain(0..5000).chain([u64::MAX]) {
            let own = bucket(number);
            let top = highest(own);
            assert!(top >= number && bucket(top) == own, "{number}");
            assert!((top - number) as f64 <= number as f64 / 4096.0, "{number}: {top}");
            if let Some(next) = top.checked_add(1) {
                assert_eq!(bucket(next), own + 1, "{number}");
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut statistics = Statistics::default();
        (0..2_000_000).for_each(|number| statistics.add(Duration::from_nanos(number * 7919)));
        assert!(statistics.buckets.len() < 100_000, "{}", statistics.buckets.len());
    }
}
