//! The lists that the settings name, as `starttls update` accepted them: for commands that are given none.

use std::path::Path;

use owo_colors::OwoColorize;
use starttls_policy::merge::Scope;
use starttls_policy::{Relaxations, Timestamp};
use starttls_sources::settings::{Ended, SourceName, SourceSettings, Trust};
use starttls_sources::{Absence, Compiled, InForce, StateDir, StateError, TrustKind};

use super::{LoadError, Loaded};
use crate::compiled::Source;
use crate::settings::Settings;

/// What is in force of what the settings name.
pub(crate) struct Gathered {
    /// In the settings' order.
    pub(crate) loaded: Vec<Loaded>,
    /// What is not, and why.
    pub(crate) absent: Vec<Absence>,
    /// Lists that nobody signed.
    unsigned: Vec<SourceName>,
}

/// What is in force of what the settings name, in their order; says what is not.
///
/// # Errors
/// No list at all, none in force, or a state directory that cannot be read.
pub(super) fn load(settings: &Settings, now: Timestamp) -> Result<Vec<Loaded>, LoadError> {
    if settings.lists.is_empty() {
        return Err(LoadError::None);
    }
    let Gathered { loaded, absent, unsigned } = gather(settings, now)?;
    for name in unsigned {
        anstream::eprintln!("{} the list `{name}` is unsigned", "note:".bold());
    }
    if loaded.is_empty() {
        return Err(LoadError::NothingInForce(absent));
    }
    for absence in absent {
        anstream::eprintln!("{} {absence}", "warning:".yellow().bold());
    }
    Ok(loaded)
}

/// The same for those who go on with what there is.
///
/// # Errors
/// A state directory or a list that cannot be read.
pub(crate) fn gather(settings: &Settings, now: Timestamp) -> Result<Gathered, LoadError> {
    let state = match StateDir::open(settings.state_dir()) {
        Err(StateError::Missing { .. }) => None,
        state => Some(state?),
    };
    let mut gathered = Gathered { loaded: Vec::new(), absent: Vec::new(), unsigned: Vec::new() };
    for source in &settings.lists {
        if let Some(state) = &state
            && let Some(compiled) = starttls_sources::look_up(source, state, now)?
        {
            gathered.note(compiled.trust, &compiled.name);
            gathered.loaded.push(Loaded::compiled(compiled, &source.scope));
            continue;
        }
        let in_force = match (&state, &source.trust) {
            (Some(state), _) => starttls_sources::load(source, state, now)?,
            // What nobody signed needs no acceptance: it can be looked at before the first update.
            (None, Trust::Unsigned(unsigned)) => {
                gathered.note(TrustKind::Unsigned, &source.name);
                gathered.loaded.push(Loaded::unsigned(source, &unsigned.file, now)?);
                continue;
            }
            (None, _) => InForce::Nothing(Absence::Never { name: source.name.clone() }),
        };
        match in_force {
            InForce::List(list) => {
                gathered.note(list.trust, &list.name);
                gathered.loaded.push(Loaded::accepted(*list, &source.scope));
            }
            InForce::Nothing(absence) => gathered.absent.push(absence),
        }
    }
    Ok(gathered)
}

impl Gathered {
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
    /// A list that was accepted from a source, looked up where it lies.
    fn compiled(list: Compiled, scope: &Scope) -> Self {
        Self {
            name: called(list.trust, &list.name),
            list: Source::Index(list.index),
            scope: scope.clone(),
            relaxed: Relaxations::new(),
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
        Ok(Self { name, list, scope, relaxed: Relaxations::new(), until })
    }

    /// A list that was accepted from a source.
    pub(crate) fn accepted(list: starttls_sources::Loaded, scope: &Scope) -> Self {
        Self {
            name: called(list.trust, &list.name),
            list: Source::List(list.list),
            scope: scope.clone(),
            relaxed: list.relaxations,
            // When a relax order ends is no end of the list: the next update makes the policy anew.
            until: list.effective_end,
        }
    }
}
