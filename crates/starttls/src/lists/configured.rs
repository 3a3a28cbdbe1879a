//! The lists that the settings name, as `starttls update` accepted them: for commands that are given none.

use std::path::Path;

use owo_colors::OwoColorize;
use starttls_policy::merge::Scope;
use starttls_policy::{Relaxations, Timestamp};
use starttls_sources::settings::{Ended, SourceName, SourceSettings, Trust};
use starttls_sources::{Absence, Compiled, InForce, StateDir, StateError, TrustKind, relaxations_ahead};

use super::{LoadError, Loaded};
use crate::compiled::Source;
use crate::settings::Settings;

/// What is in force of what the settings name.
pub(crate) struct Gathered {
    /// In the settings' order.
    pub(crate) loaded: Vec<Loaded>,
    /// What is not, and why.
    pub(crate) absent: Vec<Absent>,
    /// What cannot be read.
    pub(crate) failed: Vec<Failed>,
    /// Lists that nobody signed.
    unsigned: Vec<SourceName>,
}

/// A list that is not in force.
pub(crate) struct Absent {
    /// Its place among the lists that were loaded.
    pub(crate) place: usize,
    pub(crate) absence: Absence,
    /// Whether the operator had it forgotten.
    pub(crate) is_forgotten: bool,
}

/// A list that cannot be read.
pub(crate) struct Failed {
    pub(crate) name: SourceName,
    /// Its place among the lists that were loaded.
    pub(crate) place: usize,
    pub(crate) error: LoadError,
}

/// What is in force of what the settings name, in their order; says what is not.
///
/// # Errors
/// No list at all, none in force, or a state directory that cannot be read.
pub(super) fn load(settings: &Settings, now: Timestamp) -> Result<Vec<Loaded>, LoadError> {
    if settings.lists.is_empty() {
        return Err(LoadError::None);
    }
    let Gathered { loaded, absent, failed, unsigned } = gather(settings, now)?;
    if let Some(failed) = failed.into_iter().next() {
        return Err(failed.error);
    }
    for name in unsigned {
        anstream::eprintln!("{} the list `{name}` is unsigned", "note:".bold());
    }
    if loaded.is_empty() {
        return Err(LoadError::NothingInForce(absent.into_iter().map(|absent| absent.absence).collect()));
    }
    for Absent { absence, .. } in absent {
        anstream::eprintln!("{} {absence}", "warning:".yellow().bold());
    }
    Ok(loaded)
}

/// The same for those who go on with what there is.
///
/// # Errors
/// A state directory that cannot be opened.
pub(crate) fn gather(settings: &Settings, now: Timestamp) -> Result<Gathered, LoadError> {
    let state = match StateDir::open(settings.state_dir()) {
        Err(StateError::Missing { .. }) => None,
        state => Some(state?),
    };
    let mut gathered =
        Gathered { loaded: Vec::new(), absent: Vec::new(), failed: Vec::new(), unsigned: Vec::new() };
    for source in &settings.lists {
        if let Err(error) = gathered.add(source, state.as_ref(), now) {
            let (name, place) = (source.name.clone(), gathered.loaded.len());
            gathered.failed.push(Failed { name, place, error });
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// Adds what is in force of one source, or why nothing is.
    fn add(
        &mut self,
        source: &SourceSettings,
        state: Option<&StateDir>,
        now: Timestamp,
    ) -> Result<(), LoadError> {
        if let Some(state) = state
            && let Some(compiled) = starttls_sources::look_up(source, state, now)?
        {
            self.note(compiled.trust, &compiled.name);
            self.loaded.push(Loaded::compiled(compiled, &source.scope));
            return Ok(());
        }
        let in_force = match (state, &source.trust) {
            (Some(state), _) => starttls_sources::load(source, state, now)?,
            // What nobody signed needs no acceptance: it can be looked at before the first update.
            (None, Trust::Unsigned(unsigned)) => {
                let loaded = Loaded::unsigned(source, &unsigned.file, now)?;
                self.note(TrustKind::Unsigned, &source.name);
                self.loaded.push(loaded);
                return Ok(());
            }
            (None, _) => InForce::Nothing(Absence::Never { name: source.name.clone() }),
        };
        match in_force {
            InForce::List(list) => {
                self.note(list.trust, &list.name);
                if let Some(state) = state {
                    self.loaded.push(Loaded::accepted(*list, source, state, now)?);
                }
            }
            InForce::Nothing(absence) => {
                let is_forgotten =
                    state.map_or(Ok(false), |state| starttls_sources::is_forgotten(&source.name, state))?;
                self.absent.push(Absent { place: self.loaded.len(), absence, is_forgotten });
            }
        }
        Ok(())
    }

    /// Notes that nobody signed a list.
    fn note(&mut self, trust: TrustKind, name: &SourceName) {
        if trust == TrustKind::Unsigned {
            self.unsigned.push(name.clone());
        }
    }
}

/// What a list is called in output.
fn called(trust: TrustKind, name: &SourceName) -> String {
    match trust {
        TrustKind::Unsigned => format!("{name} (unsigned)"),
        _ => name.to_string(),
    }
}

impl Loaded {
    /// Tells whether it is the list of a source.
    pub(crate) fn is_of(&self, name: &SourceName) -> bool {
        [called(TrustKind::Witnessed, name), called(TrustKind::Unsigned, name)].contains(&self.name)
    }

    /// A list that was accepted from a source, looked up where it lies.
    fn compiled(list: Compiled, scope: &Scope) -> Self {
        Self {
            name: called(list.trust, &list.name),
            list: Source::Index(list.index),
            scope: scope.clone(),
            relaxed: Relaxations::new(),
            relaxed_ahead: Vec::new(),
            until: list.effective_end,
        }
    }

    /// The operator's own file, as it is now.
    fn unsigned(source: &SourceSettings, file: &Path, now: Timestamp) -> Result<Self, LoadError> {
        let path = file.display().to_string();
        let list = Source::load(&path)?;
        let head = list.lookup().head();
        if head.has_ended(now) && source.ended == Ended::Refused {
            return Err(LoadError::Ended { file: path, expires: head.expires });
        }
        let until = head.expires.filter(|_| source.ended == Ended::Refused);
        let (name, scope) = (called(TrustKind::Unsigned, &source.name), source.scope.clone());
        Ok(Self { name, list, scope, relaxed: Relaxations::new(), relaxed_ahead: Vec::new(), until })
    }

    /// A list that was accepted from a source.
    ///
    /// # Errors
    /// When the relax orders that are kept cannot be read.
    pub(crate) fn accepted(
        list: starttls_sources::Loaded,
        source: &SourceSettings,
        state: &StateDir,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let relaxed_ahead = match list.relaxed_until {
            Some(_) => relaxations_ahead(source, state, &list.list, now)?,
            None => Vec::new(),
        };
        Ok(Self {
            name: called(list.trust, &list.name),
            list: Source::List(list.list),
            scope: source.scope.clone(),
            relaxed: list.relaxations,
            relaxed_ahead,
            until: list.effective_end,
        })
    }
}
