//! One connection: reads what has come, answers it with one write, never waits.
//!
//! What it waits for is told to the serving thread, which has the one place where anybody waits.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::requests::{Answered, Shared, answer, push};
use super::traffic::count;
use super::turn::{After, Buffers, Moment, State};
use crate::{Answering, Reply};

/// A client of ours.
#[derive(Debug)]
pub(super) struct Connection {
    socket: OwnedFd,
    /// What was read and not answered yet: the beginning of a request, or requests behind one that takes long.
    unread: Vec<u8>,
    /// Replies that the client has not taken, from `sent` on.
    unsent: Vec<u8>,
    sent: usize,
    /// Closes when the replies are out.
    is_last: bool,
    state: State,
    /// When it came to this state, in the thread's time.
    since: u64,
    /// When it came to this state, among all connections.
    order: u64,
    /// Number of the question that is being found out.
    question: u32,
}

impl Connection {
    pub(super) fn new(socket: OwnedFd, now: Moment) -> Self {
        let (unread, unsent) = (Vec::new(), Vec::new());
        let (since, order) = (now.tick, now.order);
        Self {
            socket,
            unread,
            unsent,
            sent: 0,
            is_last: false,
            state: State::Idle,
            since,
            order,
            question: 0,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn since(&self) -> u64 {
        self.since
    }

    /// The order in which connections are closed in favour of new ones: who waits for an answer comes last.
    pub(super) fn rank(&self) -> (bool, u64) {
        (self.state == State::Waiting, self.order)
    }

    pub(super) fn question(&self) -> u32 {
        self.question
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The client can be read from, or written to, as the state has it.
    pub(super) fn turn<A: Answering>(
        &mut self,
        now: Moment,
        buffers: &mut Buffers,
        shared: &Shared<A>,
    ) -> After {
        match self.state {
            State::Idle | State::Request => self.read(now, buffers, shared),
            State::Unread => self.go_on(now, buffers, shared),
            // All that can come to somebody who waits for nothing: the client has broken off.
            State::Waiting => After::Close,
        }
    }

    /// The answer to what was asked last.
    pub(super) fn take<A: Answering>(
        &mut self,
        reply: &Reply,
        now: Moment,
        buffers: &mut Buffers,
        shared: &Shared<A>,
    ) -> After {
        push(reply, &mut self.unsent);
        self.go_on(now, buffers, shared)
    }

    /// Sends what the client did not take before, then answers what was read before.
    pub(super) fn go_on<A: Answering>(
        &mut self,
        now: Moment,
        buffers: &mut Buffers,
        shared: &Shared<A>,
    ) -> After {
        while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                Ok(length) => self.sent += length,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.change(State::Unread, now);
                    return After::Wait;
                }
                Err(_) => return After::Close,
            }
        }
        if self.is_last {
            return After::Close;
        }
        (self.unsent, self.sent) = (Vec::new(), 0);
        let length = self.unread.len();
        if let Some(start) = buffers.input.get_mut(..length) {
            start.copy_from_slice(&self.unread);
        }
        self.set(State::Idle, now);
        self.answer(length, now, buffers, shared)
    }

    fn read<A: Answering>(&mut self, now: Moment, buffers: &mut Buffers, shared: &Shared<A>) -> After {
        let kept = self.unread.len();
        if let Some(start) = buffers.input.get_mut(..kept) {
            start.copy_from_slice(&self.unread);
        }
        let free = buffers.input.get_mut(kept..).unwrap_or_default();
        match recv(&self.socket, free, RecvFlags::empty()) {
            Ok((length, _)) if length > 0 => self.answer(kept + length, now, buffers, shared),
            Err(Errno::AGAIN | Errno::INTR) => After::Wait,
            Ok(_) | Err(_) => After::Close,
        }
    }

    /// Answers what is in the shared input.
    fn answer<A: Answering>(
        &mut self,
        length: usize,
        now: Moment,
        buffers: &mut Buffers,
        shared: &Shared<A>,
    ) -> After {
        buffers.output.clear();
        let input = buffers.input.get(..length).unwrap_or_default();
        let (used, answered) = answer(input, &mut buffers.output, shared);
        let rest = input.get(used..).unwrap_or_default();
        if rest.is_empty() {
            self.unread = Vec::new();
        } else {
            self.unread.clear();
            self.unread.extend_from_slice(rest);
        }
        let is_sent = match send_all(&self.socket, &buffers.output) {
            Ok(length) if length == buffers.output.len() => true,
            Ok(length) => {
                self.unsent.extend_from_slice(buffers.output.get(length..).unwrap_or_default());
                false
            }
            Err(_) => return After::Close,
        };
        match answered {
            Answered::Ask(form, key) => {
                self.question = self.question.wrapping_add(1);
                self.set(State::Waiting, now);
                return After::Ask(form, key);
            }
            Answered::Malformed => {
                count(&shared.traffic.malformed);
                if is_sent {
                    return After::Close;
                }
                self.is_last = true;
            }
            Answered::Some if is_sent => return After::Again,
            Answered::Some | Answered::All => {}
        }
        match (is_sent, self.unread.is_empty()) {
            (false, _) => self.change(State::Unread, now),
            (true, true) => self.set(State::Idle, now),
            // A drip of bytes moves no deadline; another request does.
            (true, false) if used > 0 => self.set(State::Request, now),
            (true, false) => self.change(State::Request, now),
        }
        After::Wait
    }

    fn set(&mut self, state: State, now: Moment) {
        (self.state, self.since, self.order) = (state, now.tick, now.order);
    }

    fn change(&mut self, state: State, now: Moment) {
        if self.state != state {
            self.set(state, now);
        }
    }
}

/// Sends as much as the client takes at once.
fn send_all(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match send(socket, bytes, SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        sent => sent,
    }
}
