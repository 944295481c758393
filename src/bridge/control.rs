//! What the threads of a session share: facts go in, orders for the sending side come out.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::activity::Activity;
use super::pongs::Pongs;
use super::{Awaited, Ending, Fact, Lifecycle, Quiet, Rules};
use crate::net::{Interest, Line, Wake, wait};
use crate::protocol::Close;

/// Something that a waiting thread can be woken by.
pub trait Bell: Send + Sync + fmt::Debug {
    /// Wakes the thread, now or when it waits next. Never blocks.
    fn ring(&self);
}

impl Bell for Wake {
    fn ring(&self) {
        self.wake();
    }
}

/// The shared state of one session.
#[derive(Debug)]
pub struct Control {
    state: Mutex<State>,
    pub(super) activity: Activity,
    line: Line,
    /// What ends the session when it has come.
    awaited: Option<Arc<Awaited>>,
    /// Wakes the sending side.
    sender: Arc<dyn Bell>,
    /// Wakes whoever keeps the time.
    keeper: Arc<dyn Bell>,
}

#[derive(Debug)]
struct State {
    lifecycle: Lifecycle,
    orders: Orders,
    wake_at: Option<Instant>,
    ended: bool,
}

/// What the sending side is to do before it goes on.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub(super) pongs: Pongs,
    /// A Ping to send.
    pub(super) ping: bool,
    /// A Close to send as the last frame.
    pub close: Option<Close>,
    /// Send nothing more.
    pub stop: bool,
}

impl Control {
    /// The shared state of a session that has just been opened.
    #[must_use]
    pub fn new(
        rules: Rules,
        line: Line,
        awaited: Option<Arc<Awaited>>,
        sender: Arc<dyn Bell>,
        keeper: Arc<dyn Bell>,
    ) -> Self {
        if rules.heartbeat.is_some() {
            line.watch();
        }
        let state = State { lifecycle: Lifecycle::new(rules), orders: Orders::default(), wake_at: None, ended: false };
        Control { state: Mutex::new(state), activity: Activity::new(Instant::now()), line, awaited, sender, keeper }
    }

    /// Takes note of a fact and sees to what follows from it.
    pub fn note(&self, fact: Fact) {
        log::debug!("{fact:?}");
        let now = Instant::now();
        let mut state = self.lock();
        state.lifecycle.note(fact, now, self.activity.busy(now));
        self.act(&mut state, now);
    }

    /// Leaves Pongs for the sending side.
    pub(super) fn pongs(&self, pongs: &mut Pongs) {
        let mut state = self.lock();
        // Whoever takes the first one takes them all, so it need not be told again.
        let is_told = !state.orders.pongs.is_empty();
        state.orders.pongs.append(pongs);
        if !is_told {
            self.sender.ring();
        }
    }

    /// Sees to what the time has brought; for whoever keeps it. Says when to ask again, or that the session is over.
    pub fn tick(&self) -> Tick {
        let mut state = self.lock();
        let now = Instant::now();
        self.act(&mut state, now);
        if !state.ended {
            return Tick::WakeAt(state.wake_at);
        }
        let unmet = self.awaited.as_ref().and_then(|awaited| awaited.unmet()).map(Box::new);
        Tick::Ended(Ending { unmet, traffic: self.activity.traffic(now), ..state.lifecycle.ending() })
    }

    /// What is awaited, and what is to be said for it.
    pub(super) fn awaited(&self) -> Option<&Awaited> {
        self.awaited.as_deref()
    }

    /// Takes note that all that was awaited has come and has been written.
    pub(super) fn all_has_come(&self) {
        if self.awaited().is_some_and(Awaited::has_come) {
            self.note(Fact::Satisfied);
        }
    }

    /// Wakes the sending side: there may be something to say.
    pub(super) fn wake_sender(&self) {
        self.sender.ring();
    }

    /// Whether the peer has closed its direction, and only that.
    pub(super) fn is_half_closed(&self) -> bool {
        self.lock().lifecycle.is_half_closed()
    }

    /// Whether it was time for our Close.
    pub(super) fn has_ordered_close(&self) -> bool {
        self.lock().lifecycle.has_ordered_close()
    }

    /// Which time of our own has run out, in words, if that is what ends the session, and what was still awaited.
    pub(super) fn time_out(&self) -> Option<String> {
        let words = self.lock().lifecycle.time_out()?;
        let unmet = self.awaited().and_then(Awaited::unmet);
        Some(words + &unmet.map(|unmet| format!("; {unmet}{}", unmet.instead())).unwrap_or_default())
    }

    /// Takes the orders; for the sending side, when it has been woken.
    pub(super) fn orders(&self) -> Orders {
        let mut state = self.lock();
        let stop = state.orders.stop;
        std::mem::replace(&mut state.orders, Orders { stop, ..Orders::default() })
    }

    /// Waits for at most so long until the socket has room, and for more than a little; for the sending side.
    pub(super) fn has_room(&self, patience: Duration) -> std::io::Result<bool> {
        let [socket] = wait(&[(self.line.as_fd(), Interest::Write)], Some(patience))?;
        Ok(socket.is_writable())
    }

    /// Says that the socket has room, and had none before; for the sending side.
    pub(super) fn found_room(&self) {
        self.line.moved();
    }

    /// Bounds each later read, or bounds none; for the receiving side.
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> bool {
        self.line.set_read_timeout(timeout).is_ok()
    }

    fn act(&self, state: &mut State, now: Instant) {
        let step = state.lifecycle.step(now, self.quiet(), self.activity.busy(now));
        if let Some(close) = step.close {
            state.orders.close = Some(close);
            self.sender.ring();
        }
        if step.ping {
            state.orders.ping = true;
            self.sender.ring();
        }
        if step.half_close {
            // It fails where the peer has gone, and then nobody has to be told.
            let _ = self.line.end_sending();
        }
        // A session that is over must keep no thread that still waits to send a Pong.
        let over = step.ended && !state.ended;
        if step.hang_up || over {
            state.orders.stop = true;
            self.line.hang_up();
            self.sender.ring();
        }
        let sooner = step.wake_at.is_some_and(|at| state.wake_at.is_none_or(|before| at < before));
        if sooner || over {
            self.keeper.ring();
        }
        state.wake_at = step.wake_at;
        state.ended |= step.ended;
    }

    /// Since when the peer has been quiet; none while something waits to be read or dealt with.
    fn quiet(&self) -> Option<Quiet> {
        let quiet = self.activity.quiet()?;
        // A slow machine may have data waiting that the receiving side has not been woken for yet.
        let waiting = wait(&[(self.line.as_fd(), Interest::Read)], Some(Duration::ZERO));
        (!waiting.is_ok_and(|[socket]| socket.is_readable())).then(|| Quiet { moved: self.line.last_moved(), ..quiet })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look at the clock has brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Tick {
    /// Nothing yet; ask again then at the latest.
    WakeAt(Option<Instant>),
    /// The session is over.
    Ended(Ending),
}
