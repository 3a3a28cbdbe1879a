//! Counters of what is served, for metrics and status.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Form, Reply};

/// Counts connections, requests and replies since the start; read it at any time with relaxed loads.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Connections that are open now: a gauge, all others only grow.
    pub open: AtomicU64,
    /// Connections that were taken.
    pub accepted: AtomicU64,
    /// Connections that were closed to make room for a new one.
    pub shed: AtomicU64,
    /// Connections that were closed since a deadline had passed: idle, half a request, replies not read.
    pub expired: AtomicU64,
    /// Connections that were closed since what came was no socketmap request.
    pub malformed: AtomicU64,
    /// Requests to the map `QUERY`.
    pub plain: AtomicU64,
    /// Requests to the map `QUERYwithTLSRPT`.
    pub tlsrpt: AtomicU64,
    /// Requests to the map `sts`.
    pub sendmail: AtomicU64,
    /// Requests to a map that there is not; they get a temporary error.
    pub unknown_map: AtomicU64,
    /// Replies that were at hand.
    pub at_hand: AtomicU64,
    /// Replies that had to be found out.
    pub found_out: AtomicU64,
    /// Replies with a policy.
    pub ok: AtomicU64,
    /// Replies that there is none.
    pub not_found: AtomicU64,
    /// Temporary errors, those for unknown maps included.
    pub temporary: AtomicU64,
}

impl Traffic {
    /// Counts one request.
    pub(super) fn asked(&self, form: Option<Form>) {
        count(match form {
            Some(Form::Plain) => &self.plain,
            Some(Form::Tlsrpt) => &self.tlsrpt,
            Some(Form::Sendmail) => &self.sendmail,
            None => &self.unknown_map,
        });
    }

    /// Counts one reply.
    pub(super) fn replied(&self, reply: &Reply) {
        count(match reply {
            Reply::Ok(_) => &self.ok,
            Reply::NotFound => &self.not_found,
            Reply::Temporary(_) => &self.temporary,
        });
    }
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
