//! Answers that are found out elsewhere, and their way back to the serving thread.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::requests::BROKEN;
use crate::{Answering, Form, Reply};

/// Nothing was found in time.
pub(super) const TOO_SLOW: Reply = Reply::Temporary("no answer was found in time");

pub(super) const TOO_MANY: Reply = Reply::Temporary("too many answers are being found out");

/// Who asked what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ticket {
    pub connection: u64,
    pub question: u32,
}

/// Where others leave word for the serving thread.
#[derive(Debug)]
pub(super) struct Mailbox {
    replies: Mutex<Vec<(Ticket, Reply)>>,
    bell: OwnedFd,
    stopped: AtomicBool,
    ticked: AtomicBool,
}

impl Mailbox {
    pub(super) fn new() -> std::io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            replies: Mutex::default(),
            bell,
            stopped: AtomicBool::new(false),
            ticked: AtomicBool::new(false),
        })
    }

    /// What can be read when there is word.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Wakes the serving thread.
    pub(super) fn ring(&self) {
        // Fails only where it has rung already.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// Has the serving thread stop.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.ring();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Tells the serving thread that time has passed.
    pub(super) fn tick(&self) {
        self.ticked.store(true, Ordering::Release);
        self.ring();
    }

    /// Tells whether time has passed since it was last asked.
    pub(super) fn take_tick(&self) -> bool {
        self.ticked.swap(false, Ordering::AcqRel)
    }

    /// Takes the replies that have come.
    pub(super) fn take(&self) -> Vec<(Ticket, Reply)> {
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        std::mem::take(&mut *self.replies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, ticket: Ticket, reply: Reply) {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner).push((ticket, reply));
        self.ring();
    }
}

/// Has answers found out on a runtime that is not the serving thread.
#[derive(Debug)]
pub(super) struct Finding<A> {
    pub answering: Arc<A>,
    pub elsewhere: Handle,
    /// Until an answer is found out.
    pub limit: Duration,
    /// Answers that are being found out, also for connections that are gone.
    pub under_way: Arc<AtomicUsize>,
    /// How many of these there may be.
    pub max_under_way: usize,
    pub mailbox: Arc<Mailbox>,
}

impl<A: Answering> Finding<A> {
    /// Has it found out, to its end even if the client goes: the next one asks the same.
    pub(super) fn find_out(&self, ticket: Ticket, form: Form, key: Vec<u8>) {
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= self.max_under_way {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            self.mailbox.put(ticket, TOO_MANY);
            return;
        }
        let word = Word {
            ticket,
            reply: None,
            under_way: Arc::clone(&self.under_way),
            mailbox: Arc::clone(&self.mailbox),
        };
        let (answering, limit) = (Arc::clone(&self.answering), self.limit);
        self.elsewhere.spawn(async move {
            let found = timeout(limit, answering.find_out(form, &key)).await;
            word.say(found.unwrap_or(TOO_SLOW));
        });
    }
}

/// The word that will be left, whatever becomes of finding out.
struct Word {
    ticket: Ticket,
    reply: Option<Reply>,
    under_way: Arc<AtomicUsize>,
    mailbox: Arc<Mailbox>,
}

impl Word {
    fn say(mut self, reply: Reply) {
        self.reply = Some(reply);
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.mailbox.put(self.ticket, self.reply.take().unwrap_or(BROKEN));
    }
}
