//! What was read from the input and is not with the socket yet, kept so that it can be sent on another connection.
//!
//! A message is kept from its beginning until the socket has taken the last byte of its last frame. If the connection breaks
//! before, it is sent again as a whole: the peer can't have seen its end.

use std::collections::VecDeque;

use super::send::BATCH;
use crate::protocol::{Chunk, Encoder, Event, Kind};

/// Pieces of messages, and how far the socket has taken them.
#[derive(Debug)]
pub(super) struct Kept {
    /// The longest message that is kept, in bytes.
    limit: u64,
    /// What was encoded on this connection.
    pieces: Vec<Piece>,
    /// Their payloads, one behind the other.
    payloads: Vec<u8>,
    /// The first piece of the message that goes on, and how long that is so far.
    open: Option<(usize, u64)>,
    /// The pieces that the socket had taken when the encoder was last empty.
    settled: usize,
    /// How much of what the encoder holds the socket has taken, in bytes.
    taken: usize,
    /// What was encoded on a connection that broke, in its order: each piece and its payload.
    again: VecDeque<(Piece, Vec<u8>)>,
}

/// A frame's worth of a message; a Ping or Pong.
#[derive(Debug, Clone, Copy)]
struct Piece {
    what: What,
    first: bool,
    last: bool,
    /// Bytes of its payload.
    length: usize,
    /// Bytes of the input that it was made of.
    input: u64,
    /// Where in the encoder it ends; 0 once that was emptied.
    ends_at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Data(Kind),
    Ping,
    Pong,
}

/// A message is longer than the most that is kept, so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) u64);

impl Kept {
    /// Nothing yet; of a message, so many bytes will be kept at most.
    pub(super) fn new(limit: u64) -> Self {
        let (pieces, payloads, again) = Default::default();
        Kept { limit, pieces, payloads, open: None, settled: 0, taken: 0, again }
    }

    /// Encodes a message, a piece of one, a Ping or a Pong, and keeps it.
    pub(super) fn encode(&mut self, event: &Event<'_>, encoder: &mut Encoder) -> Result<(), TooLong> {
        let (what, payload, first, last) = match event {
            Event::Data(chunk) => (What::Data(chunk.kind), chunk.payload, chunk.first, chunk.last),
            Event::Ping(payload) => (What::Ping, *payload, true, true),
            Event::Pong(payload) => (What::Pong, *payload, true, true),
            Event::Close(_) => return Ok(()),
        };
        if let What::Data(_) = what {
            let (start, before) = self.open.filter(|_| !first).unwrap_or((self.pieces.len(), 0));
            let length = before + payload.len() as u64;
            if length > self.limit {
                return Err(TooLong(self.limit));
            }
            self.open = (!last).then_some((start, length));
        }
        encoder.push(event);
        self.payloads.extend_from_slice(payload);
        let (length, ends_at) = (payload.len(), encoder.pending().len());
        self.pieces.push(Piece { what, first, last, length, input: 0, ends_at });
        Ok(())
    }

    /// Says of how many bytes of the input the piece was made that was encoded last.
    pub(super) fn made_of(&mut self, input: u64) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.input = input;
        }
    }

    /// The socket has taken so many bytes more of what the encoder holds.
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken += bytes;
    }

    /// The socket has taken all that the encoder held.
    pub(super) fn sent(&mut self) {
        self.taken = 0;
        let Some((start, length)) = self.open else {
            self.pieces.clear();
            self.payloads.clear();
            self.settled = 0;
            return;
        };
        // While a message goes on from batch to batch, nothing stands before it, and nothing moves.
        if start > 0 {
            let before: usize = self.pieces.drain(..start).map(|piece| piece.length).sum();
            self.payloads.drain(..before);
            self.settled = 0;
        }
        self.pieces[self.settled..].iter_mut().for_each(|piece| piece.ends_at = 0);
        self.settled = self.pieces.len();
        self.open = Some((0, length));
    }

    /// The connection is another one: what the old one has not taken is to be sent again.
    pub(super) fn begin_again(&mut self) {
        let left = self.left();
        let (pieces, payloads) = (std::mem::take(&mut self.pieces), std::mem::take(&mut self.payloads));
        let mut end = payloads.len();
        for (piece, is_left) in pieces.into_iter().zip(left).rev() {
            let payload = &payloads[end - piece.length..end];
            end -= piece.length;
            if is_left {
                self.again.push_front((piece, payload.to_vec()));
            }
        }
        (self.open, self.settled, self.taken) = (None, 0, 0);
    }

    /// Encodes what is to be sent again, up to a batch; false if there is nothing of that.
    pub(super) fn resume(&mut self, encoder: &mut Encoder) -> bool {
        let any = !self.again.is_empty();
        while encoder.pending().len() < BATCH
            && let Some((piece, payload)) = self.again.pop_front()
        {
            let Piece { what, first, last, input, .. } = piece;
            let event = match what {
                What::Data(kind) => Event::Data(Chunk { kind, first, last, length: None, payload: &payload }),
                What::Ping => Event::Ping(&payload),
                What::Pong => Event::Pong(&payload),
            };
            // It was not too long before.
            let _ = self.encode(&event, encoder);
            self.made_of(input);
        }
        any
    }

    /// Of how many bytes of the input that is made which the socket has not taken to its end.
    pub(super) fn unsent(&self) -> u64 {
        let encoded = self.pieces.iter().zip(self.left()).filter(|(_, is_left)| *is_left).map(|(piece, _)| piece);
        encoded.chain(self.again.iter().map(|(piece, _)| piece)).map(|piece| piece.input).sum()
    }

    /// Of which pieces the message has not been taken to its end.
    fn left(&self) -> Vec<bool> {
        let mut left = vec![true; self.pieces.len()];
        let mut is_message_left = true;
        for (piece, is_left) in self.pieces.iter().zip(&mut left).rev() {
            let is_own_end_left = piece.ends_at > self.taken;
            *is_left = match piece.what {
                What::Data(_) => {
                    if piece.last {
                        is_message_left = is_own_end_left;
                    }
                    is_message_left
                }
                What::Ping | What::Pong => is_own_end_left,
            };
        }
        left
    }
}

#[cfg(test)]
mod tests;
