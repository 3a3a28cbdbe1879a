//! Writing policy lists: version 1 in its one canonical form, and 0.1 where it can express the list.
//!
//! Text goes straight into any [`fmt::Write`], so that a list is never held twice. Everything is checked before the
//! first byte goes out: after an error other than [`WriteError::Output`] nothing was written. The same list
//! always makes the same bytes, and reading them makes the same list.
//!
//! ```text
//! {
//!   "version": "1",                          head: one member per line
//!   …
//!   "policies": {
//!     "example.org": {"provider": "p"},      one entry per line: small to store, and `git diff` shows entries
//!   …
//! ```
//!
//! One file per form: [`one`](fn@one) and [`eff`](fn@eff).
//!
//! Spec: docs/list-format.md, "Canonical form".

mod check;
mod eff;
mod json;
mod one;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use eff::{Feature, Loss, MAX_LOSS_SUBJECTS, Subject};

use crate::domain::Domain;
use crate::list::{Dialect, List};
use crate::pin::Label;

/// Writes a list as version 1, in the canonical form that is signed.
///
/// # Errors
/// [`WriteError`] when version 1 wants something that the list does not have, or the output fails.
pub fn one(list: &List, out: &mut dyn fmt::Write) -> Result<(), WriteError> {
    one::write(list, out)
}

/// Writes a list as 0.1, and tells which notes 0.1 has no place for (dates, evidence, `x-` members, the serial).
///
/// # Errors
/// [`WriteError::Inexpressible`] when a policy of the list says what 0.1 cannot say; otherwise as [`one`](fn@one).
pub fn eff(list: &List, out: &mut dyn fmt::Write) -> Result<Vec<Loss>, WriteError> {
    eff::write(list, out)
}

/// A list that could not be written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The head lacks what the written form must have: a list of 2014 or 0.1 may come without.
    #[error("the list does not say its `{}`, which version {to} must have", names.join("`, `"))]
    MissingHead {
        /// The members.
        names: Vec<&'static str>,
        /// The form that was asked for.
        to: Dialect,
    },
    /// The end lies before the beginning.
    #[error("`expires` is not later than `timestamp`")]
    EndsBeforeItBegins,
    /// A pinset that a 2014 list may have and version 1 may not.
    #[error(
        "the pinset `{pinset}` has no backup: version 1 wants at least two different pins, it has {pins}"
    )]
    NoBackupPin {
        /// Its name.
        pinset: Label,
        /// How many it has.
        pins: usize,
    },
    /// Policies that say what 0.1 cannot say.
    #[error("version 0.1 cannot say {}", eff::in_prose(.0))]
    Inexpressible(
        /// What is lost and where, notes included.
        Vec<Loss>,
    ),
    /// Names that stand twice or out of order: no reader made this list.
    #[error("`{name}` stands twice or out of order in the list; sort it first")]
    OutOfOrder {
        /// The second of the two names.
        name: String,
    },
    /// A policy without MX patterns: no reader made this list.
    #[error(
        "the policy of `{name}` has no MX pattern; one of mode `enforce` or `testing` needs at least one"
    )]
    NoMx {
        /// The domain or shared policy.
        name: String,
    },
    /// A reference to a shared policy that is not there: no reader made this list.
    #[error("`{domain}` refers to a shared policy that is not in the list")]
    UndefinedAlias {
        /// Whose reference.
        domain: Domain,
    },
    /// A policy with a pinset that is not in the list under its name: no reader made this list.
    #[error("the pinset `{pinset}` of `{name}` is not in the list")]
    UndefinedPinset {
        /// The pinset.
        pinset: Label,
        /// The domain or shared policy.
        name: String,
    },
    /// The output takes no more; what stopped it is known to whoever made it.
    #[error("the output takes no more text")]
    Output(#[from] fmt::Error),
}

#[cfg(test)]
mod tests;
