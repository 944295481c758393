//! A session's decoder and encoder, with the compression that was agreed on.

use std::io;
use std::sync::Arc;

use crate::handshake::DeflateAgreement;
use crate::opening::masking_keys;
use crate::protocol::{Decoder, Encoder, Level, Role, Volume};

/// What a session reads and writes frames with.
#[derive(Debug)]
pub(super) struct Coding {
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) worth: Worth,
}

/// What the coding of a session depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How much one read of the socket can bring, in bytes.
    pub(super) buffer: usize,
    /// The buffer begins small, and grows up to that with what comes.
    pub(super) grows: bool,
    /// The longest message that is accepted, in bytes.
    pub(super) max_message: Option<u64>,
    /// The compression agreed on.
    pub(super) compression: Option<DeflateAgreement>,
    /// How hard to compress.
    pub(super) level: Level,
}

impl Coding {
    /// The client's side; `early` came together with the response.
    ///
    /// # Errors
    /// The system has no random bytes for masking keys.
    pub(super) fn client(terms: Terms, early: &[u8]) -> io::Result<Self> {
        Ok(Self::new(Role::Client, Encoder::client(masking_keys()?), terms, early))
    }

    /// The server's side; `early` came together with the request.
    pub(super) fn server(terms: Terms, early: &[u8]) -> Self {
        Self::new(Role::Server, Encoder::server(), terms, early)
    }

    fn new(role: Role, encoder: Encoder, terms: Terms, early: &[u8]) -> Self {
        let Terms { buffer, grows, max_message, compression, level } = terms;
        let sent_by = |role| compression.map(|agreement| agreement.sent_by(role));
        let encoder = encoder.compressing(sent_by(role), level);
        let begin = if grows { Decoder::growing } else { Decoder::resuming };
        let decoder = begin(role, buffer, max_message, early);
        let decoder = decoder.inflating(sent_by(role.peer()));
        let worth = Worth { sent: encoder.volume(), received: decoder.volume() };
        Coding { decoder, encoder, worth }
    }
}

/// What compression has been worth in a session.
#[derive(Debug)]
pub(super) struct Worth {
    sent: Option<Arc<Volume>>,
    received: Option<Arc<Volume>>,
}

impl Worth {
    /// That of no compression.
    #[cfg(test)]
    pub(super) fn nothing() -> Self {
        Worth { sent: None, received: None }
    }

    /// Bytes before and after compression, of what was sent.
    pub(super) fn sent(&self) -> (u64, u64) {
        volumes(self.sent.as_deref())
    }

    /// Bytes before and after compression, of what was received.
    pub(super) fn received(&self) -> (u64, u64) {
        volumes(self.received.as_deref())
    }

    /// Says so with `-v`, where there was compression; `who` begins the line.
    pub(super) fn tell(&self, who: &str) {
        for (verb, volume) in [("sent", &self.sent), ("received", &self.received)] {
            if let Some(volume) = volume.as_ref().filter(|volume| volume.plain() > 0) {
                log::info!("{who}compression: {verb} {volume}");
            }
        }
    }
}

fn volumes(volume: Option<&Volume>) -> (u64, u64) {
    volume.map_or((0, 0), |volume| (volume.plain(), volume.coded()))
}
