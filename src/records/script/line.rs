//! One line of a script, field by field, each with its column.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regex::bytes::Regex;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ScriptProblem, Wanted};
use crate::protocol::{Close, CloseCodeError, Kind};
use crate::records::json::no_object;

/// A problem and its column.
pub(super) type At<T> = Result<T, (usize, ScriptProblem)>;

/// The longest pause, a hundred years: clocks can't count much longer ones.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The most that a control frame holds, in bytes (RFC 6455, 5.5).
const CONTROL: usize = 125;

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    dir: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    client: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    base64: Option<&'a RawValue>,
    #[serde(borrow)]
    r#match: Option<&'a RawValue>,
    #[serde(borrow)]
    fin: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    clean: Option<&'a RawValue>,
    #[serde(borrow)]
    ms: Option<&'a RawValue>,
}

/// A line that is an object.
pub(super) struct Line<'a> {
    bytes: &'a [u8],
    fields: Fields<'a>,
}

impl<'a> Line<'a> {
    /// Reads a line; none if it is blank.
    pub(super) fn read(bytes: &'a [u8]) -> At<Option<Self>> {
        match bytes.trim_ascii_start() {
            [] => return Ok(None),
            [b'{', ..] => {}
            // The parser would take the fields of an array, too.
            rest => {
                return Err((bytes.len() - rest.len() + 1, ScriptProblem::Syntax(no_object(rest))));
            }
        }
        let fields = serde_json::from_slice(bytes).map_err(|error| (error.column().max(1), syntax(&error)))?;
        Ok(Some(Line { bytes, fields }))
    }

    pub(super) fn kind(&self) -> At<Cow<'a, str>> {
        let field = self.fields.r#type.ok_or((self.column(None), ScriptProblem::NoType))?;
        self.value(field)
    }

    /// That there is no such type.
    pub(super) fn unknown(&self, kind: &str) -> (usize, ScriptProblem) {
        (self.column(self.fields.r#type), ScriptProblem::Type(kind.chars().take(40).collect()))
    }

    /// Whether the line is awaited.
    pub(super) fn is_awaited(&self) -> At<bool> {
        let Some(field) = self.fields.dir else { return Ok(self.fields.r#match.is_some()) };
        match &*self.value::<Cow<'_, str>>(field)? {
            "in" => Ok(true),
            "out" => Ok(false),
            other => {
                let other = other.chars().take(40).collect();
                Err((self.column(self.fields.dir), ScriptProblem::Direction(other)))
            }
        }
    }

    pub(super) fn time(&self) -> At<Option<SystemTime>> {
        let Some(field) = self.fields.time else { return Ok(None) };
        let text: Cow<'_, str> = self.value(field)?;
        let time = humantime::parse_rfc3339(&text);
        time.map(Some).map_err(|_| (self.column(self.fields.time), ScriptProblem::Time))
    }

    pub(super) fn client(&self) -> At<Option<u64>> {
        self.fields.client.map(|field| self.value(field)).transpose()
    }

    /// That the line is of another client than those before.
    pub(super) fn other_client(&self, first: u64, client: u64) -> (usize, ScriptProblem) {
        (self.column(self.fields.client), ScriptProblem::Clients { first, client })
    }

    /// Whether the message ends here.
    pub(super) fn is_last(&self) -> At<bool> {
        self.fields.fin.map_or(Ok(true), |field| self.value(field))
    }

    /// The payload of a message or a piece of one.
    pub(super) fn payload(&self, kind: Kind) -> At<Vec<u8>> {
        let name = type_name(kind);
        let field = self.fields.data.ok_or_else(|| self.missing(name, "\"data\""))?;
        let data: Cow<'_, str> = self.value(field)?;
        match kind {
            Kind::Text => Ok(data.into_owned().into_bytes()),
            Kind::Binary => self.decoded(field, &data),
        }
    }

    /// The payload of a Ping or Pong, if the line has one.
    pub(super) fn control_payload(&self) -> At<Option<Vec<u8>>> {
        let (field, payload) = match (self.fields.base64, self.fields.data) {
            (Some(field), _) => (field, self.decoded(field, &self.value::<Cow<'_, str>>(field)?)?),
            (None, Some(field)) => (field, self.value::<String>(field)?.into_bytes()),
            (None, None) => return Ok(None),
        };
        if payload.len() > CONTROL {
            return Err((self.column(Some(field)), ScriptProblem::ControlTooLong(payload.len())));
        }
        Ok(Some(payload))
    }

    /// The pattern, if the line has one.
    pub(super) fn pattern(&self) -> At<Option<Wanted>> {
        let Some(field) = self.fields.r#match else { return Ok(None) };
        let column = self.column(Some(field));
        let others = [("\"data\"", self.fields.data), ("\"base64\"", self.fields.base64), ("\"fin\"", self.fields.fin)];
        if let Some((name, _)) = others.into_iter().find(|(_, other)| other.is_some()) {
            return Err((column, ScriptProblem::MatchWith(name)));
        }
        let text: Cow<'_, str> = self.value(field)?;
        let pattern = Regex::new(&text).map_err(|error| {
            let words = error.to_string();
            // The words show the pattern, too, over several lines; the last one says what is wrong.
            let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
            (column, ScriptProblem::Pattern(last.to_owned()))
        })?;
        Ok(Some(Wanted::Match(pattern)))
    }

    /// That a pattern stands where none can.
    pub(super) fn no_pattern(&self, other: &'static str) -> At<()> {
        match self.fields.r#match {
            Some(field) => Err((self.column(Some(field)), ScriptProblem::MatchWith(other))),
            None => Ok(()),
        }
    }

    /// Whether it tells of a connection that has ended without a Close, as a listener does.
    pub(super) fn tells_of_no_close(&self) -> bool {
        self.fields.code.is_some_and(|code| code.get() == "1006") && self.tells_of_a_break()
    }

    /// Whether it tells that a session was not closed cleanly.
    pub(super) fn tells_of_a_break(&self) -> bool {
        self.fields.clean.is_some_and(|clean| clean.get() == "false")
    }

    /// The code and the reason of a Close, as far as the line has them.
    pub(super) fn close(&self) -> At<(Option<u16>, Option<String>)> {
        let reason: Option<String> = self.fields.reason.map(|field| self.value(field)).transpose()?;
        let Some(field) = self.fields.code else {
            return match &reason {
                Some(text) if !text.is_empty() => Err(self.missing("close", "\"code\" where it has a reason")),
                _ => Ok((None, None)),
            };
        };
        let code = self.value(field)?;
        match Close::checked(code, reason.as_deref().unwrap_or_default()) {
            Ok(_) => Ok((Some(code), reason)),
            Err(error @ CloseCodeError::Code(_)) => Err((self.column(Some(field)), ScriptProblem::Close(error))),
            Err(error) => Err((self.column(self.fields.reason), ScriptProblem::Close(error))),
        }
    }

    pub(super) fn pause(&self) -> At<Duration> {
        let field = self.fields.ms.ok_or_else(|| self.missing("wait", "\"ms\""))?;
        let millis = self.value(field).map_err(|_| (self.column(Some(field)), ScriptProblem::Pause))?;
        Ok(Duration::from_millis(millis).min(LONGEST))
    }

    fn decoded(&self, field: &RawValue, data: &str) -> At<Vec<u8>> {
        let decoded = BASE64_STANDARD.decode(data);
        decoded.map_err(|error| (self.column(Some(field)), ScriptProblem::Base64(error.to_string())))
    }

    fn missing(&self, kind: &'static str, fields: &'static str) -> (usize, ScriptProblem) {
        (self.column(None), ScriptProblem::Missing { kind, fields })
    }

    fn value<T: Deserialize<'a>>(&self, field: &'a RawValue) -> At<T> {
        let column = self.column(Some(field));
        serde_json::from_str(field.get()).map_err(|error| (column + error.column().saturating_sub(1), syntax(&error)))
    }

    /// Where a field's value begins; without one, where the line does.
    pub(super) fn column(&self, field: Option<&RawValue>) -> usize {
        let start = match field {
            // It is a part of the line, so the distance between the two is where in the line.
            Some(field) => (field.get().as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize),
            None => self.bytes.len() - self.bytes.trim_ascii_start().len(),
        };
        start + 1
    }
}

/// The name of a type of messages.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Binary => "binary",
    }
}

fn syntax(error: &serde_json::Error) -> ScriptProblem {
    let words = error.to_string();
    // The words may hold " at line " themselves, where they repeat a value.
    ScriptProblem::Syntax(words.rsplit_once(" at line ").map_or(&*words, |(what, _)| what).to_owned())
}
