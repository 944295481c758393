//! Names of formats, and how standard output is laid out.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use wspipe::outcome::Failure;
use wspipe::records::{Format, OutputFormat};

/// Options of standard output.
#[derive(Debug, clap::Args)]
pub(super) struct OutputArgs {
    /// How messages are laid out on standard output: by a format of --format, or hex, a hexdump for people
    #[arg(
        long = "out",
        value_name = "FORMAT",
        help_heading = "Records",
        hide_short_help = true,
        hide_possible_values = true
    )]
    output: Option<OutputName>,

    /// Print the time before each message; with lines, nul and hex
    #[arg(long, help_heading = "Records", hide_short_help = true)]
    timestamps: bool,
}

impl OutputArgs {
    /// The format that was asked for, or else `format`.
    pub(super) fn resolve(&self, format: FormatName) -> Result<OutputFormat, Failure> {
        let output = self.output.unwrap_or(OutputName::Records(format));
        output.resolve(self.timestamps).ok_or_else(|| {
            Failure::Usage("--timestamps goes with --out lines, nul or hex; json has times anyway".into())
        })
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatName {
    /// A message a line; the line feed is not part of it (the default)
    Lines,
    /// Like lines, with NUL bytes
    Nul,
    /// In: what one read gives is a message; out: payload, nothing added (the default with -b)
    Raw,
    /// In: all of the input is one message; out: like raw
    Whole,
    /// A 4-byte big-endian length, then that many bytes
    Length,
    /// JSON Lines: one event a line
    Json,
}

/// A format that standard output alone may have, too.
#[derive(Debug, Clone, Copy)]
enum OutputName {
    Records(FormatName),
    Hex,
}

impl ValueEnum for OutputName {
    fn value_variants<'a>() -> &'a [Self] {
        use FormatName::{Json, Length, Lines, Nul, Raw, Whole};
        const ALL: [OutputName; 7] = {
            let records = OutputName::Records;
            [
                records(Lines),
                records(Nul),
                records(Raw),
                records(Whole),
                records(Length),
                records(Json),
                OutputName::Hex,
            ]
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            OutputName::Records(name) => name.to_possible_value(),
            OutputName::Hex => Some(PossibleValue::new("hex").help("A hexdump of each message, for people")),
        }
    }
}

impl OutputName {
    /// The format, with times before messages if they are wanted; none where they have no place.
    fn resolve(self, stamped: bool) -> Option<OutputFormat> {
        Some(match self {
            OutputName::Hex => OutputFormat::Hex { stamped },
            OutputName::Records(name) if !stamped => Format::from(name).into(),
            OutputName::Records(FormatName::Lines) => OutputFormat::Stamped(Format::Lines),
            OutputName::Records(FormatName::Nul) => OutputFormat::Stamped(Format::Nul),
            OutputName::Records(_) => return None,
        })
    }
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Lines => Format::Lines,
            FormatName::Nul => Format::Nul,
            FormatName::Raw => Format::Raw,
            FormatName::Whole => Format::Whole,
            FormatName::Length => Format::Length,
            FormatName::Json => Format::Json,
        }
    }
}
