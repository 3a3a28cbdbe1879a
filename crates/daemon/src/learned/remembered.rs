//! What is remembered of one domain.

use starttls_policy::Timestamp;
use starttls_policy::decide::evidence::{StsPolicy, StsRelease};

/// Everything that is remembered of one domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remembered {
    /// The MTA-STS policy that was fetched last; it may have ended.
    pub policy: Option<KeptPolicy>,
    /// A `none` or `testing` that releases a list entry.
    pub release: Option<StsRelease>,
    /// The domain was answered by DANE, which counts until then should the resolver stop validating.
    pub dane_until: Option<Timestamp>,
}

/// A fetched policy and what is known of its freshness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptPolicy {
    /// The policy.
    pub policy: StsPolicy,
    /// When the record's `id` was last seen to be the policy's.
    pub confirmed: Timestamp,
    /// Who fetched it.
    pub origin: Learnt,
}

/// Who learnt something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Learnt {
    /// This node itself.
    Here,
    /// Another node: what protects counts at once, what weakens must be seen here first.
    Elsewhere,
}

/// An answer from memory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recall {
    /// What is remembered. A release stands here only if this node saw it.
    pub remembered: Remembered,
    /// A release that another node saw, and this one has to see before it counts.
    pub release_elsewhere: Option<StsRelease>,
    /// How much of memory was asked.
    pub reach: Reach,
}

/// How much of memory was asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// All there is: what is not in the answer is not remembered.
    #[default]
    Complete,
    /// A store could not be asked: what is not in the answer may be remembered there.
    Partial,
}

impl KeptPolicy {
    /// Tells whether the policy still holds.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.policy.ends() > now
    }
}
