//! What a connection has for a turn, and what the turn comes to.

use super::requests::{INPUT_BYTES, OUTPUT_BYTES};
use crate::Form;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// No request is under way.
    Idle,
    /// The beginning of a request has come.
    Request,
    /// Replies are not read.
    Unread,
    /// An answer is being found out.
    Waiting,
}

/// The buffers that all connections share: one after the other, each turn fills and empties them.
#[derive(Debug)]
pub(super) struct Buffers {
    pub input: Box<[u8]>,
    pub output: Vec<u8>,
}

/// A moment of the serving thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    /// Milliseconds since the start, as of the last tick.
    pub tick: u64,
    /// Grows with every look.
    pub order: u64,
}

/// What a turn comes to.
#[derive(Debug)]
pub(super) enum After {
    /// Wait for the client.
    Wait,
    /// Take another turn, after the others had theirs.
    Again,
    /// Have this found out.
    Ask(Form, Vec<u8>),
    /// Close the connection.
    Close,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { input: vec![0; INPUT_BYTES].into(), output: Vec::with_capacity(2 * OUTPUT_BYTES) }
    }
}
