//! All that is known before the network is asked: the operator's lists and overrides.

use owo_colors::OwoColorize;
use starttls_policy::Timestamp;
use starttls_sources::overrides::{self, FILE, FileError, Journal, Overrides};

use crate::lists::{ListArgs, Loaded};
use crate::settings::Settings;

/// Lists and overrides of one run.
pub(crate) struct Known {
    pub(crate) lists: Vec<Loaded>,
    pub(crate) overrides: Overrides,
}

impl Known {
    /// Reads the lists that are named, or those of the settings; and the overrides of the state directory.
    ///
    /// # Errors
    /// Whatever stops a list or the overrides from being read: neither is left out silently.
    pub(crate) fn load(lists: &ListArgs, settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        let overrides = journal(settings)?.overrides();
        Ok(Self { lists: lists.load(settings, now)?, overrides })
    }
}

/// All lines of the overrides file; warns of a torn end.
///
/// # Errors
/// What [`overrides::read`] answers.
pub(crate) fn journal(settings: &Settings) -> Result<Journal, FileError> {
    let journal = overrides::read(settings.state_dir())?;
    if journal.torn_bytes > 0 {
        anstream::eprintln!(
            "{} {} ends in {} bytes of a line whose writer died; they do not count, and the next `override add` removes them",
            "warning:".yellow().bold(),
            settings.state_dir().join(FILE).display(),
            journal.torn_bytes
        );
    }
    Ok(journal)
}
