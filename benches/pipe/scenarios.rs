//! The scenarios: one entry, one table.

use crate::data::Kind;

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Up { file: bool },
    Down,
    Echo,
    Listen,
    RoundTrip,
    Start,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Volume,
    Messages,
    Memory,
    Latency,
    Start,
}

impl Metric {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Volume => "MiB/s",
            Self::Messages => "k msg/s",
            Self::Memory => "peak MiB",
            Self::Latency => "µs",
            Self::Start => "ms",
        }
    }

    pub(crate) fn cpu_unit(self) -> &'static str {
        match self {
            Self::Volume | Self::Memory => "CPU s/GiB",
            Self::Messages => "CPU s/M msg",
            Self::Latency => "CPU µs",
            Self::Start => "CPU ms",
        }
    }

    /// Whether a larger figure is the better one.
    pub(crate) fn is_rate(self) -> bool {
        matches!(self, Self::Volume | Self::Messages)
    }
}

/// One comparison.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) flow: Flow,
    pub(crate) metric: Metric,
}

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "bulk up",
        about: "pipe on stdin → binary messages of up to 64 KiB → server",
        kind: Kind::Binary,
        flow: Flow::Up { file: false },
        metric: Metric::Volume,
    },
    Scenario {
        name: "bulk up, file",
        about: "file on stdin → binary messages of up to 64 KiB → server",
        kind: Kind::Binary,
        flow: Flow::Up { file: true },
        metric: Metric::Volume,
    },
    Scenario {
        name: "bulk down",
        about: "server → binary messages of 64 KiB → pipe on stdout",
        kind: Kind::Binary,
        flow: Flow::Down,
        metric: Metric::Volume,
    },
    Scenario {
        name: "bulk echo",
        about: "pipe on stdin → binary messages → echo server → pipe on stdout",
        kind: Kind::Binary,
        flow: Flow::Echo,
        metric: Metric::Volume,
    },
    Scenario {
        name: "bulk into listener",
        about: "client → binary messages of 64 KiB → the program as server → pipe on stdout",
        kind: Kind::Binary,
        flow: Flow::Listen,
        metric: Metric::Volume,
    },
    Scenario {
        name: "lines up",
        about: "lines of 20 to 60 ASCII characters → text messages → server",
        kind: Kind::Ascii,
        flow: Flow::Up { file: false },
        metric: Metric::Messages,
    },
    Scenario {
        name: "lines up, UTF-8",
        about: "lines of 20 to 60 bytes in several scripts → text messages → server",
        kind: Kind::Utf8,
        flow: Flow::Up { file: false },
        metric: Metric::Messages,
    },
    Scenario {
        name: "lines down",
        about: "server → text messages of 20 to 60 ASCII characters → lines on stdout",
        kind: Kind::Ascii,
        flow: Flow::Down,
        metric: Metric::Messages,
    },
    Scenario {
        name: "lines down, UTF-8",
        about: "server → text messages of 20 to 60 bytes in several scripts → lines on stdout",
        kind: Kind::Utf8,
        flow: Flow::Down,
        metric: Metric::Messages,
    },
    Scenario {
        name: "lines echo",
        about: "lines → text messages → echo server → lines",
        kind: Kind::Ascii,
        flow: Flow::Echo,
        metric: Metric::Messages,
    },
    Scenario {
        name: "round trip",
        about: "one line in, wait till it is back: median (and 99th percentile)",
        kind: Kind::Ascii,
        flow: Flow::RoundTrip,
        metric: Metric::Latency,
    },
    Scenario {
        name: "start",
        about: "start, connect, send and print one message, close, exit",
        kind: Kind::Ascii,
        flow: Flow::Start,
        metric: Metric::Start,
    },
    Scenario {
        name: "memory, long line up",
        about: "peak memory while a line of 300 MB goes up as one message",
        kind: Kind::Long,
        flow: Flow::Up { file: false },
        metric: Metric::Memory,
    },
    Scenario {
        name: "memory, long message down",
        about: "peak memory while a message of 300 MB comes down",
        kind: Kind::Long,
        flow: Flow::Down,
        metric: Metric::Memory,
    },
];
