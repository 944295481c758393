//! Values of options, as people write them.

use std::str::FromStr;
use std::time::Duration;

use wspipe::bridge::Speed;
use wspipe::net::{Endpoint, ListenAddr};
use wspipe::protocol::Level;

/// A span of time: `500ms`, `2s`, `1m 30s`; a plain number is seconds, as for curl and sleep.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let explain = || format!("{text:?} is no span of time: write 500ms, 2s, 1.5 (seconds) or 1m");
    let span = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| explain())?,
        Err(_) => humantime::parse_duration(text).map_err(|_| explain())?,
    };
    // Longer ones are no clearer, and clocks can't count them.
    if span <= LONGEST { Ok(span) } else { Err(format!("{text:?} is longer than 100 years")) }
}

/// A span of time that is not nothing.
pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it would be over at once: give a longer time, or leave the option out".into()),
        span => Ok(span),
    }
}

/// A number of things, of which there is at least one.
pub(crate) fn at_least_1<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, String> {
    match whole(text)? {
        none if none == T::default() => Err("it is at least 1: to do without it, leave the option out".into()),
        number => Ok(number),
    }
}

/// A whole number.
pub(crate) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if is_number => Ok(number),
        _ if is_number => Err(format!("{text} is too large a number")),
        _ => Err(format!("{text:?} is no number: write it in digits, as in 5")),
    }
}

/// A level of compression.
pub(crate) fn level(text: &str) -> Result<Level, String> {
    let level = text.parse().ok().and_then(Level::new);
    level.ok_or_else(|| format!("{text:?} is no level: write 1 (the fastest) to 9 (the fewest bytes)"))
}

const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How fast a transcript is played: a factor, or `max`.
pub(crate) fn speed(text: &str) -> Result<Speed, String> {
    match text.parse::<f64>() {
        _ if text == "max" => Ok(Speed::Max),
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Speed::Times(factor)),
        _ => Err(format!("{text:?} is no speed: write 2 for twice as fast, 0.5 for half as fast, or max")),
    }
}

/// Where a byte stream leads: a port of this machine, `HOST:PORT`, `[::1]:PORT` or `unix:PATH`.
pub(crate) fn stream_address(text: &str) -> Result<Endpoint, String> {
    let explain =
        || format!("{text:?} is nowhere to connect to: write HOST:PORT, a port of this machine, or unix:PATH");
    match text.parse() {
        Ok(ListenAddr::Tcp { port: 0, .. }) | Err(_) => Err(explain()),
        Ok(ListenAddr::Tcp { host, port }) => Ok(Endpoint::Host { name: host, port }),
        Ok(ListenAddr::Unix(path)) => Ok(Endpoint::Unix(path)),
    }
}

/// The path of a URL, as a request has it.
pub(crate) fn url_path(text: &str) -> Result<String, String> {
    let can_come = text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic() && !"?#".contains(c));
    let explain = || format!("{text:?} is no path that a request can have: it begins with /, and has no query");
    can_come.then(|| text.to_owned()).ok_or_else(explain)
}

/// The mode of a file, in octal.
pub(crate) fn file_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| format!("{text:?} is no mode: write it in octal, as in 660"))
}

/// A number of bytes: `4096`, `64K`, `1M`, `2G`; the letters, also with `iB`, are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: Option<u64> = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    factor
        .and_then(|factor| digits.parse::<u64>().ok()?.checked_mul(factor))
        .ok_or_else(|| format!("{text:?} is no size: write bytes, or 64K, 1M, 2G"))
}

/// A size for a buffer: at least one byte, at most 1 GiB.
pub(crate) fn buffer_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        bytes @ 1..=0x4000_0000 => Ok(bytes as usize),
        _ => Err("it is from 1 byte to 1G".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [("0", 0), ("1", 1000), ("0.25", 250), ("500ms", 500), ("2s", 2000), ("1m 30s", 90_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "x", "-1", "1 parsec", "inf", "NaN"] {
            assert!(duration(text).unwrap_err().contains("no span of time"), "{text}");
        }
        assert!(duration("1e19").unwrap_err().contains("longer"));
        assert_eq!(some_time("1s"), duration("1s"));
        assert!(some_time("0").unwrap_err().contains("at once"));
    }

    #[test]
    fn numbers() {
        assert_eq!((at_least_1::<u64>("7"), at_least_1::<u32>("4294967295")), (Ok(7), Ok(u32::MAX)));
        assert!(at_least_1::<u64>("0").unwrap_err().contains("at least 1"));
        assert!(whole::<u32>("4294967296").unwrap_err().contains("too large"));
        for text in ["", "x", "-1", "+1", "1.5", "1e3"] {
            assert!(at_least_1::<u64>(text).unwrap_err().contains("no number"), "{text}");
        }
        assert!(level("9").is_ok());
        for text in ["0", "10", "x", ""] {
            assert!(level(text).unwrap_err().contains("1 (the fastest) to 9"), "{text}");
        }
    }

    #[test]
    fn speeds() {
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert_eq!(speed("0.5"), Ok(Speed::Times(0.5)));
        for text in ["", "0", "-1", "inf", "NaN", "fast"] {
            assert!(speed(text).unwrap_err().contains("no speed"), "{text}");
        }
    }

    #[test]
    fn streams() {
        let host = |name: &str, port| Ok(Endpoint::Host { name: name.to_owned(), port });
        assert_eq!(stream_address("22"), host("127.0.0.1", 22));
        assert_eq!(stream_address("db.test:5432"), host("db.test", 5432));
        assert_eq!(stream_address("[::1]:1"), host("::1", 1));
        assert_eq!(stream_address("unix:/a/b"), Ok(Endpoint::Unix("/a/b".into())));
        for text in ["", "db.test", "db.test:0", "0", "unix:", "ws://a:1/", "a:x"] {
            assert!(stream_address(text).unwrap_err().contains("nowhere to connect to"), "{text}");
        }
    }

    #[test]
    fn paths() {
        for path in ["/", "/chat", "/a/b%20c;d"] {
            assert_eq!(url_path(path).as_deref(), Ok(path));
        }
        for text in ["", "chat", "/a?b", "/a b", "/ä", "ws://h/"] {
            assert!(url_path(text).unwrap_err().contains("begins with /"), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("4096", 4096), ("64K", 65536), ("64KiB", 65536), ("1m", 1 << 20), ("2G", 2 << 30)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "1T", "-1", "1.5M", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(buffer_size("0").is_err());
        assert_eq!(buffer_size("64K"), Ok(65536));
    }
}
