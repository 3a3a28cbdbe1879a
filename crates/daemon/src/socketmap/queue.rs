//! The kernel's queue of what can be done next (epoll(7)), with numbers for who it is about.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;

use super::turn::State;

/// Events that are taken at once: with more, the wait for the last of them would only be longer.
pub(super) const EVENTS: usize = 256;

/// Number of the mailbox; those of listeners follow it downwards. Connections have lower ones.
const MAILBOX: u64 = u64::MAX;

/// So many numbers below it are listeners'.
const LISTENERS: u64 = 1 << 16;

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// A socket that is listened at.
#[derive(Debug)]
pub(super) enum Accepting {
    Tcp(OwnedFd),
    Unix(OwnedFd),
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue(OwnedFd);

/// Whether to wait until something happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wait {
    Long,
    Not,
}

/// Who an event is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    Mailbox,
    /// The listener with this index.
    Listener(usize),
    /// The connection with this number.
    Connection(u64),
}

impl Queue {
    pub(super) fn new(mailbox: BorrowedFd<'_>, listeners: &[Accepting]) -> io::Result<Self> {
        let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&queue, mailbox, EventData::new_u64(MAILBOX), EventFlags::IN)?;
        for (number, listener) in (0..MAILBOX).rev().zip(listeners) {
            epoll::add(&queue, listener.socket(), EventData::new_u64(number), EventFlags::IN)?;
        }
        Ok(Self(queue))
    }

    /// Replaces `events` by those that there are.
    pub(super) fn wait(&self, events: &mut Vec<Event>, wait: Wait) -> Result<(), Errno> {
        let limit = (wait == Wait::Not).then_some(&AT_ONCE);
        events.clear();
        match epoll::wait(&self.0, rustix::buffer::spare_capacity(events), limit) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes in a new connection; the queue forgets it when its socket is closed.
    pub(super) fn add(&self, number: u64, socket: impl AsFd) -> Result<(), Errno> {
        epoll::add(&self.0, socket, EventData::new_u64(number), flags(State::Idle))
    }

    /// A connection now waits for what its state is about.
    pub(super) fn change(&self, number: u64, socket: impl AsFd, from: State, to: State) -> Result<(), Errno> {
        if flags(from) == flags(to) {
            return Ok(());
        }
        epoll::modify(&self.0, socket, EventData::new_u64(number), flags(to))
    }

    /// Leaves the listeners alone.
    pub(super) fn pause(&self, listeners: &[Accepting]) {
        self.listen(listeners, EventFlags::empty());
    }

    /// Looks at the listeners again.
    pub(super) fn resume(&self, listeners: &[Accepting]) {
        self.listen(listeners, EventFlags::IN);
    }

    fn listen(&self, listeners: &[Accepting], flags: EventFlags) {
        for (number, listener) in (0..MAILBOX).rev().zip(listeners) {
            let _ = epoll::modify(&self.0, listener.socket(), EventData::new_u64(number), flags);
        }
    }
}

impl Source {
    pub(super) fn of(event: Event) -> Self {
        match event.data.u64() {
            MAILBOX => Self::Mailbox,
            number if MAILBOX - number <= LISTENERS => {
                Self::Listener(usize::try_from(MAILBOX - 1 - number).unwrap_or(usize::MAX))
            }
            number => Self::Connection(number),
        }
    }
}

impl Accepting {
    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) | Self::Unix(socket) => socket.as_fd(),
        }
    }
}

/// What a connection waits for; that the client breaks off is told in any case.
fn flags(state: State) -> EventFlags {
    match state {
        State::Idle | State::Request => EventFlags::IN,
        State::Unread => EventFlags::OUT,
        State::Waiting => EventFlags::empty(),
    }
}
