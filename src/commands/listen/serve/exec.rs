//! `listen --exec`: a command for each client.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Arrival, CLIENT_BUFFER, Client, Service};
use crate::bridge::{Bell, Rules, SendingThread, Session};
use crate::commands::coding::Coding;
use crate::commands::exec::{self, Attached, Attachment, Exec};
use crate::net::{Connection, Process};
use crate::opening::Accepted;
use crate::protocol::Role;

/// The commands of which something is left, with the numbers of their clients.
#[derive(Debug, Default)]
pub(super) struct Commands(Mutex<Vec<(u64, Arc<Process>)>>);

impl Commands {
    fn add(&self, client: u64, process: &Arc<Process>) {
        self.left().push((client, Arc::clone(process)));
    }

    /// Whether nothing is left of any.
    pub(super) fn are_gone(&self) -> bool {
        self.left().is_empty()
    }

    /// The clients of whose commands something is left, whether or not their sessions are over.
    pub(super) fn clients(&self) -> Vec<u64> {
        self.left().iter().map(|(client, _)| *client).collect()
    }

    /// Takes the next step towards the end of those whose sessions are over.
    pub(super) fn hurry(&self) {
        self.left().iter().for_each(|(_, process)| process.hurry());
    }

    fn left(&self) -> MutexGuard<'_, Vec<(u64, Arc<Process>)>> {
        // Nothing in here panics half-way.
        let mut processes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        processes.retain(|(_, process)| !process.is_gone());
        processes
    }
}

impl Service {
    /// A client's session with a command of its own.
    pub(super) fn command_session(
        &self,
        program: &Exec,
        connection: Connection,
        peer: &str,
        accepted: &Accepted,
        (arrival, thread): (Arrival<'_>, SendingThread),
    ) -> io::Result<()> {
        let (number, pipe, subprotocol) = (arrival.number, &self.config.pipe, accepted.subprotocol.as_deref());
        let variables = program.variables_of_client(number, peer, &accepted.request, subprotocol);
        let attachment = Attachment { client: Some(number), variables, gone: Arc::clone(&self.wake) };
        let Attached { source, mut sink, bell, command } = program.attach(pipe, &attachment)?;
        match &command {
            Ok(held) => self.commands.add(number, &held.0),
            Err(error) => log::warn!("client {number} at {peer}: cannot start the command: {error}"),
        }
        let Coding { decoder, encoder, worth } = self.config.coding(accepted, CLIENT_BUFFER, true);
        let rules = Rules { grace: self.config.grace, ..pipe.rules(Role::Server, self.start) };
        let awaited = pipe.awaited(self.countdown.clone());
        let session = exec::session(Session { connection, decoder, encoder, awaited, rules }, &command);
        let client_bell = arrival.bell();
        let receiving = session.start_on(thread, source, bell, Arc::clone(&client_bell) as Arc<dyn Bell>);
        let control = Arc::clone(receiving.control());
        let client = Client {
            number,
            peer: peer.to_owned(),
            control,
            worth,
            bell: client_bell,
            told_by: None,
            command: command.ok(),
        };
        arrival.join(client);
        sink.open(&accepted.opening(&self.url, peer));
        receiving.run(&mut sink);
        Ok(())
    }
}
