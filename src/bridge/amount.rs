//! Amounts, as people write them.

use std::fmt;
use std::time::Duration;

/// A number of bytes, as people write it: `1 MiB`, `64 KiB`, `100 bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let fits = |(power, _): &(u32, &str)| self.0 > 0 && self.0.trailing_zeros() >= *power;
        match units.into_iter().find(fits) {
            Some((power, unit)) => write!(f, "{} {unit}", self.0 >> power),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// A time that something takes: `37 ms`, `1.5 s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis @ 0..1000 => write!(f, "{millis} ms"),
            _ => write!(f, "{:.1} s", self.0.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let words = [0, 100, 1024, 1 << 20, (1 << 20) + 1].map(|bytes| Size(bytes).to_string());
        assert_eq!(words, ["0 bytes", "100 bytes", "1 KiB", "1 MiB", "1048577 bytes"]);
    }

    #[test]
    fn spans() {
        let words = [0, 999, 37_200, 999_900, 1_000_000, 61_040_000]
            .map(|micros| Span(Duration::from_micros(micros)).to_string());
        assert_eq!(words, ["0 ms", "0 ms", "37 ms", "999 ms", "1.0 s", "61.0 s"]);
    }
}
