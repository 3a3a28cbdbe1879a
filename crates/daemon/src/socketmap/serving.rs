//! The serving thread: the one place that waits, for all connections at once.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rustix::event::epoll::Event;
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, sockopt};

use super::Limits;
use super::connection::Connection;
use super::connections::Connections;
use super::finding::{Finding, Mailbox, TOO_MANY, TOO_SLOW, Ticket};
use super::queue::{Accepting, EVENTS, Queue, Source, Wait};
use super::requests::{BROKEN, Shared};
use super::traffic::count;
use super::turn::{After, Buffers, Moment, State};
use crate::{Answering, Reply};

/// Connections that are taken at once from one listener, so that a flood of them leaves time for those that are there.
const ACCEPTS: usize = 64;

/// All that the thread has.
#[derive(Debug)]
pub(super) struct Thread<A> {
    queue: Queue,
    listeners: Vec<Accepting>,
    /// The listeners are left alone until the next tick.
    paused: bool,
    connections: Connections,
    /// Connections that want another turn.
    again: Vec<u64>,
    buffers: Buffers,
    shared: Shared<A>,
    finding: Finding<A>,
    mailbox: Arc<Mailbox>,
    limits: Limits,
    places: usize,
    begin: Instant,
    now: Moment,
    /// Stopped: whoever has nothing to wait for is closed.
    draining: bool,
}

impl<A: Answering> Thread<A> {
    pub(super) fn new(
        listeners: Vec<Accepting>,
        shared: Shared<A>,
        finding: Finding<A>,
        limits: Limits,
        places: usize,
    ) -> io::Result<Self> {
        let mailbox = Arc::clone(&finding.mailbox);
        let queue = Queue::new(mailbox.bell(), &listeners)?;
        Ok(Self {
            queue,
            listeners,
            paused: false,
            connections: Connections::default(),
            again: Vec::new(),
            buffers: Buffers::new(),
            shared,
            finding,
            mailbox,
            limits,
            places,
            begin: Instant::now(),
            now: Moment::default(),
            draining: false,
        })
    }

    /// Serves until it is stopped, or until the system refuses to tell what happens.
    pub(super) fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        while !self.mailbox.is_stopped() {
            if self.round(&mut events, Wait::Long).is_err() {
                return;
            }
        }
        self.listeners.clear();
        // Requests that have come are answered before their connections are taken to be without use.
        let _ = self.round(&mut events, Wait::Not);
        self.draining = true;
        for number in self.connections.in_states(&[State::Idle, State::Request]) {
            self.close(number);
        }
        let end = Instant::now() + self.limits.grace;
        while self.connections.len() > 0 && Instant::now() < end {
            if self.round(&mut events, Wait::Long).is_err() {
                return;
            }
        }
    }

    /// Waits for something to happen, and does what is to be done then.
    fn round(&mut self, events: &mut Vec<Event>, wait: Wait) -> Result<(), Errno> {
        let wait = if self.again.is_empty() { wait } else { Wait::Not };
        self.queue.wait(events, wait)?;
        for number in std::mem::take(&mut self.again) {
            self.turn(number, Connection::go_on);
        }
        for event in &*events {
            match Source::of(*event) {
                Source::Mailbox => self.read_mailbox(),
                Source::Listener(listener) if listener < self.listeners.len() => self.accept(listener),
                Source::Listener(_) => {}
                Source::Connection(number) => self.turn(number, Connection::turn),
            }
        }
        Ok(())
    }

    /// Lets one connection do what it can.
    fn turn(
        &mut self,
        number: u64,
        act: impl FnOnce(&mut Connection, Moment, &mut Buffers, &Shared<A>) -> After,
    ) {
        let Some(connection) = self.connections.get(number) else { return };
        let before = connection.state();
        self.now.order += 1;
        let after = act(connection, self.now, &mut self.buffers, &self.shared);
        let (state, socket, question) = (connection.state(), connection.socket(), connection.question());
        if self.queue.change(number, socket, before, state).is_err() {
            return self.close(number);
        }
        match after {
            After::Wait if self.draining && matches!(state, State::Idle | State::Request) => {
                self.close(number);
            }
            After::Wait => {}
            After::Again => self.again.push(number),
            After::Ask(form, key) => {
                self.finding.find_out(Ticket { connection: number, question }, form, key);
            }
            After::Close => self.close(number),
        }
    }

    fn read_mailbox(&mut self) {
        for (ticket, reply) in self.mailbox.take() {
            self.deliver(ticket, &reply);
        }
        if self.mailbox.take_tick() {
            self.now.tick = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.sweep();
            if std::mem::take(&mut self.paused) {
                self.queue.resume(&self.listeners);
            }
        }
    }

    fn deliver(&mut self, ticket: Ticket, reply: &Reply) {
        let is_asked = |connection: &mut Connection| {
            connection.state() == State::Waiting && connection.question() == ticket.question
        };
        // The client may have gone, or was told that it took too long.
        if self.connections.get(ticket.connection).is_some_and(is_asked) {
            if [TOO_SLOW, TOO_MANY, BROKEN].contains(reply) {
                count(&self.shared.traffic.unanswered);
            }
            self.turn(ticket.connection, |connection, now, buffers, shared| {
                connection.take(reply, now, buffers, shared)
            });
        }
    }

    fn sweep(&mut self) {
        for number in self.connections.due(self.now.tick, &self.limits) {
            let Some(connection) = self.connections.get(number) else { continue };
            if connection.state() == State::Waiting {
                let ticket = Ticket { connection: number, question: connection.question() };
                self.deliver(ticket, &TOO_SLOW);
            } else {
                count(&self.shared.traffic.expired);
                self.close(number);
            }
        }
    }

    fn accept(&mut self, listener: usize) {
        for _ in 0..ACCEPTS {
            let Some(accepting) = self.listeners.get(listener) else { return };
            match accept_with(accepting.socket(), SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(socket) => {
                    if matches!(accepting, Accepting::Tcp(_)) {
                        // Replies are whole: holding them back gains nothing.
                        let _ = sockopt::set_tcp_nodelay(&socket, true);
                    }
                    self.begin(socket);
                }
                Err(Errno::AGAIN) => return,
                // No file, no memory: it waits until there is some.
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    if !self.shed() {
                        // Nothing is to be had: trying at once would only burn time.
                        self.paused = true;
                        return self.queue.pause(&self.listeners);
                    }
                }
                // The one connection broke off before it was taken (accept(2)).
                Err(_) => {}
            }
        }
    }

    fn begin(&mut self, socket: OwnedFd) {
        count(&self.shared.traffic.accepted);
        // Before the new one has a place, or it might be the one to go.
        if self.connections.len() >= self.places {
            self.shed();
        }
        self.now.order += 1;
        let number = self.connections.next_number();
        if self.queue.add(number, &socket).is_ok() {
            self.connections.add(Connection::new(socket, self.now));
            count(&self.shared.traffic.open);
        }
    }

    /// Closes the connection that was longest without use, and tells whether there was one.
    fn shed(&mut self) -> bool {
        let Some(number) = self.connections.longest_unused() else { return false };
        count(&self.shared.traffic.shed);
        self.close(number);
        true
    }

    fn close(&mut self, number: u64) {
        // The queue forgets a socket that is closed.
        if self.connections.remove(number).is_some() {
            self.shared.traffic.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
