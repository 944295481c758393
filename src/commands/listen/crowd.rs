//! The clients that are there, as those see them who speak to all of them.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::bridge::{Control, Ending, Fact, Outbox, Tick};
use crate::commands::coding::Worth;
use crate::commands::exec::Held;
use crate::net::{Interest, Wake, pipe, wait};

/// The clients that are there.
#[derive(Debug)]
pub(super) struct Crowd {
    members: Mutex<Members>,
    /// Wakes the thread that reads the input, when somebody has come.
    arrived: Wake,
    /// Wakes the thread that keeps the time.
    wake: Arc<Wake>,
}

#[derive(Debug)]
struct Members {
    clients: Vec<Client>,
    /// How many have ever been announced.
    announced: u64,
    /// Those whose sessions are being started: they may have got something already.
    arriving: usize,
    /// What was sent last has ended with a whole message.
    between_messages: bool,
    input: Input,
    /// Why the run ends; told also to those whose handshake was under way then.
    end: Option<Fact>,
}

/// What has become of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// It goes on.
    Open,
    /// It has ended.
    Ended,
    /// It ended in a way that ends the sessions.
    EndedWith(Fact),
}

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    /// Its number, the first being 1.
    pub(super) number: u64,
    /// Its address.
    pub(super) peer: String,
    /// Its session.
    pub(super) control: Arc<Control>,
    /// What waits to be sent to it.
    pub(super) outbox: Arc<Outbox>,
    /// What its compression has been worth.
    pub(super) worth: Worth,
    /// It came while a long message was being sent, and gets its share from the next one on.
    pub(super) waits: bool,
    /// Its command, if it has one; that ends when the client leaves.
    #[expect(dead_code, reason = "it is held until the client is dropped")]
    pub(super) command: Option<Held>,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(wake: Arc<Wake>) -> io::Result<Self> {
        let members = Members {
            clients: Vec::new(),
            announced: 0,
            arriving: 0,
            between_messages: true,
            input: Input::Open,
            end: None,
        };
        Ok(Crowd { members: Mutex::new(members), arrived: Wake::new()?, wake })
    }

    /// Announces a client whose session is about to start; nobody ends the run over it.
    pub(super) fn announce(&self) -> Arrival<'_> {
        let mut members = self.lock();
        members.arriving += 1;
        members.announced += 1;
        Arrival { number: members.announced, crowd: self }
    }

    fn join(&self, client: Client) {
        let mut members = self.lock();
        match &members.input {
            Input::Open => {}
            Input::Ended => client.outbox.end(),
            Input::EndedWith(fact) => client.control.note(fact.clone()),
        }
        if let Some(fact) = &members.end {
            client.control.note(fact.clone());
        }
        members.clients.push(client);
        self.arrived.wake();
        self.wake.wake();
    }

    /// Waits until somebody is there; false when the input, of which nothing is read meanwhile, has come to its end after
    /// somebody had been there. (What it held before the first client came is for that one.)
    pub(super) fn wait_for_somebody(&self, input: &impl AsFd) -> bool {
        loop {
            self.arrived.clear();
            let members = self.lock();
            if !members.clients.is_empty() {
                return true;
            }
            let was_there = members.announced > 0 && members.arriving == 0;
            drop(members);
            if was_there && pipe::is_at_its_end(input) {
                return false;
            }
            // If waiting fails, it is looked at again at once.
            let _ = if was_there && !pipe::holds_bytes(input) {
                wait(&[(self.arrived.as_fd(), Interest::Read), (input.as_fd(), Interest::Gone)], None).map(drop)
            } else {
                wait(&[(self.arrived.as_fd(), Interest::Read)], None).map(drop)
            };
        }
    }

    /// Leaves frames for everybody, waiting for room. A message that begins when nobody is there waits for somebody.
    pub(super) fn send(&self, frames: &Arc<[u8]>, ends_between_messages: bool) {
        let mut members = self.members_if(|members| !members.between_messages || !members.clients.is_empty());
        if members.between_messages {
            members.clients.iter_mut().for_each(|client| client.waits = false);
        }
        members.between_messages = ends_between_messages;
        let there = members.clients.iter().filter(|client| !client.waits);
        let outboxes: Vec<_> = there.map(|client| Arc::clone(&client.outbox)).collect();
        // Nobody may wait for room while others wait to come or to go.
        drop(members);
        for outbox in outboxes {
            // One that takes no more is leaving, and its session's end is told elsewhere.
            outbox.put(Arc::clone(frames));
        }
    }

    /// Tells everybody that the input is over.
    pub(super) fn end_input(&self, input: Input) {
        let mut members = self.lock();
        for client in &members.clients {
            match &input {
                Input::EndedWith(fact) => client.control.note(fact.clone()),
                Input::Open | Input::Ended => client.outbox.end(),
            }
        }
        members.input = input;
        self.wake.wake();
    }

    /// What has become of the input.
    pub(super) fn input(&self) -> Input {
        self.lock().input.clone()
    }

    /// Tells every session why the run ends.
    pub(super) fn end(&self, fact: &Fact) {
        let mut members = self.lock();
        members.clients.iter().for_each(|client| client.control.note(fact.clone()));
        members.end = Some(fact.clone());
    }

    /// Sees to what the time has brought: those whose sessions are over leave. Says when to do so again.
    pub(super) fn tick(&self) -> (Vec<(Client, Ending)>, Option<Instant>) {
        let mut members = self.lock();
        let (mut left, mut wake_at) = (Vec::new(), None::<Instant>);
        let mut index = 0;
        while let Some(client) = members.clients.get(index) {
            match client.control.tick() {
                Tick::Ended(ending) => left.push((members.clients.swap_remove(index), ending)),
                Tick::WakeAt(at) => {
                    wake_at = [wake_at, at].into_iter().flatten().min();
                    index += 1;
                }
            }
        }
        (left, wake_at)
    }

    /// Whether nobody is there, nor about to be.
    pub(super) fn is_empty(&self) -> bool {
        let members = self.lock();
        members.clients.is_empty() && members.arriving == 0
    }

    fn members_if(&self, mut ready: impl FnMut(&Members) -> bool) -> MutexGuard<'_, Members> {
        loop {
            self.arrived.clear();
            let members = self.lock();
            if ready(&members) {
                return members;
            }
            drop(members);
            // If waiting fails, it is looked at again at once.
            let _ = wait(&[(self.arrived.as_fd(), Interest::Read)], None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        // Nothing in here panics half-way.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that has been announced; it joins, or is forgotten.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// Its number, the first being 1.
    pub(super) number: u64,
    crowd: &'a Crowd,
}

impl Arrival<'_> {
    /// Takes the client in.
    pub(super) fn join(self, client: Client) {
        self.crowd.join(client);
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.crowd.lock().arriving -= 1;
        self.crowd.arrived.wake();
        self.crowd.wake.wake();
    }
}
