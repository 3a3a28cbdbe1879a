//! What outlasts a restart, as the engine uses it; tests have one of their own.

use std::future::Future;

use starttls_policy::decide::evidence::StsRelease;
use starttls_policy::{Domain, Timestamp};

use crate::learned::{KeptPolicy, Learned, Remembered, ToVerify};

/// Remembers what was learnt. Keeping never waits; recalling ends within a deadline of its own.
pub trait Memory: Send + Sync + 'static {
    /// What is remembered of a domain.
    fn recall(&self, domain: &Domain, now: Timestamp) -> impl Future<Output = Remembered> + Send;

    /// Keeps a policy, or that its `id` was confirmed.
    fn keep_policy(&self, domain: &Domain, policy: &KeptPolicy);

    /// Keeps that the domain released its list entry.
    fn keep_release(&self, domain: &Domain, release: StsRelease);

    /// Keeps that the domain was answered by DANE.
    fn keep_dane(&self, domain: &Domain, until: Timestamp);

    /// Keeps that it was proven that the domain has no DANE any more.
    fn end_dane(&self, domain: &Domain);

    /// Policies to look at again although nobody asked, soonest end first.
    fn due(
        &self,
        confirmed_before: Timestamp,
        ends_before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Vec<Domain>> + Send;

    /// Records that a policy that only wants to be observed is to be verified in the shadow.
    fn to_verify(&self, domain: &Domain, ground: ToVerify, now: Timestamp);
}

impl Memory for Learned {
    /// A release that another node saw does not count here: this node looks for itself, since it weakens.
    async fn recall(&self, domain: &Domain, now: Timestamp) -> Remembered {
        Learned::recall(self, domain, now).await.remembered
    }

    fn keep_policy(&self, domain: &Domain, policy: &KeptPolicy) {
        Learned::keep_policy(self, domain, policy);
    }

    fn keep_release(&self, domain: &Domain, release: StsRelease) {
        Learned::keep_release(self, domain, release);
    }

    fn keep_dane(&self, domain: &Domain, until: Timestamp) {
        Learned::keep_dane(self, domain, until);
    }

    fn end_dane(&self, domain: &Domain) {
        Learned::end_dane(self, domain);
    }

    async fn due(&self, confirmed_before: Timestamp, ends_before: Timestamp, limit: usize) -> Vec<Domain> {
        Learned::due(self, confirmed_before, ends_before, limit).await
    }

    fn to_verify(&self, domain: &Domain, ground: ToVerify, now: Timestamp) {
        Learned::to_verify(self, domain, ground, now);
    }
}
