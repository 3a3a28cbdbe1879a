//! Lists and overrides as the daemon asks them: one picture of the state directory, exchanged whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use starttls_daemon::{Known, KnownError, KnownSource};
use starttls_policy::decide::Choices;
use starttls_policy::decide::overrides::Override;
use starttls_policy::merge::MergedEntry;
use starttls_policy::{Domain, Timestamp};
use starttls_sources::overrides::{self, FILE, Overrides};
use starttls_sources::{Absence, StateDir, StateError, status};

use crate::lists::configured::gather;
use crate::lists::{self, Loaded};
use crate::settings::Settings;

/// Lists and overrides, shared by all who ask.
#[derive(Clone)]
pub(super) struct Standing(Arc<Shared>);

struct Shared {
    picture: RwLock<Arc<Picture>>,
    generation: AtomicU64,
    choices: Choices,
}

/// Everything as it was at one moment.
#[derive(Default)]
struct Picture {
    lists: Vec<Loaded>,
    overrides: Overrides,
    sources: Vec<KnownSource>,
    /// Whether nothing was ever accepted of some list.
    lacks_lists: bool,
    /// When the files were changed that it was made from.
    marks: Vec<Option<SystemTime>>,
}

impl Standing {
    /// Takes the first picture.
    ///
    /// # Errors
    /// Lists or overrides that cannot be read: the daemon does not begin without what it is told to enforce.
    pub(super) fn new(settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        let picture = RwLock::new(Arc::new(Picture::take(settings, now)?));
        let choices = settings.decide.choices();
        Ok(Self(Arc::new(Shared { picture, generation: AtomicU64::new(1), choices })))
    }

    /// Takes another picture, if files have changed or a list has ended; tells whether it did.
    ///
    /// # Errors
    /// What cannot be read; the picture before stays.
    pub(super) fn renew(&self, settings: &Settings, now: Timestamp) -> anyhow::Result<bool> {
        let before = self.picture();
        let has_ended = before.lists.iter().any(|list| list.until.is_some_and(|end| end <= now));
        if !has_ended && before.marks == marks(settings) {
            return Ok(false);
        }
        self.replace(Picture::take(settings, now)?);
        Ok(true)
    }

    /// Tells whether nothing was ever accepted of some list.
    pub(super) fn lacks_lists(&self) -> bool {
        self.picture().lacks_lists
    }

    /// Takes another picture in any case.
    ///
    /// # Errors
    /// What cannot be read; the picture before stays.
    pub(super) fn reload(&self, settings: &Settings, now: Timestamp) -> anyhow::Result<()> {
        self.replace(Picture::take(settings, now)?);
        Ok(())
    }

    fn replace(&self, picture: Picture) {
        *self.0.picture.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(picture);
        // Only now: an answer made from the old picture must not bear the new number.
        self.0.generation.fetch_add(1, Ordering::Release);
    }

    fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.0.picture.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known for Standing {
    fn show(
        &self,
        domain: &Domain,
        see: &mut dyn FnMut(Option<&Override>, Option<&MergedEntry<'_>>),
    ) -> Result<(), KnownError> {
        let picture = self.picture();
        let merged = lists::merged(&picture.lists);
        let listed = merged.get(domain).map_err(|error| KnownError { words: error.to_string() })?;
        see(picture.overrides.get(domain), listed.as_ref());
        Ok(())
    }

    fn choices(&self) -> Choices {
        self.0.choices
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    fn sources(&self) -> Vec<KnownSource> {
        self.picture().sources.clone()
    }
}

impl Picture {
    fn take(settings: &Settings, now: Timestamp) -> anyhow::Result<Self> {
        // Marked first: what changes meanwhile is seen next time.
        let marks = marks(settings);
        let overrides = overrides::read(settings.state_dir())?.overrides();
        let gathered = gather(settings, now)?;
        for absence in &gathered.absent {
            tracing::warn!("{absence}");
        }
        let lacks_lists = gathered.absent.iter().any(|absence| matches!(absence, Absence::Never { .. }));
        Ok(Self { lists: gathered.loaded, overrides, sources: sources(settings, now)?, lacks_lists, marks })
    }
}

/// How the lists are, for people.
fn sources(settings: &Settings, now: Timestamp) -> Result<Vec<KnownSource>, StateError> {
    let state = match StateDir::open(settings.state_dir()) {
        Err(StateError::Missing { .. }) => return Ok(Vec::new()),
        state => state?,
    };
    let show = |source| {
        let status = status(source, &state, now)?;
        let list = status.list.as_ref();
        Ok(KnownSource {
            name: status.name,
            state: status.state.name(),
            serial: list.map(|list| list.serial),
            domains: list.map(|list| list.entries),
            until: list.and_then(|list| list.effective_end).map(|end| end.to_string()),
        })
    };
    settings.lists.iter().map(show).collect()
}

/// When the files were changed that everything depends on.
fn marks(settings: &Settings) -> Vec<Option<SystemTime>> {
    let state = settings.state_dir();
    let of_lists = settings
        .lists
        .iter()
        .map(|list| state.join("sources").join(list.name.to_string()).join("state.json"));
    std::iter::once(state.join(FILE))
        .chain(of_lists)
        .map(|file| std::fs::metadata(file).and_then(|found| found.modified()).ok())
        .collect()
}
