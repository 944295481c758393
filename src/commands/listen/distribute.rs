//! Standard input, sent to every client that is there.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::crowd::{Crowd, Input};
use crate::bridge::Fact;
use crate::net::{Interest, Stdio, wait};
use crate::protocol::{Encoder, Event};
use crate::records::Splitter;

/// A batch is handed to the clients when it has this many bytes, or when the input has nothing more at the moment.
const BATCH: usize = 64 << 10;

/// Reads the input to its end; nothing is read while nobody is there. Frames are encoded once, for all.
pub(super) fn distribute(mut input: Stdio, mut splitter: Splitter, crowd: &Crowd) {
    let mut encoder = Encoder::server();
    let mut over = Input::Open;
    while over == Input::Open {
        if !crowd.wait_for_somebody(&input) {
            over = Input::Ended;
            break;
        }
        match input.read(splitter.space()) {
            Ok(0) => {
                splitter.finish();
                over = Input::Ended;
            }
            Ok(count) => splitter.filled(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Somebody has made it non-blocking; what fails here fails again in the read that follows.
                let _ = wait(&[(input.as_fd(), Interest::Read)], None);
            }
            Err(error) => over = Input::EndedWith(Fact::InputFailed(error.to_string())),
        }
        if let Err(fact) = hand_out(&mut splitter, &mut encoder, crowd) {
            over = Input::EndedWith(fact);
        }
    }
    crowd.end_input(over);
}

/// Hands out the complete records in the buffer. What ends the sessions, if something does, is the error.
fn hand_out(splitter: &mut Splitter, encoder: &mut Encoder, crowd: &Crowd) -> Result<(), Fact> {
    loop {
        let next = match splitter.next() {
            Ok(Some(Event::Close(close))) => Err(Fact::CloseAsked(close)),
            Ok(Some(event)) => {
                encoder.push(&event);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(Fact::BadRecord(error, encoder.is_inside_message())),
        };
        let full = encoder.pending().len() >= BATCH;
        if !encoder.pending().is_empty() && (full || next != Ok(true)) {
            crowd.send(&Arc::from(encoder.pending()), !encoder.is_inside_message());
            encoder.clear();
        }
        if !next? {
            return Ok(());
        }
    }
}
