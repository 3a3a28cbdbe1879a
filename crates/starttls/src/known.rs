//! All that is known before the network is asked: the operator's lists and overrides.

use std::time::Duration;

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

/// How long a list stays in force that its operator uses beyond its end, unless an update or an activation renews it.
pub(crate) const LONGEST_BEYOND_END: Duration = Duration::from_hours(14 * 24);

impl Known {
    /// The same, where every list expires: one that is used beyond its end does so in two weeks.
    pub(crate) fn bounded(mut self, now: Timestamp) -> Self {
        for list in &mut self.lists {
            list.until = Some(list.until.unwrap_or_else(|| after(now, LONGEST_BEYOND_END)));
        }
        self
    }

    /// Reads the lists that are named, or those of the settings; and the overrides of the state directory.
    ///
    /// # Errors
    /// Whatever stops a list or the overrides from being read: neither is left out silently.
    pub(crate) fn load(lists: &ListArgs, settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        let overrides = journal(settings)?.overrides();
        Ok(Self { lists: lists.load(settings, now)?, overrides })
    }
}

/// A time so much later.
pub(crate) fn after(now: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_seconds(now.seconds().saturating_add(span.as_secs())).unwrap_or(Timestamp::MAX)
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
