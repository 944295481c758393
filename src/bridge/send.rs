//! The sending side: what a source gives, as frames, into the socket.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use super::{Control, Fact, Unsent};
use crate::protocol::{Close, Encoder, Event, Tally};
use crate::records::RecordError;

/// Frames leave when this many bytes have gathered, or when the source has nothing more at the moment.
pub(super) const BATCH: usize = 256 << 10;

/// A socket that has room at once takes this much, in bytes, without making anybody wait; one that had none, this much.
const PIECE: usize = 64 << 10;
const SMALL_PIECE: usize = 16 << 10;
/// How often a sending side that waits for room looks whether it is to wait on.
const LOOK: Duration = Duration::from_millis(100);

/// Where messages to send come from.
pub trait Source: Send {
    /// Whether the session may be [cut off](Self::is_cut_off). Frames then leave in pieces, each when the socket has room
    /// for it: so a Close finds room behind them though the peer does not read.
    const PACED: bool = false;

    /// Waits until there is something to send or an order to carry out, and encodes all there is, up to a batch.
    ///
    /// # Errors
    /// The input can't be read, or can't be sent; what came before it has been encoded.
    fn pull(&mut self, encoder: &mut Encoder) -> Result<Pulled, SourceError>;

    /// Encodes what is still to be said before our Close, and waits for that; true if there may be more after it.
    fn last_words(&mut self, _encoder: &mut Encoder) -> bool {
        false
    }

    /// Gives the Close that is sent where this one was ordered, behind the last words.
    fn parting(&mut self, ordered: Close) -> Close {
        ordered
    }

    /// Encodes what waits in memory, without waiting for more; a Close will follow.
    fn drain(&mut self, _encoder: &mut Encoder) {}

    /// How much is written at once, in bytes: a write that fails may have taken nothing that counts.
    fn largest_write(&self) -> usize {
        usize::MAX
    }

    /// Says that so many bytes have reached the socket.
    fn took(&mut self, _bytes: usize) {}

    /// Whether what was encoded is not to be sent any more, but for the frame that is on its way.
    fn is_cut_off(&self) -> bool {
        false
    }

    /// Says that all that was encoded has reached the socket.
    fn sent(&mut self) {}

    /// Waits for an order, and takes nothing in meanwhile. A queue may let go of those who fill it: there, it is called last.
    fn wait_for_orders(&mut self);

    /// What was taken from the input and has not reached the socket; of one that is paced, what has not been encoded.
    fn unsent(&self) -> Unsent {
        Unsent::default()
    }
}

/// What a source had to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// Frames.
    Frames,
    /// Frames perhaps, and after them the input asks for this Close.
    Close(Close),
    /// Nothing: there are orders.
    Orders,
    /// Nothing: the input has ended.
    Ended,
}

/// Why a source can give nothing more.
#[derive(Debug, Clone)]
pub enum SourceError {
    /// The system's words.
    Failed(String),
    /// A record that can't be sent, and whether its beginning has been encoded.
    BadRecord(RecordError, bool),
}

/// Runs the sending side until nothing can be sent any more. The only writer of the socket.
///
/// After a Close only Pongs follow: a Ping that comes before the peer's Close is answered (RFC 6455, 5.5.2).
pub fn send(mut source: impl Source, encoder: Encoder, mut writer: impl Write, control: &Control) {
    let mut pump = Pump { encoder, writer: &mut writer, saying: 0, lost: Tally::default(), is_silent: false, control };
    let run = pump.run(&mut source);
    if let Err(error) = &run {
        control.note(Fact::SendFailed(error.to_string()));
    }
    control.note(Fact::SenderEnded(pump.unsent(&source)));
    if run.is_ok() {
        // It may fail without harm: all that has to arrive is on its way.
        let _ = pump.answer_pings(&mut source);
    }
}

struct Pump<'a, W> {
    encoder: Encoder,
    writer: &'a mut W,
    /// Bytes of the dialogue's texts that are on their way to the socket.
    saying: usize,
    /// What was encoded and will never reach the socket.
    lost: Tally,
    /// Nothing is left to be said that would come before the source.
    is_silent: bool,
    control: &'a Control,
}

impl<W: Write> Pump<'_, W> {
    fn run(&mut self, source: &mut impl Source) -> std::io::Result<()> {
        loop {
            let pulled = if self.say(source)? {
                source.pull(&mut self.encoder)
            } else {
                source.wait_for_orders();
                Ok(Pulled::Orders)
            };
            self.write(source)?;
            match pulled {
                Ok(Pulled::Frames) => {}
                Ok(Pulled::Ended) => self.control.note(Fact::InputEnded),
                // The order to close follows, and is waited for as any other.
                Ok(Pulled::Close(close)) => self.control.note(Fact::CloseAsked(close)),
                Ok(Pulled::Orders) => {
                    if self.carry_out_orders(source)? {
                        return Ok(());
                    }
                }
                Err(SourceError::Failed(why)) => self.control.note(Fact::InputFailed(why)),
                Err(SourceError::BadRecord(error, begun)) => {
                    self.control.note(Fact::BadRecord(error, begun));
                }
            }
        }
    }

    /// Sends what the other threads have left; true if nothing may follow it.
    fn carry_out_orders(&mut self, source: &mut impl Source) -> std::io::Result<bool> {
        let orders = self.control.orders();
        if orders.stop {
            return Ok(true);
        }
        for pong in orders.pongs.iter() {
            self.encoder.push(&Event::Pong(pong));
        }
        let Some(close) = orders.close else {
            if orders.ping {
                self.encoder.push(&Event::Ping(b""));
            }
            self.write(source)?;
            return Ok(false);
        };
        self.say(source)?;
        while source.last_words(&mut self.encoder) {
            self.write(source)?;
        }
        let close = source.parting(close);
        source.drain(&mut self.encoder);
        self.encoder.push(&Event::Close(close));
        self.write(source)?;
        self.control.note(Fact::CloseSent);
        Ok(true)
    }

    /// Says what is to be said by now; true if the source may be taken from: nothing that goes before it is still to come.
    fn say(&mut self, source: &mut impl Source) -> std::io::Result<bool> {
        let Some(awaited) = self.control.awaited().filter(|_| !self.is_silent) else { return Ok(true) };
        self.saying = awaited.say(&mut self.encoder);
        self.write(source)?;
        self.saying = 0;
        self.is_silent = !awaited.has_more_to_say();
        if awaited.sent() {
            self.control.note(Fact::Satisfied);
        }
        Ok(self.is_silent)
    }

    /// Answers what the peer still asks, until there is nobody to answer.
    fn answer_pings(&mut self, source: &mut impl Source) -> std::io::Result<()> {
        loop {
            let orders = self.control.orders();
            if orders.stop {
                return Ok(());
            }
            for pong in orders.pongs.iter() {
                self.encoder.push(&Event::Pong(pong));
            }
            self.write(source)?;
            source.wait_for_orders();
        }
    }

    fn write<S: Source>(&mut self, source: &mut S) -> std::io::Result<()> {
        if self.encoder.pending().is_empty() {
            return Ok(());
        }
        if S::PACED && !source.is_cut_off() {
            return self.write_paced(source);
        }
        let mut sent = 0;
        while sent < self.encoder.pending().len() {
            let result = self.write_once(sent, source.largest_write());
            let count = result.inspect_err(|_| self.broke_off(source, sent))?;
            sent += count;
            // (What is cut off is not counted any more.)
            if !S::PACED {
                source.took(count);
            }
        }
        self.written(source);
        Ok(())
    }

    /// Writes up to so many bytes of what is pending behind those that were sent.
    fn write_once(&mut self, sent: usize, most: usize) -> std::io::Result<usize> {
        let rest = &self.encoder.pending()[sent..];
        match self.writer.write(&rest[..rest.len().min(most)]) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            result => result,
        }
    }

    /// Writes piece by piece; when it is cut off meanwhile, the rest of a frame is left to be sent.
    fn write_paced(&mut self, source: &mut impl Source) -> std::io::Result<()> {
        let (mut sent, mut piece) = (0, PIECE);
        while sent < self.encoder.pending().len() {
            if !self.control.has_room(Duration::ZERO)? {
                piece = SMALL_PIECE;
                while !self.control.has_room(LOOK)? {
                    if source.is_cut_off() {
                        self.cut(sent);
                        return Ok(());
                    }
                }
                self.control.found_room();
            }
            let result = self.write_once(sent, piece);
            let count = result.inspect_err(|_| self.broke_off(source, sent))?;
            sent += count;
            source.took(count);
        }
        self.written(source);
        Ok(())
    }

    /// The socket takes no more than these first bytes of what was encoded.
    fn broke_off(&mut self, source: &impl Source, sent: usize) {
        // (What was cut is no row of whole frames any more.)
        let went = if source.is_cut_off() { Tally::default() } else { self.encoder.tally_of(sent) };
        self.control.activity.sent(went);
        self.lost += self.encoder.tally() - went;
    }

    /// Nothing is to be sent behind the frame that these first bytes of what was encoded end in.
    fn cut(&mut self, sent: usize) {
        let all = self.encoder.tally();
        let went = self.encoder.cut(sent);
        self.control.activity.sent(went);
        self.lost += all - went - self.encoder.tally();
    }

    /// What was to be sent and never will be.
    fn unsent<S: Source>(&self, source: &S) -> Unsent {
        let unsent = source.unsent();
        if S::PACED {
            let Tally { messages, bytes } = self.lost;
            return Unsent { bytes: unsent.bytes + bytes, queued: unsent.queued + messages, ..unsent };
        }
        Unsent { bytes: unsent.bytes + self.saying as u64, ..unsent }
    }

    /// All that was encoded has reached the socket.
    fn written(&mut self, source: &mut impl Source) {
        self.control.activity.sent(self.encoder.tally());
        self.encoder.clear();
        source.sent();
    }
}
