//! What a server says first, read as it passes by: native-tls tells neither the version nor the certificates behind the
//! server's own. Up to TLS 1.2 all of this is in the clear; with TLS 1.3 only the version is (RFC 8446, 2).
//!
//! Invariant: whatever comes, nothing fails, and no more is held than [`MAX`] and one read.

use super::hello::{TlsVersion, chosen_version};

/// How much the messages up to the certificates may take, in bytes. Real ones take 2 to 10 KiB.
const MAX: usize = 64 << 10;
/// The longest record, in bytes (RFC 5246, 6.2.3).
const MAX_RECORD: usize = (16 << 10) + 2048;

/// Record types (RFC 5246, 6.2.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// Handshake types (RFC 5246, 7.4).
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

/// The messages with which a server begins, as far as they tell something.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The header of the record that is being read, as far as it has come.
    header: Vec<u8>,
    /// How much of that record's content is still to come.
    left: usize,
    /// Content of handshake records that is no whole message yet.
    messages: Vec<u8>,
    /// How much such content has come.
    taken: usize,
    version: Option<TlsVersion>,
    certificates: Vec<Vec<u8>>,
    /// Nothing more is wanted, or can be had.
    is_over: bool,
}

impl Flight {
    /// Takes the next bytes of the server, however they are split.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_over {
            let count = if self.left == 0 { self.take_header(bytes) } else { self.take_content(bytes) };
            bytes = &bytes[count..];
        }
    }

    /// The version that the server chose, once its hello has come.
    pub(super) fn version(&self) -> Option<TlsVersion> {
        self.version
    }

    /// The certificates that the server sent, its own first, in DER; none where they could not be seen.
    pub(super) fn into_certificates(self) -> Vec<Vec<u8>> {
        self.certificates
    }

    fn take_header(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(5 - self.header.len());
        self.header.extend_from_slice(&bytes[..count]);
        if let [kind, major, _, high, low] = self.header[..] {
            self.left = usize::from(u16::from_be_bytes([high, low]));
            // What follows a change of keys is encrypted. An alert may be a warning that changes nothing.
            let is_readable = matches!(kind, ALERT | HANDSHAKE) && major == 3 && self.left <= MAX_RECORD;
            self.is_over = !is_readable;
            if self.left == 0 {
                self.header.clear();
            }
        }
        count
    }

    fn take_content(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.left);
        self.left -= count;
        if self.header[0] == HANDSHAKE {
            self.taken += count;
            self.messages.extend_from_slice(&bytes[..count]);
            self.read_messages();
            self.is_over |= self.taken > MAX;
        }
        if self.left == 0 {
            self.header.clear();
        }
        count
    }

    /// Reads the messages that are whole. A message may span records, and a record may hold several (RFC 5246, 6.2.1).
    fn read_messages(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        let mut rest = &messages[..];
        while let Some((kind, body, behind)) = message(rest)
            && !self.is_over
        {
            match kind {
                SERVER_HELLO => {
                    self.version = chosen_version(body);
                    self.is_over = self.version.is_none_or(|version| version >= TlsVersion::V1_3);
                }
                CERTIFICATE => {
                    self.certificates = certificates(body).unwrap_or_default();
                    self.is_over = true;
                }
                SERVER_HELLO_DONE => self.is_over = true,
                _ => {}
            }
            rest = behind;
        }
        let used = messages.len() - rest.len();
        messages.drain(..used);
        self.messages = messages;
    }
}

/// The first handshake message: its type, its body, and what stands behind it. None while it is not whole.
fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (body, behind) = counted(rest)?;
    Some((*kind, body, behind))
}

/// The list of a Certificate message (RFC 5246, 7.4.2); none if it is not as it should be.
fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut list, []) = counted(body)? else { return None };
    let mut certificates = Vec::new();
    while !list.is_empty() {
        let (certificate, rest) = counted(list)?;
        if certificate.is_empty() {
            return None;
        }
        certificates.push(certificate.to_vec());
        list = rest;
    }
    Some(certificates)
}

/// Bytes behind a length of three, and what follows them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([high, middle, low], rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes([0, *high, *middle, *low]) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &with_length(body)].concat()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3][..], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    fn hello() -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0]].concat();
        message(SERVER_HELLO, &body)
    }

    fn certificate(list: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> = list.iter().flat_map(|certificate| with_length(certificate)).collect();
        message(CERTIFICATE, &with_length(&list))
    }

    fn fed(pieces: &[&[u8]]) -> Flight {
        let mut flight = Flight::default();
        for piece in pieces {
            flight.feed(piece);
        }
        flight
    }

    /// Two certificates, in messages that are cut into records at these places.
    fn flights() -> Vec<Vec<u8>> {
        let (hello, certificate) = (hello(), certificate(&[b"leaf", b"issuer"]));
        let both = [&hello[..], &certificate].concat();
        let done = message(SERVER_HELLO_DONE, b"");
        let whole = [both.clone(), done.clone()].concat();
        let mut flights = vec![
            [record(HANDSHAKE, &hello), record(HANDSHAKE, &certificate), record(HANDSHAKE, &done)].concat(),
            record(HANDSHAKE, &whole),
            // A warning (unrecognized_name), and a record without content, change nothing.
            [record(ALERT, &[1, 112]), record(HANDSHAKE, &[]), record(HANDSHAKE, &both)].concat(),
        ];
        for at in [1, 4, 5, hello.len() - 1, hello.len() + 1, hello.len() + 8, both.len() - 1] {
            flights.push([record(HANDSHAKE, &both[..at]), record(HANDSHAKE, &both[at..])].concat());
        }
        flights
    }

    #[test]
    fn certificates_in_the_clear_wherever_the_bytes_are_split() {
        for bytes in flights() {
            for at in 0..=bytes.len() {
                let flight = fed(&[&bytes[..at], &bytes[at..]]);
                assert_eq!(flight.version(), Some(TlsVersion::V1_2), "split at {at}");
                assert_eq!(flight.into_certificates(), [&b"leaf"[..], b"issuer"], "split at {at}");
            }
            let one_by_one = fed(&bytes.chunks(1).collect::<Vec<_>>());
            assert_eq!(one_by_one.into_certificates().len(), 2);
        }
    }

    #[test]
    fn what_is_cut_off_has_no_certificates() {
        let bytes = [record(HANDSHAKE, &hello()), record(HANDSHAKE, &certificate(&[b"leaf"]))].concat();
        for length in 0..bytes.len() {
            assert!(fed(&[&bytes[..length]]).into_certificates().is_empty(), "{length}");
        }
    }

    #[test]
    fn of_tls_1_3_there_is_the_version() {
        let body = [&[3, 3][..], &[7; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        // What follows is encrypted; if it were not, it would not be of 1.3.
        let bytes = [record(HANDSHAKE, &message(SERVER_HELLO, &body)), record(23, &certificate(&[b"leaf"]))].concat();
        let flight = fed(&[&bytes]);
        assert_eq!(flight.version(), Some(TlsVersion::V1_3));
        assert!(flight.into_certificates().is_empty());
    }

    #[test]
    fn lists_that_are_not_as_they_should_be() {
        for body in [
            &b""[..],
            b"\0\0",
            b"\0\0\x01",
            b"\0\0\x03\0\0\0",
            b"\0\0\x03\0\0\x01",
            b"\0\0\x04\0\0\x01ab",
            b"\xff\xff\xff\0\0\x01a",
            b"\0\0\x05\0\0\x09ab",
        ] {
            let bytes = [record(HANDSHAKE, &hello()), record(HANDSHAKE, &message(CERTIFICATE, body))].concat();
            assert!(fed(&[&bytes]).into_certificates().is_empty(), "{body:?}");
        }
        assert_eq!(certificates(b"\0\0\0"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_tls_or_without_measure_is_left_alone() {
        let huge = [&[CERTIFICATE, 0xff, 0xff, 0xff][..], &[0; 10_000]].concat();
        let endless: Vec<u8> = std::iter::repeat_n(record(HANDSHAKE, &huge), 100).flatten().collect();
        let empty = record(HANDSHAKE, &[]).repeat(1000);
        let unknown: Vec<u8> = record(HANDSHAKE, &message(99, &[0; 100])).repeat(1000);
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[22, 3, 3, 0xff, 0xff], &endless, &empty, &unknown] {
            let flight = fed(&[bytes]);
            assert!(flight.messages.len() <= MAX + MAX_RECORD && flight.taken <= MAX + MAX_RECORD);
            assert_eq!((flight.version, flight.certificates.len()), (None, 0));
        }
        // A change of keys: a session that goes on from before shows no certificate.
        let resumed = [record(HANDSHAKE, &hello()), record(20, &[1]), record(HANDSHAKE, &certificate(&[b"x"]))];
        assert!(fed(&[&resumed.concat()]).into_certificates().is_empty());
    }
}
