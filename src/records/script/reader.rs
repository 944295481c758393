//! Lines of a transcript, to steps.

use std::time::{Duration, SystemTime};

use super::line::{At, Line, type_name};
use super::{Action, Expected, Outgoing, Script, ScriptError, ScriptProblem, Step, Wanted};
use crate::protocol::{Close, Kind};

/// Reads a script, line by line.
#[derive(Debug, Default)]
pub struct ScriptReader {
    script: Script,
    /// Lines read.
    line: u64,
    /// When the step before was, or the connection was opened.
    clock: Option<SystemTime>,
    client: Option<u64>,
    /// The message of which pieces have been sent.
    outgoing: Option<Begun>,
    /// The message of which pieces were awaited.
    incoming: Option<(Begun, Vec<u8>)>,
    /// Pings that came and have not been answered yet.
    pings: Vec<Vec<u8>>,
    /// The line of the Close that was sent.
    closed: Option<u64>,
    /// The line of the Close that came.
    peer_closed: Option<u64>,
    /// The connection broke, as whoever recorded it tells.
    is_broken: bool,
}

/// A message that goes on in later lines.
#[derive(Debug, Clone, Copy)]
struct Begun {
    kind: Kind,
    line: u64,
}

impl ScriptReader {
    /// Reads the next line, without its line feed.
    ///
    /// # Errors
    /// The line can't be carried out.
    pub fn line(&mut self, bytes: &[u8]) -> Result<(), ScriptError> {
        self.line += 1;
        self.read(bytes).map_err(|(column, problem)| ScriptError { line: self.line, column, problem })
    }

    /// Gives the script, after the last line.
    ///
    /// # Errors
    /// A message was begun and not finished.
    pub fn finish(self) -> Result<Script, ScriptError> {
        // Whoever closes may do so in the middle of a message, and a connection may break there.
        let incoming = self.incoming.map(|(begun, _)| begun).filter(|_| self.peer_closed.is_none());
        let outgoing = self.outgoing.filter(|_| self.closed.is_none());
        match incoming.or(outgoing).filter(|_| !self.is_broken) {
            None => Ok(self.script),
            Some(Begun { kind, line }) => {
                Err(ScriptError { line, column: 1, problem: ScriptProblem::Unfinished(type_name(kind), line) })
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) -> At<()> {
        let Some(line) = Line::read(bytes)? else { return Ok(()) };
        let kind = line.kind()?;
        let time = line.time()?;
        self.check_client(&line)?;
        let action = match &*kind {
            "text" => self.message(&line, Kind::Text)?,
            "binary" => self.message(&line, Kind::Binary)?,
            "ping" => self.ping(&line)?,
            "pong" => self.pong(&line)?,
            "close" if line.tells_of_no_close() => None,
            "close" => self.close(&line)?,
            "wait" => Some((self.line, Action::Pause(line.pause()?))),
            "open" if !self.script.steps.is_empty() || self.incoming.is_some() => {
                return Err((line.column(None), ScriptProblem::SecondConnection(self.line)));
            }
            "error" if line.tells_of_a_break() => {
                self.is_broken = true;
                None
            }
            // Told by those who record, for those who read.
            "open" | "error" | "reconnect" | "connection" | "send" => None,
            other => return Err(line.unknown(other)),
        };
        if let Some((line, action)) = action {
            let passed = |since: SystemTime| time.and_then(|time| time.duration_since(since).ok());
            let after = self.clock.and_then(passed).unwrap_or(Duration::ZERO);
            self.script.steps.push(Step { line, after, action });
        } else if kind != "open" && self.clock.is_some() {
            // What is no step takes no time from the next one.
            return Ok(());
        }
        self.clock = time.or(self.clock);
        Ok(())
    }

    fn check_client(&mut self, line: &Line<'_>) -> At<()> {
        match (line.client()?, self.client) {
            (Some(client), Some(first)) if client != first => Err(line.other_client(first, client)),
            (Some(client), None) => {
                self.client = Some(client);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message or a piece of one; no step where more of what is awaited follows.
    fn message(&mut self, line: &Line<'_>, kind: Kind) -> At<Option<(u64, Action)>> {
        let is_awaited = line.is_awaited()?;
        self.check_open(line, is_awaited)?;
        if !is_awaited {
            line.no_pattern("\"dir\":\"out\"")?;
            let (last, payload) = (line.is_last()?, line.payload(kind)?);
            let first = Self::continues(line, self.outgoing, kind)?.is_none();
            self.outgoing = (!last).then_some(self.outgoing.unwrap_or(Begun { kind, line: self.line }));
            return Ok(Some((self.line, Action::Send(Outgoing::Piece { kind, first, last, payload }))));
        }
        let begun = Self::continues(line, self.incoming.as_ref().map(|(begun, _)| *begun), kind)?;
        if let Some(pattern) = line.pattern()? {
            if let Some(Begun { kind, line: first }) = begun {
                return Err((line.column(None), ScriptProblem::Unfinished(type_name(kind), first)));
            }
            return Ok(Some((self.line, Action::Await(Expected::Message(kind, pattern)))));
        }
        let (last, piece) = (line.is_last()?, line.payload(kind)?);
        let (begun, mut payload) = self.incoming.take().unwrap_or((Begun { kind, line: self.line }, Vec::new()));
        payload.extend_from_slice(&piece);
        if last {
            let expected = Expected::Message(kind, Wanted::Exactly(payload));
            return Ok(Some((begun.line, Action::Await(expected))));
        }
        self.incoming = Some((begun, payload));
        Ok(None)
    }

    /// The message that this line goes on with, if one has begun.
    fn continues(line: &Line<'_>, begun: Option<Begun>, kind: Kind) -> At<Option<Begun>> {
        match begun {
            Some(begun) if begun.kind != kind => {
                Err((line.column(None), ScriptProblem::Unfinished(type_name(begun.kind), begun.line)))
            }
            begun => Ok(begun),
        }
    }

    fn ping(&mut self, line: &Line<'_>) -> At<Option<(u64, Action)>> {
        let is_awaited = line.is_awaited()?;
        self.check_open(line, is_awaited)?;
        if !is_awaited {
            line.no_pattern("\"dir\":\"out\"")?;
            let payload = line.control_payload()?.unwrap_or_default();
            return Ok(Some((self.line, Action::Send(Outgoing::Ping(payload)))));
        }
        let wanted = wanted(line)?;
        if let Wanted::Exactly(payload) = &wanted {
            self.pings.push(payload.clone());
        }
        Ok(Some((self.line, Action::Await(Expected::Ping(wanted)))))
    }

    fn pong(&mut self, line: &Line<'_>) -> At<Option<(u64, Action)>> {
        let is_awaited = line.is_awaited()?;
        if is_awaited {
            self.check_open(line, true)?;
            return Ok(Some((self.line, Action::Await(Expected::Pong(wanted(line)?)))));
        }
        line.no_pattern("\"dir\":\"out\"")?;
        let payload = line.control_payload()?.unwrap_or_default();
        // The session answers the Pings that come now, and one Pong may answer all that came before it (RFC 6455, 5.5.3).
        if let Some(answered) = self.pings.iter().position(|ping| *ping == payload) {
            self.pings.drain(..=answered);
            return Ok(None);
        }
        self.check_open(line, false)?;
        Ok(Some((self.line, Action::Send(Outgoing::Pong(payload)))))
    }

    fn close(&mut self, line: &Line<'_>) -> At<Option<(u64, Action)>> {
        let is_awaited = line.is_awaited()?;
        line.no_pattern("a close, which has a code and a reason")?;
        let (code, reason) = line.close()?;
        self.check_open(line, is_awaited)?;
        if is_awaited {
            self.peer_closed = Some(self.line);
            return Ok(Some((self.line, Action::Await(Expected::Close { code, reason }))));
        }
        self.closed = Some(self.line);
        // The session answers the peer's Close when it comes.
        let close = Close { code, reason: reason.unwrap_or_default() };
        Ok(self.peer_closed.is_none().then_some((self.line, Action::Send(Outgoing::Close(close)))))
    }

    /// Nothing is sent after our Close, and nothing comes after the peer's (RFC 6455, 5.5.1).
    fn check_open(&self, line: &Line<'_>, is_awaited: bool) -> At<()> {
        let closed = if is_awaited { self.peer_closed } else { self.closed };
        closed.map_or(Ok(()), |closed| Err((line.column(None), ScriptProblem::AfterClose(closed))))
    }
}

/// What an awaited Ping or Pong has to be: without data and pattern, anything.
fn wanted(line: &Line<'_>) -> At<Wanted> {
    if let Some(pattern) = line.pattern()? {
        return Ok(pattern);
    }
    Ok(line.control_payload()?.map_or(Wanted::Any, Wanted::Exactly))
}
