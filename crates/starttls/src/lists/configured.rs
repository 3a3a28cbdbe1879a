//! The lists that the settings name, for commands that are given none.

use anstream::eprintln;
use owo_colors::OwoColorize;
use starttls_policy::printable;
use starttls_sources::settings::Trust;

use super::{ListArg, LoadError};
use crate::settings::Settings;

/// What the settings name, in their order.
///
/// Signed lists are accepted by `starttls update` and taken from the state directory; only unsigned files can be used
/// without it.
///
/// # Errors
/// No list at all, or one that has not been fetched.
pub(super) fn lists(settings: &Settings) -> Result<Vec<ListArg>, LoadError> {
    if settings.lists.is_empty() {
        return Err(LoadError::None);
    }
    let arg = |source: &starttls_sources::settings::SourceSettings| match &source.trust {
        Trust::Unsigned(unsigned) => {
            let file = unsigned.file.display().to_string();
            let note = "note:".bold();
            eprintln!("{note} the list `{}` is an unsigned file, {}", source.name, printable(&file));
            Ok(ListArg { file, scope: source.scope.clone(), ended: source.ended })
        }
        Trust::Witnessed(_) | Trust::OpenPgp(_) | Trust::GitTag(_) => {
            Err(LoadError::NotFetched { name: source.name.clone() })
        }
    };
    settings.lists.iter().map(arg).collect()
}
