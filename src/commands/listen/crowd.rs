//! The clients that are there, as those see them who speak to all of them.

mod bells;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::bridge::{Bell, Control, Ending, Fact, Outbox, Put, Size, Tick};
use crate::commands::coding::Worth;
use crate::commands::exec::Held;
use crate::net::{Interest, Wake, pipe, wait};
use bells::Bells;
pub(super) use bells::ClientBell;

/// How often it is looked whether a client whose queue is full is too slow.
const LOOK: Duration = Duration::from_millis(50);

/// The clients that are there.
#[derive(Debug)]
pub(super) struct Crowd {
    members: Mutex<Members>,
    /// The most that may be there.
    most: Option<usize>,
    /// Everything waits for a client whose queue is full.
    lossless: bool,
    /// Wakes the thread that reads the input, when somebody has come.
    arrived: Wake,
    bells: Arc<Bells>,
}

#[derive(Debug)]
struct Members {
    /// By their numbers; also those whose sessions are about to start.
    clients: BTreeMap<u64, Member>,
    /// Those whose sessions have started.
    joined: usize,
    /// When which client wants to be looked at.
    timers: BTreeSet<(Instant, u64)>,
    /// How many have ever been announced.
    announced: u64,
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
    /// What its compression has been worth.
    pub(super) worth: Worth,
    /// What its session rings.
    pub(super) bell: Arc<ClientBell>,
    /// Who tells of its end, if that is to be told.
    pub(super) told_by: Option<mpsc::Sender<Ending>>,
    /// Its command, if it has one; that ends when the client leaves.
    #[expect(dead_code, reason = "it is held until the client is dropped")]
    pub(super) command: Option<Held>,
}

#[derive(Debug)]
struct Member {
    /// What waits to be sent to it.
    outbox: Arc<Outbox>,
    /// None until its session has started.
    client: Option<Client>,
    /// It came while a long message was being sent, and gets its share from the next one on.
    waits: bool,
    /// It was too slow before its session had started.
    is_let_go: bool,
    /// When it wants to be looked at.
    wake_at: Option<Instant>,
}

/// Everybody whom there is room for is there.
#[derive(Debug)]
pub(super) struct Full(pub(super) usize);

impl Crowd {
    /// Nobody yet, and never more than `most`.
    pub(super) fn new(wake: Arc<Wake>, most: Option<usize>, lossless: bool) -> io::Result<Self> {
        let members = Members {
            clients: BTreeMap::new(),
            joined: 0,
            timers: BTreeSet::new(),
            announced: 0,
            between_messages: true,
            input: Input::Open,
            end: None,
        };
        let (members, arrived) = (Mutex::new(members), Wake::new()?);
        Ok(Crowd { members, most, lossless, arrived, bells: Bells::new(wake) })
    }

    /// Announces a client whose session is about to start; nobody ends the run over it. Its share it gets from now on: it may
    /// be told that it is in. Of some clients something is `left`, though they may have gone: they have their places still.
    pub(super) fn announce(&self, outbox: Arc<Outbox>, left: &[u64]) -> Result<Arrival<'_>, Full> {
        let mut members = self.lock();
        let taken = members.clients.len() + left.iter().filter(|client| !members.clients.contains_key(client)).count();
        if let Some(most) = self.most.filter(|most| taken >= *most) {
            return Err(Full(most));
        }
        members.announced += 1;
        let number = members.announced;
        members.clients.insert(number, Member { outbox, client: None, waits: true, is_let_go: false, wake_at: None });
        Ok(Arrival { number, crowd: self })
    }

    fn join(&self, client: Client) {
        let mut members = self.lock();
        let (number, bell) = (client.number, Arc::clone(&client.bell));
        let input = members.input.clone();
        let end = members.end.clone();
        let Some(member) = members.clients.get_mut(&number) else { return };
        match input {
            Input::Open => {}
            Input::Ended => member.outbox.end(),
            Input::EndedWith(fact) => client.control.note(fact),
        }
        if let Some(fact) = end {
            client.control.note(fact);
        }
        if member.is_let_go {
            tell_too_slow(&client, member.outbox.limit());
        }
        member.client = Some(client);
        members.joined += 1;
        drop(members);
        // What it has rung before, nobody could look at.
        bell.heard();
        bell.ring();
        self.arrived.wake();
    }

    /// Waits until somebody is there; false when the input, of which nothing is read meanwhile, has come to its end after
    /// somebody had been there. (What it held before the first client came is for that one.)
    pub(super) fn wait_for_somebody(&self, input: &impl AsFd) -> bool {
        loop {
            self.arrived.clear();
            let members = self.lock();
            if members.joined > 0 {
                return true;
            }
            let was_there = members.announced > 0 && members.clients.is_empty();
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

    /// Leaves frames for everybody. A message that begins when nobody is there waits for somebody. Gives for how many they are.
    pub(super) fn send(&self, frames: &Arc<[u8]>, ends_between_messages: bool) -> usize {
        let mut members = self.members_if(|members| !members.between_messages || members.joined > 0);
        if members.between_messages {
            members.clients.values_mut().for_each(|member| member.waits = false);
        }
        members.between_messages = ends_between_messages;
        self.put(members, frames, |_, member| !member.waits)
    }

    /// Leaves whole messages of one client for all others.
    pub(super) fn pass_on(&self, frames: &Arc<[u8]>, from: u64) {
        self.put(self.lock(), frames, |number, _| number != from);
    }

    /// Leaves frames for those who are `meant`. Whoever has no room is waited for, while others come and go. Gives how many
    /// they are.
    fn put(&self, members: MutexGuard<'_, Members>, frames: &Arc<[u8]>, meant: impl Fn(u64, &Member) -> bool) -> usize {
        let (mut full, mut count) = (Vec::new(), 0);
        for (number, member) in members.clients.iter().filter(|(number, member)| meant(**number, member)) {
            match member.outbox.try_put(Arc::clone(frames)) {
                Put::Done => {}
                Put::Full => full.push((*number, Arc::clone(&member.outbox))),
                // It is leaving, and its session's end is told elsewhere.
                Put::Gone => continue,
            }
            count += 1;
        }
        drop(members);
        if self.lossless {
            for (_, outbox) in full {
                outbox.put(Arc::clone(frames));
            }
        } else {
            self.put_in_time(full, frames);
        }
        count
    }

    /// Leaves frames for those who had no room, as soon as they have; those who are too slow are let go.
    fn put_in_time(&self, mut full: Vec<(u64, Arc<Outbox>)>, frames: &Arc<[u8]>) {
        while let Some((_, outbox)) = full.last() {
            if outbox.put_within(Arc::clone(frames), LOOK) != Put::Full {
                full.pop();
                continue;
            }
            let now = Instant::now();
            full.retain(|(number, outbox)| {
                let is_too_slow = outbox.is_too_slow(now, || self.somebody_waits());
                if is_too_slow {
                    self.let_go(*number, outbox);
                }
                !is_too_slow
            });
        }
    }

    /// Whether somebody has got everything, and would take more.
    fn somebody_waits(&self) -> bool {
        self.lock().clients.values().any(|member| member.outbox.is_idle())
    }

    /// Ends the session of a client that is too slow, without what waits for it.
    fn let_go(&self, number: u64, outbox: &Outbox) {
        if !outbox.cut_off() {
            return;
        }
        if let Some(member) = self.lock().clients.get_mut(&number) {
            match &member.client {
                Some(client) => tell_too_slow(client, outbox.limit()),
                // It learns it when it joins.
                None => member.is_let_go = true,
            }
        }
    }

    /// Tells everybody that the input is over.
    pub(super) fn end_input(&self, input: Input) {
        let mut members = self.lock();
        // Those who are about to join learn it then.
        for (member, client) in members.joined() {
            match &input {
                Input::EndedWith(fact) => client.control.note(fact.clone()),
                Input::Open | Input::Ended => member.outbox.end(),
            }
        }
        members.input = input;
        self.bells.wake();
    }

    /// What has become of the input.
    pub(super) fn input(&self) -> Input {
        self.lock().input.clone()
    }

    /// Tells every session why the run ends.
    pub(super) fn end(&self, fact: &Fact) {
        let mut members = self.lock();
        members.joined().for_each(|(_, client)| client.control.note(fact.clone()));
        members.end = Some(fact.clone());
    }

    /// Sees to those who have rung or whose time has come; whose sessions are over leave. Says when to do so again.
    pub(super) fn tick(&self) -> (Vec<(Client, Ending)>, Option<Instant>) {
        // A look asks the system about a socket, and nobody is to wait for those at thousands.
        let ticks: Vec<_> = self.due().into_iter().map(|(number, control)| (number, control.tick())).collect();
        let mut members = self.lock();
        let left = ticks.into_iter().filter_map(|(number, tick)| members.heed(number, tick)).collect();
        (left, members.timers.first().map(|(at, _)| *at))
    }

    /// Who is to be looked at now.
    fn due(&self) -> Vec<(u64, Arc<Control>)> {
        let members = self.lock();
        let now = Instant::now();
        let timed = members.timers.iter().take_while(|(at, _)| *at <= now).map(|(_, number)| *number);
        let joined = |number| {
            let client = members.clients.get(&number)?.client.as_ref()?;
            client.bell.heard();
            Some((number, Arc::clone(&client.control)))
        };
        self.bells.rung().into_iter().chain(timed).filter_map(joined).collect()
    }

    /// Whether nobody is there, nor about to be.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().clients.is_empty()
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
        lock(&self.members)
    }
}

impl Members {
    /// Those whose sessions have started.
    fn joined(&self) -> impl Iterator<Item = (&Member, &Client)> {
        self.clients.values().filter_map(|member| Some((member, member.client.as_ref()?)))
    }

    /// Takes note of what the time has brought to a client; one whose session is over leaves.
    fn heed(&mut self, number: u64, tick: Tick) -> Option<(Client, Ending)> {
        let member = self.clients.get_mut(&number)?;
        let at = match tick {
            Tick::WakeAt(at) => at,
            Tick::Ended(_) => None,
        };
        if let Some(before) = std::mem::replace(&mut member.wake_at, at)
            && at != Some(before)
        {
            self.timers.remove(&(before, number));
        }
        self.timers.extend(at.map(|at| (at, number)));
        let Tick::Ended(ending) = tick else { return None };
        self.joined -= 1;
        let client = self.clients.remove(&number)?.client?;
        Some((client, ending))
    }
}

/// Tells a client, and whoever runs the listener, that it is too slow: its queue of so many bytes is full.
fn tell_too_slow(Client { number, peer, control, .. }: &Client, limit: usize) {
    let queue = Size(limit as u64);
    log::warn!(
        "client {number} at {peer} is too slow, and is let go: its queue of {queue} is full (--queue makes it longer, \
         --lossless waits)"
    );
    control.note(Fact::TooSlow(limit));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these panics half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client that has been announced; it joins, or is forgotten.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// Its number, the first being 1.
    pub(super) number: u64,
    crowd: &'a Crowd,
}

impl Arrival<'_> {
    /// What the client's session is to ring.
    pub(super) fn bell(&self) -> Arc<ClientBell> {
        self.crowd.bells.hang(self.number)
    }

    /// Takes the client in.
    pub(super) fn join(self, client: Client) {
        self.crowd.join(client);
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut members = self.crowd.lock();
        if members.clients.get(&self.number).is_some_and(|member| member.client.is_none()) {
            members.clients.remove(&self.number);
        }
        drop(members);
        self.crowd.arrived.wake();
        self.crowd.bells.wake();
    }
}
