//! The receiving side: frames from the socket, as events, into a sink.

use std::io::{self, Read};
use std::mem::take;
use std::time::Duration;

use super::awaited::Listener;
use super::pongs::Pongs;
use super::{Control, CutOff, Fact};
use crate::protocol::{Chunk, Close, Decoder, Event, Tally, Violation};
use crate::records::JoinError;

/// When nothing has come for so long, a buffer that has grown is given back.
const IDLE: Duration = Duration::from_secs(1);

/// Where received messages go.
pub trait Sink: Send {
    /// Takes an event.
    ///
    /// # Errors
    /// The sink can't take it, nor anything after it.
    fn take(&mut self, event: &Event<'_>) -> Result<(), SinkError>;

    /// Passes on whatever waits here: nothing more has come for the moment.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    fn flush(&mut self) -> Result<(), SinkError>;

    /// Learns in words why nothing more will come, where that is no Close of the peer's own accord.
    fn trouble(&mut self, _what: &str) {}

    /// Learns that the Close which comes next is not the first one.
    fn we_closed_first(&mut self) {}
}

/// Why a sink takes nothing more.
#[derive(Debug)]
pub enum SinkError {
    /// Whoever read it has stopped.
    Closed,
    /// The system's words.
    Failed(String),
    /// A message is too big to be held.
    TooBig(Violation),
}

impl From<io::Error> for SinkError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { SinkError::Closed } else { SinkError::Failed(error.to_string()) }
    }
}

impl From<JoinError> for SinkError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Output(error) => error.into(),
            JoinError::TooBig(violation) => SinkError::TooBig(violation),
        }
    }
}

/// Runs the receiving side until the peer's Close or the end of the connection. It never writes to the socket.
///
/// After the last message that is awaited, if any are, the rest is read, but goes nowhere.
pub fn receive(mut reader: impl Read, mut decoder: Decoder, sink: &mut impl Sink, control: &Control) {
    let (pongs, tally) = Default::default();
    let listener = control.awaited().and_then(Listener::new);
    let mut receiver = Receiver { sink, listener, discards: false, had_data: false, tally, pongs, control };
    let mut bounded = false;
    let end = loop {
        let end = receiver.events(&mut decoder);
        // From here on we wait for the peer again, also when nothing more is to be read.
        control.activity.start_reading(take(&mut receiver.had_data), take(&mut receiver.tally));
        if let Some(end) = end {
            break end;
        }
        match read_or_shrink(&mut reader, &mut decoder, control, &mut bounded) {
            Ok(count) if count > 0 => {
                control.activity.stop_reading();
                decoder.filled(count);
            }
            end => {
                let why = end.err().map(|error| error.to_string());
                let words = control.time_out().or_else(|| why.clone());
                let words = words.unwrap_or_else(|| "the connection ended without a Close".to_owned());
                let lost = cut_off(&decoder).map(|cut| format!("; {cut}")).unwrap_or_default();
                receiver.sink.trouble(&(words + &lost));
                break Fact::PeerGone(why);
            }
        }
    };
    let failed = matches!(end, Fact::Violation(_));
    if let Some(cut_off) = cut_off(&decoder).filter(|_| !failed && !receiver.discards) {
        control.note(Fact::CutOff(cut_off));
    }
    control.note(end);
    // While this side still sends, the end of the connection is heard of here first.
    if failed || control.is_half_closed() {
        drain(&mut reader);
        control.note(Fact::PeerGone(None));
    }
}

struct Receiver<'a, S> {
    sink: &'a mut S,
    /// None where nothing is awaited.
    listener: Option<Listener<'a>>,
    /// Nothing more goes to the sink.
    discards: bool,
    had_data: bool,
    /// What has come and was not told yet.
    tally: Tally,
    /// Answers to pings that came one behind the other.
    pongs: Pongs,
    control: &'a Control,
}

impl<S: Sink> Receiver<'_, S> {
    /// Deals with all that has been read; gives the fact that ends the receiving, if there is one.
    fn events(&mut self, decoder: &mut Decoder) -> Option<Fact> {
        let end = loop {
            match decoder.next() {
                Ok(Some(event)) => {
                    if let Some(close) = self.event(&event) {
                        break Some(Fact::PeerClosed(close));
                    }
                }
                Ok(None) => break None,
                Err(violation) => break Some(Fact::Violation(violation)),
            }
        };
        self.pass_on_pongs();
        if !self.discards {
            let trouble = match &end {
                Some(Fact::Violation(violation)) => Some(violation.to_string()),
                Some(_) => self.control.time_out().or_else(|| cut_off(decoder).map(|cut| cut.to_string())),
                None => None,
            };
            if let Some(words) = trouble {
                self.sink.trouble(&words);
            }
            let flushed = self.sink.flush();
            self.judge(flushed);
        }
        end
    }

    /// Deals with an event; gives the peer's Close.
    fn event(&mut self, event: &Event<'_>) -> Option<Close> {
        if !matches!(event, Event::Ping(_)) {
            // The sink may take its time.
            self.pass_on_pongs();
        }
        if !self.discards {
            if matches!(event, Event::Close(_)) && self.control.has_ordered_close() {
                self.sink.we_closed_first();
            }
            let taken = self.sink.take(event);
            self.judge(taken);
        }
        match event {
            Event::Data(chunk) => {
                self.had_data = true;
                self.tally.count(chunk.payload.len(), chunk.last);
                self.listen(chunk);
            }
            Event::Ping(payload) => self.pongs.push(payload),
            Event::Pong(_) => {}
            Event::Close(close) => return Some(close.clone()),
        }
        None
    }

    /// Leaves the answers to the sending side: all at once, for a peer may send pings without pause, and the two sides
    /// would do nothing but contend for what they share.
    fn pass_on_pongs(&mut self) {
        if !self.pongs.is_empty() {
            self.control.pongs(&mut self.pongs);
        }
    }

    /// Counts a message and looks into it, if any are awaited.
    fn listen(&mut self, chunk: &Chunk<'_>) {
        let Some(listener) = self.listener.as_mut().filter(|_| !self.discards) else { return };
        match listener.take(chunk) {
            Ok(progress) => {
                if progress.last {
                    let flushed = self.sink.flush();
                    self.judge(flushed);
                    if !self.discards {
                        self.discards = true;
                        self.control.all_has_come();
                    }
                }
                if progress.met {
                    self.control.wake_sender();
                }
            }
            Err(violation) => self.judge(Err(SinkError::TooBig(violation))),
        }
    }

    fn judge(&mut self, result: Result<(), SinkError>) {
        let Err(error) = result else { return };
        self.discards = true;
        self.control.note(match error {
            SinkError::Closed => Fact::OutputClosed,
            SinkError::Failed(why) => Fact::OutputFailed(why),
            SinkError::TooBig(violation) => Fact::Violation(violation),
        });
    }
}

/// What has come of a message whose end has not.
fn cut_off(decoder: &Decoder) -> Option<CutOff> {
    decoder.given_of_message().map(CutOff)
}

/// Reads into the decoder's buffer; if that has grown and nothing comes for a while, it is made small again. `bounded` says
/// whether reads are.
fn read_or_shrink(
    reader: &mut impl Read,
    decoder: &mut Decoder,
    control: &Control,
    bounded: &mut bool,
) -> io::Result<usize> {
    loop {
        let has_grown = decoder.has_grown();
        if has_grown != *bounded && control.set_read_timeout(has_grown.then_some(IDLE)) {
            *bounded = has_grown;
        }
        match read(reader, decoder.space()) {
            Err(error) if *bounded && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                decoder.shrink();
            }
            result => return result,
        }
    }
}

fn read(reader: &mut impl Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(space) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads what the peer still sends and forgets it: closing a socket that holds unread data would reset the connection, and
/// the peer might never see our Close.
fn drain(reader: &mut impl Read) {
    let mut forgotten = vec![0; 8192];
    while read(reader, &mut forgotten).is_ok_and(|count| count > 0) {}
}
