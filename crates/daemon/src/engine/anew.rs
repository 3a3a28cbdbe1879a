//! Failures that are asked about anew at once, since what they came from is over: the clock was set, or a resolver answers again.
//!
//! Answers that hold stay: they would be missed if the network failed next.

use std::cell::RefCell;

use starttls_discover::Discovering;
use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};

use super::{Inner, Known, Memory};

/// A wall clock that moves by more than this against the steady one was set; time servers correct by less.
const STEP: u64 = 60;

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Forgets what could not be told, and the answers that were made without it.
    pub(crate) fn ask_failures_anew(&self) {
        let failed = RefCell::new(Vec::new());
        self.sts.retain(|domain, branch| {
            let holds = !matches!(*branch.evidence, StsEvidence::Inconclusive { .. });
            if !holds {
                failed.borrow_mut().push(domain.clone());
            }
            holds
        });
        self.hosts.retain(|_, host| host.is_known());
        self.dane.retain(|_, branch| !matches!(*branch.evidence, DaneEvidence::MxInconclusive { .. }));
        for domain in failed.take() {
            self.hot.void(&domain);
        }
        self.hot.forget_temporary();
    }

    /// Asks about failures anew where the wall clock was set since it led the steady one by `lead`; returns by how much it does now.
    ///
    /// A certificate that was not valid yet, or any more, may be so by the clock as it is now.
    pub(crate) fn watch_clock(&self, lead: i64) -> i64 {
        let now = self.clock.lead();
        if now.abs_diff(lead) <= STEP {
            // What it drifts by adds up.
            return lead;
        }
        tracing::warn!(
            "the clock of this machine was set by {} seconds: what failed is asked for again",
            now.saturating_sub(lead)
        );
        self.ask_failures_anew();
        self.validation.want_proof();
        now
    }
}
