//! One run for one source: fetch, accept, keep.

use std::path::PathBuf;

use starttls_policy::{Finding, Timestamp};

use crate::fetch::Fetch;
use crate::git::Git;
use crate::in_force::InForce;
use crate::pending::ladder;
use crate::settings::SourceSettings;
use crate::state::{Lock, StateError};

/// The ways out of this machine, and chance.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// HTTPS.
    pub fetch: &'a dyn Fetch,
    /// The operator's `git`.
    pub git: &'a Git,
    /// Answers the numbers below its argument in some order, in which mirrors are tried.
    pub order: &'a dyn Fn(usize) -> Vec<usize>,
}

/// Whether what is accepted is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// It is kept, and in force from now on.
    Keep,
    /// Everything is tried and nothing kept, as in a dry run.
    Discard,
}

/// How a run went for one source.
#[derive(Debug)]
pub struct Refreshed {
    /// What came of it.
    pub outcome: Outcome,
    /// Where the source stands on the ladder now.
    pub state: ladder::State,
    /// What is to be done about it.
    pub action: ladder::Action,
    /// What the source contributes now.
    pub in_force: InForce,
    /// What is worth a person's attention, mirrors that failed among it.
    pub findings: Vec<Finding>,
    /// Where the evidence of a contradiction was put.
    pub evidence: Option<PathBuf>,
}

/// What came of a run for one source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A list with other bytes than before was accepted.
    Accepted,
    /// The same list was confirmed, perhaps by newer proofs.
    Confirmed,
    /// Nothing could be fetched or verified; what was accepted before counts until its end.
    Failed {
        /// In words, with the cure.
        why: String,
    },
    /// Something that is validly signed contradicts what was accepted before, which counts until its end.
    Contradicted {
        /// In words, with the cure.
        why: String,
    },
}

/// Fetches, accepts and keeps the list of one source. Trouble on the other side is an [`Outcome`].
///
/// # Errors
/// [`StateError`] when we could not do our own work; what was in force still is.
pub fn refresh(
    settings: &SourceSettings,
    lock: &Lock,
    outside: Outside<'_>,
    keeping: Keeping,
    now: Timestamp,
) -> Result<Refreshed, StateError> {
    let _ = (lock.source(&settings.name)?, outside.fetch, outside.git, outside.order, keeping);
    Ok(Refreshed {
        outcome: Outcome::Failed { why: "nothing is fetched yet".into() },
        state: ladder::State::default(),
        action: ladder::Action::Warn,
        in_force: crate::load(settings, lock.state(), now)?,
        findings: Vec::new(),
        evidence: None,
    })
}

/// A random order, for [`Outside::order`].
pub fn random_order(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    fastrand::shuffle(&mut order);
    order
}
