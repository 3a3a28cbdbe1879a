//! Lists and overrides as the daemon asks them: one picture of the state directory, exchanged whole.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use starttls_daemon::{Known, KnownError, KnownSource};
use starttls_policy::decide::Choices;
use starttls_policy::decide::overrides::Override;
use starttls_policy::merge::MergedEntry;
use starttls_policy::{Domain, Timestamp, with_causes};
use starttls_sources::overrides::{self, FILE, Overrides};
use starttls_sources::settings::SourceName;
use starttls_sources::{Absence, StateDir, StateError, status};

use super::mark::Mark;
use crate::lists::configured::{Absent, Failed, Gathered, gather};
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
    lists: Vec<Arc<Loaded>>,
    overrides: Arc<Overrides>,
    sources: Vec<KnownSource>,
    /// Lists of which nothing is kept in the state directory, in words that say the cure.
    absent: Vec<String>,
    /// Whether one of them counts on, since it was read before it was lost.
    has_lost_lists: bool,
    /// What could not be read, in words that name the file and the cure; what was read of it before counts on.
    troubles: Vec<String>,
    /// The states of the files that it was made from.
    marks: Vec<Mark>,
    /// For each of these files whether it could be read, or is gone since the operator wants it.
    is_read: Vec<bool>,
    /// Whether overrides were ever read, be they none.
    has_read_overrides: bool,
}

impl Standing {
    /// Takes the first picture. What cannot be read is an error in the log and is tried again: a daemon that does not answer
    /// would hold up all mail.
    pub(super) fn new(settings: &Settings, now: Timestamp) -> Self {
        let picture = Picture::take(settings, &Picture::default(), now);
        // Lists that are absent may come with the first fetch.
        let nothing = Picture { absent: picture.absent.clone(), ..Picture::default() };
        picture.tell_after(&nothing);
        let choices = settings.decide.choices();
        let picture = RwLock::new(Arc::new(picture));
        Self(Arc::new(Shared { picture, generation: AtomicU64::new(1), choices }))
    }

    /// Takes another picture, if files have changed, a list has ended or something could not be read; tells whether anything
    /// counts now that did not.
    pub(super) fn renew(&self, settings: &Settings, now: Timestamp) -> bool {
        let before = self.picture();
        let has_ended = before.lists.iter().any(|list| list.until.is_some_and(|end| end <= now));
        let is_changed = has_ended || before.marks != marks(settings);
        if !is_changed && before.troubles.is_empty() {
            return false;
        }
        let picture = Picture::take(settings, &before, now);
        // What still cannot be read does not void the answers at hand.
        if !is_changed && picture.troubles == before.troubles {
            return false;
        }
        let counts_anew = has_ended || picture.has_read_anew(&before);
        self.replace(picture);
        counts_anew
    }

    /// Tells whether nothing is kept of some list.
    pub(super) fn lacks_lists(&self) -> bool {
        !self.picture().absent.is_empty()
    }

    /// Tells whether a list counts that the state directory has no longer.
    pub(super) fn has_lost_lists(&self) -> bool {
        self.picture().has_lost_lists
    }

    /// Logs which lists are absent.
    pub(super) fn tell_absent(&self) {
        self.picture().absent.iter().for_each(|absence| tracing::error!("{absence}"));
    }

    /// What could not be read or is absent, in words that name the file and the cure.
    pub(super) fn troubles(&self) -> Vec<String> {
        let picture = self.picture();
        picture.troubles.iter().chain(&picture.absent).cloned().collect()
    }

    /// Takes another picture in any case.
    ///
    /// # Errors
    /// What cannot be read; what was read of it before counts on.
    pub(super) fn reload(&self, settings: &Settings, now: Timestamp) -> anyhow::Result<()> {
        let picture = Picture::take(settings, &self.picture(), now);
        let troubles = picture.troubles.join("\n");
        self.replace(picture);
        anyhow::ensure!(troubles.is_empty(), "{troubles}");
        Ok(())
    }

    fn replace(&self, picture: Picture) {
        picture.tell_after(&self.picture());
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
        let merged = lists::merged(picture.lists.iter().map(|list| &**list));
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
    /// Reads everything. Of what cannot be read, that counts which was read before.
    fn take(settings: &Settings, before: &Self, now: Timestamp) -> Self {
        // Marked first: what changes meanwhile is seen next time.
        let mut picture = Self { marks: marks(settings), ..Self::default() };
        picture.is_read = vec![true; picture.marks.len()];
        picture.take_overrides(settings, before, now);
        match gather(settings, now) {
            Ok(gathered) => picture.take_lists(settings, gathered, before, now),
            Err(error) => {
                picture.troubles.push(format!("lists cannot be read: {}", with_causes(&error)));
                let standing = before.lists.iter().filter(|list| !list.has_ended(now));
                picture.lists = standing.map(Arc::clone).collect();
                settings.lists.iter().for_each(|list| picture.was_not_read(settings, &list.name));
            }
        }
        match sources(settings, now) {
            Ok(sources) => picture.sources = sources,
            // Told above, unless it concerns what people see alone.
            Err(_) => picture.sources.clone_from(&before.sources),
        }
        picture
    }

    /// Tells whether something was read that is not what was read for the picture before.
    fn has_read_anew(&self, before: &Self) -> bool {
        let now = self.marks.iter().zip(&self.is_read);
        let then = before.marks.iter().zip(&before.is_read);
        self.marks.len() != before.marks.len()
            || now.zip(then).any(|(now, then)| *now.1 && (now.0 != then.0 || !then.1))
    }

    /// Notes that a list could not be read. The overrides' file comes first among the files, then the lists' in their order.
    fn was_not_read(&mut self, settings: &Settings, name: &SourceName) {
        let place = settings.lists.iter().position(|list| list.name == *name);
        if let Some(is_read) = place.and_then(|place| self.is_read.get_mut(place + 1)) {
            *is_read = false;
        }
    }

    /// Reads the overrides. Those of a file that cannot be read, or has gone, count on: `override remove` ends one, and a file that is
    /// lost must not.
    fn take_overrides(&mut self, settings: &Settings, before: &Self, now: Timestamp) {
        let file = settings.state_dir().join(FILE);
        // Looked for first: one that goes meanwhile is missed next time.
        let is_lost = !file.exists() && before.overrides.in_force(now).next().is_some();
        let trouble = match overrides::read(settings.state_dir()) {
            Ok(_) if is_lost => format!(
                "overrides cannot be read: {} is gone; put it back, or an empty file if no override is to count any more",
                file.display()
            ),
            Ok(journal) => {
                self.overrides = Arc::new(journal.overrides());
                self.has_read_overrides = true;
                return;
            }
            Err(error) => format!("overrides cannot be read: {}", with_causes(&error)),
        };
        if let Some(is_read) = self.is_read.first_mut() {
            *is_read = false;
        }
        self.overrides = Arc::clone(&before.overrides);
        self.has_read_overrides = before.has_read_overrides;
        let meanwhile = if self.has_read_overrides {
            "those read before count on"
        } else {
            "none counts, since none was read before"
        };
        self.troubles.push(format!("{trouble} ({meanwhile})"));
    }

    /// Takes the lists. Of one that cannot be read, or is no longer in the state directory, that counts until its end which was
    /// read before, unless the operator had it forgotten.
    fn take_lists(&mut self, settings: &Settings, gathered: Gathered, before: &Self, now: Timestamp) {
        let read_before =
            |name: &SourceName| before.lists.iter().find(|list| list.is_of(name) && !list.has_ended(now));
        let mut counting_on = Vec::new();
        for Absent { place, absence, is_forgotten } in gathered.absent {
            let Absence::Never { name } = &absence else {
                tracing::warn!("{absence}");
                continue;
            };
            let kept = read_before(name).filter(|_| !is_forgotten);
            if !is_forgotten {
                self.was_not_read(settings, name);
            }
            self.absent.push(absent_words(settings, name, kept));
            counting_on.extend(kept.map(|list| (place, Arc::clone(list))));
        }
        self.has_lost_lists = !counting_on.is_empty();
        self.lists = gathered.loaded.into_iter().map(Arc::new).collect();
        for Failed { name, place, error } in gathered.failed {
            let kept = read_before(&name);
            self.was_not_read(settings, &name);
            let meanwhile = if kept.is_some() {
                "what was read before counts on"
            } else {
                "nothing of it counts, since nothing was read before"
            };
            let words = with_causes(&error);
            self.troubles.push(format!("the list `{name}` cannot be read: {words} ({meanwhile})"));
            counting_on.extend(kept.map(|list| (place, Arc::clone(list))));
        }
        // From the last to the first, so that each place still is what it was. Those of one place are in the settings' order.
        counting_on
            .sort_by_key(|(_, list)| settings.lists.iter().position(|source| list.is_of(&source.name)));
        for (place, list) in counting_on.into_iter().rev() {
            self.lists.insert(place, list);
        }
    }

    /// Logs what is different from the picture before.
    fn tell_after(&self, before: &Self) {
        for trouble in self.troubles.iter().filter(|trouble| !before.troubles.contains(trouble)) {
            tracing::error!("{trouble}; it is tried again every few seconds");
        }
        for absence in self.absent.iter().filter(|absence| !before.absent.contains(absence)) {
            tracing::error!("{absence}");
        }
        if self.troubles.is_empty() && !before.troubles.is_empty() {
            tracing::info!("lists and overrides can be read again");
        }
        if self.absent.is_empty() && !before.absent.is_empty() {
            tracing::info!("every list of the settings is in the state directory now");
        }
    }
}

/// Says that nothing is kept of a list, and whether what was read before counts on.
fn absent_words(settings: &Settings, name: &SourceName, kept: Option<&Arc<Loaded>>) -> String {
    let place = state_of(settings, name);
    let place = place.display();
    match kept {
        Some(list) => {
            let end = list.until.map_or_else(String::new, |end| format!(" until {end}"));
            format!(
                "the list `{name}` is gone from the state directory: {place} has nothing that was accepted; put it back from a \
                 backup, or run `starttls update` to accept the list again (what was read before counts on{end}, and is lost with \
                 a restart)"
            )
        }
        None => format!(
            "nothing of the list `{name}` counts, since {place} has nothing that was accepted; run `starttls update`, which says \
             what stands in the way, or put the file back from a backup"
        ),
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

/// The file that says what was accepted from a source.
fn state_of(settings: &Settings, name: &SourceName) -> PathBuf {
    settings.state_dir().join("sources").join(name.to_string()).join("state.json")
}

/// The states of the files that everything depends on.
fn marks(settings: &Settings) -> Vec<Mark> {
    let state = settings.state_dir();
    let of_lists = settings.lists.iter().map(|list| state_of(settings, &list.name));
    std::iter::once(state.join(FILE)).chain(of_lists).map(|file| Mark::of(&file)).collect()
}

#[cfg(test)]
mod tests;
