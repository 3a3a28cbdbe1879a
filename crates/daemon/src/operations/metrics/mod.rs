//! Metrics: what is counted while answers are given, and how Prometheus reads it.
//!
//! Counting is one relaxed addition, without a lock. No label ever carries a domain: whoever sends mail could make as many as
//! they like. docs/metrics.md lists everything; a test holds it together with the code.
//!
//! Spec: OpenMetrics 1.0.

mod counter;
mod exposition;
mod histogram;
mod tally;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{Form, Reply};
use counter::Counter;
use histogram::Histogram;
use tally::Tally;

/// All that is counted. Shared by everybody who answers.
#[derive(Debug, Default)]
pub struct Metrics {
    queries: [[[Counter; 2]; 3]; 3],
    found_out: Histogram,
    looked_up: [[Counter; 2]; 4],
    refreshed: [Counter; 2],
    over_budget: Counter,
    turned_away: Counter,
    deferred: Tally,
    policy_failures: Tally,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// It was at hand.
    AtHand,
    /// It had to be found out.
    FoundOut,
}

/// What was asked of the outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// The MX hosts of a domain.
    Mx,
    /// The TLSA records of a host.
    Tlsa,
    /// The record that announces an MTA-STS policy.
    Record,
    /// The policy itself.
    Policy,
}

/// How a question to the outside ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// With an answer, if only that there is nothing.
    Answered,
    /// Without one.
    Failed,
}

impl Metrics {
    /// Counts an answer that was given.
    pub fn query(&self, form: Form, reply: &Reply, how: How) {
        self.queries[form_index(form)][reply_index(reply)][how as usize].add();
    }

    /// Counts how long an answer took that was not at hand.
    pub fn found_out(&self, took: Duration) {
        self.found_out.observe(took);
    }

    /// Counts a question to the outside.
    pub fn looked_up(&self, what: What, ended: Ended) {
        self.looked_up[what as usize][ended as usize].add();
    }

    /// Counts an answer that was renewed before it ended.
    pub fn refreshed(&self, ended: Ended) {
        self.refreshed[ended as usize].add();
    }

    /// Counts a new domain whose policy was not fetched at once, since too many were new.
    pub fn over_budget(&self) {
        self.over_budget.add();
    }

    /// Counts one of them for which there was no place to wait.
    pub fn turned_away(&self) {
        self.turned_away.add();
    }

    /// Counts an answer that makes mail wait; `why` is one of a few fixed words.
    pub fn deferred(&self, why: &'static str) {
        self.deferred.add(why);
    }

    /// Counts a policy that could not be had, by the name registered for reports (RFC 8460 §4.3.2).
    pub fn policy_failure(&self, result_type: &'static str) {
        self.policy_failures.add(result_type);
    }
}

/// In the order of [`exposition::FORMS`].
fn form_index(form: Form) -> usize {
    match form {
        Form::Plain => 0,
        Form::Tlsrpt => 1,
        Form::Sendmail => 2,
    }
}

/// In the order of [`exposition::REPLIES`].
fn reply_index(reply: &Reply) -> usize {
    match reply {
        Reply::Ok(_) => 0,
        Reply::NotFound => 1,
        Reply::Temporary(_) => 2,
    }
}
