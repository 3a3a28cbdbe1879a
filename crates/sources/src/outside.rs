//! The ways out of this machine, as refreshing takes them: tests put their own in their place.

use crate::fetch::Fetch;
use crate::git::Git;

/// The ways out of this machine, and randomness.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// HTTPS.
    pub fetch: &'a dyn Fetch,
    /// The operator's `git`.
    pub git: &'a Git,
    /// Answers the numbers below its argument in some order, in which mirrors are tried.
    pub order: &'a dyn Fn(usize) -> Vec<usize>,
}
