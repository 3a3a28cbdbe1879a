//! Entries that their own list lets count as `testing` for some days: what organisations ordered, not the operator.
//!
//! Which orders hold is decided by `starttls-trust`; here they can do one thing alone, and that is why nothing else can
//! come of them: an entry of mode `enforce` counts as `testing`.
//!
//! Spec: docs/list-distribution.md, "Relax orders".

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::domain::Domain;
use crate::mode::Mode;
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// What relax orders say of one list's domains.
pub type Relaxations = BTreeMap<Domain, Relaxation>;

/// One domain's entry counts as `testing` for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relaxation {
    /// When the entry holds as it stands again; by then the view is to be made anew.
    pub until: Timestamp,
    /// Hash of the order.
    pub order: String,
    /// The organisations that signed it.
    pub by: String,
    /// Their reason.
    pub reason: String,
}

/// The policy while the order holds; `None` where it changes nothing.
pub(crate) fn relaxed(policy: &Policy) -> Option<Cow<'static, Policy>> {
    (policy.mode == Mode::Enforce).then(|| Cow::Owned(Policy { mode: Mode::Testing, ..policy.clone() }))
}
