//! A client's session, with whatever it is connected with.

use std::sync::{Arc, mpsc};

use super::service::{Ends, Place, Service};
use crate::bridge::{Bell, Ending, Receiving, Rules, SendingThread, Session, Source, Tunnel};
use crate::commands::RECEIVE_BUFFER;
use crate::commands::coding::{Coding, Worth};
use crate::commands::exec::{self, Attached, Held};
use crate::commands::listen::begun::Holds;
use crate::commands::listen::crowd::{Arrival, Client};
use crate::commands::listen::room::RoomSink;
use crate::commands::listen::shared::ClientSink;
use crate::commands::record::record_client;
use crate::net::Connection;
use crate::opening::Accepted;
use crate::protocol::Role;
use crate::records::{Format, OutputFormat};

/// What one read of a client's socket can bring, in bytes, at most.
const CLIENT_BUFFER: usize = 64 << 10;

/// A client whose session is about to start.
struct Newcomer<'a> {
    arrival: Arrival<'a>,
    thread: SendingThread,
    peer: &'a str,
    worth: Worth,
    /// Who tells of its end, if that is to be told.
    told_by: Option<mpsc::Sender<Ending>>,
    command: Option<Held>,
}

impl Newcomer<'_> {
    /// Starts the session, and takes the client in.
    fn begin(self, session: Session, source: impl Source + 'static, bell: Arc<dyn Bell>) -> Receiving {
        let Newcomer { arrival, thread, peer, worth, told_by, command } = self;
        let client_bell = arrival.bell();
        let receiving = session.start_on(thread, source, bell, Arc::clone(&client_bell) as Arc<dyn Bell>);
        let control = Arc::clone(receiving.control());
        let (number, peer, bell) = (arrival.number, peer.to_owned(), client_bell);
        arrival.join(Client { number, peer, control, worth, bell, told_by, command });
        receiving
    }
}

impl Service {
    /// A client's session, to the end of what it sends.
    pub(super) fn session(&self, connection: Connection, peer: &str, accepted: Accepted, place: Place<'_>) {
        let Place { arrival, thread, ends } = place;
        let number = arrival.number;
        // (What a command says comes behind its client.)
        if !matches!(ends, Ends::Command(_)) {
            log::info!("client {number} at {peer}: {}", accepted.summary());
        }
        let connection = record_client(self.recorder.as_ref(), connection, &accepted, &self.url, peer, Some(number));
        let (pipe, endpoint) = (&self.config.pipe, &self.config.endpoint);
        let is_stream = matches!(ends, Ends::Stream(_));
        let (buffer, grows) = if is_stream { (RECEIVE_BUFFER, false) } else { (CLIENT_BUFFER, true) };
        let Coding { decoder, encoder, worth } = self.config.coding(&accepted, buffer, grows);
        let countdown = self.countdown.clone().filter(|_| !endpoint.is_stdio());
        let awaited = if is_stream { None } else { pipe.awaited(countdown) };
        let rules = Rules { grace: self.config.grace, ..endpoint.rules(pipe, Role::Server, self.start) };
        let session = Session { connection, decoder, encoder, awaited, rules };
        let opening = accepted.opening(&self.url, peer);
        // A session may last for days.
        drop(accepted);
        let newcomer = Newcomer { arrival, thread, peer, worth, told_by: None, command: None };
        match ends {
            Ends::Stream(tunnel) => {
                let Tunnel { source, mut sink, bell } = *tunnel;
                newcomer.begin(session, source, bell).run(&mut sink);
            }
            Ends::Command(attached) => {
                let Attached { source, mut sink, bell, command } = *attached;
                let session = exec::session(session, &command);
                let newcomer = Newcomer { command: command.ok(), ..newcomer };
                let receiving = newcomer.begin(session, source, bell);
                sink.open(&opening);
                drop(opening);
                let holds: Holds = match pipe.output {
                    OutputFormat::Records(Format::Json) => |_| true,
                    // Where the length is known, it can be written first.
                    OutputFormat::Records(Format::Length) => |chunk| chunk.length.is_none(),
                    _ => |_| false,
                };
                receiving.run(&mut self.begun.bound(sink, holds));
            }
            Ends::Queue(source, Some(mut echo), outbox) => newcomer.begin(session, source, outbox).run(&mut *echo),
            Ends::Queue(source, None, outbox) => match &self.output {
                None => {
                    let room = RoomSink::new(number, Arc::clone(&self.crowd));
                    let mut room = self.begun.bound(room, |_| true);
                    newcomer.begin(session, source, outbox).run(&mut room);
                }
                Some(output) => {
                    let (told_by, ending) = mpsc::channel();
                    let told_by = self.events.is_some().then_some(told_by);
                    let receiving = Newcomer { told_by, ..newcomer }.begin(session, source, outbox);
                    let control = Arc::clone(receiving.control());
                    let mut sink = ClientSink::new(pipe.joiner(Some(number)), pipe.output, Arc::clone(output), control);
                    sink.open(&opening);
                    drop(opening);
                    let holds = pipe.output == Format::Json.into() || pipe.output == Format::Length.into();
                    let mut sink = self.begun.bound(sink, if holds { |_| true } else { |_| false });
                    receiving.run(&mut sink);
                    // (Where nothing is told, nobody sends it.)
                    if let (Ok(ending), Some(events)) = (ending.recv(), &self.events) {
                        sink.sink().close(&ending);
                        events.told();
                    }
                }
            },
        }
    }
}
