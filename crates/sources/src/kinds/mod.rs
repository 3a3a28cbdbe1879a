//! The kinds of source: each finds what its trust lets it accept, and says what stood in the way.
//!
//! Nothing here changes what is in force; that is `crate::refresh`. To add a kind: one file with a `search` function, one line
//! in [`search`], its variant of `Trust` and `TrustKind`.

mod candidate;
mod chain_of_ids;
mod git_tag;
mod mirror;
mod openpgp;
mod pinned;
mod plain;
mod search;
mod unsigned;
mod witnessed;

pub(crate) use candidate::{Bytes, Candidate};
pub(crate) use pinned::pinned;
pub(crate) use plain::{BEYOND_END, SERIAL_NOT_RAISED};
pub(crate) use search::{Attempt, Heft, Search};
pub(crate) use witnessed::leads_to;

use crate::settings::Trust;
use crate::state::StateError;

/// Looks for something to accept, mirror by mirror.
///
/// # Errors
/// [`StateError`] when our own disk fails us; whatever others do wrong is in the [`Search`].
pub(crate) fn search(attempt: &Attempt<'_>) -> Result<Search, StateError> {
    match &attempt.settings.trust {
        Trust::Witnessed(witnessed) => witnessed::search(attempt, witnessed),
        Trust::OpenPgp(openpgp) => openpgp::search(attempt, openpgp),
        Trust::GitTag(tag) => git_tag::search(attempt, tag),
        Trust::Unsigned(unsigned) => unsigned::search(attempt, unsigned),
    }
}
