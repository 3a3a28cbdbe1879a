//! The lists that the settings name, as `starttls update` accepted them: for commands that are given none.

use std::path::Path;

use owo_colors::OwoColorize;
use starttls_policy::merge::Scope;
use starttls_policy::{Relaxations, Timestamp};
use starttls_sources::settings::{Ended, SourceSettings, Trust};
use starttls_sources::{Absence, InForce, StateDir, StateError, TrustKind};

use super::{LoadError, Loaded};
use crate::compiled::Source;
use crate::settings::Settings;

/// What is in force of what the settings name, in their order; says what is not.
///
/// # Errors
/// No list at all, none in force, or a state directory that cannot be read.
pub(super) fn load(settings: &Settings, now: Timestamp) -> Result<Vec<Loaded>, LoadError> {
    if settings.lists.is_empty() {
        return Err(LoadError::None);
    }
    let state = match StateDir::open(settings.state_dir()) {
        Err(StateError::Missing { .. }) => None,
        state => Some(state?),
    };
    let (mut loaded, mut absent) = (Vec::new(), Vec::new());
    for source in &settings.lists {
        let in_force = match (&state, &source.trust) {
            (Some(state), _) => starttls_sources::load(source, state, now)?,
            // What nobody signed needs no acceptance: it can be looked at before the first update.
            (None, Trust::Unsigned(unsigned)) => {
                loaded.push(Loaded::unsigned(source, &unsigned.file, now)?);
                continue;
            }
            (None, _) => InForce::Nothing(Absence::Never { name: source.name.clone() }),
        };
        match in_force {
            InForce::List(list) => {
                if list.trust == TrustKind::Unsigned {
                    anstream::eprintln!("{} the list `{}` is unsigned", "note:".bold(), list.name);
                }
                loaded.push(Loaded::accepted(*list, &source.scope));
            }
            InForce::Nothing(absence) => absent.push(absence),
        }
    }
    if loaded.is_empty() {
        return Err(LoadError::NothingInForce(absent));
    }
    for absence in absent {
        anstream::eprintln!("{} {absence}", "warning:".yellow().bold());
    }
    Ok(loaded)
}

impl Loaded {
    /// The operator's own file, as it is now.
    fn unsigned(source: &SourceSettings, file: &Path, now: Timestamp) -> Result<Self, LoadError> {
        anstream::eprintln!("{} the list `{}` is unsigned", "note:".bold(), source.name);
        let path = file.display().to_string();
        let list = Source::load(&path)?;
        let head = list.lookup().head();
        if head.has_ended(now) && source.ended == Ended::Refused {
            return Err(LoadError::Ended { file: path, expires: head.expires });
        }
        let until = head.expires.filter(|_| source.ended == Ended::Refused);
        let (name, scope) = (format!("{} (unsigned)", source.name), source.scope.clone());
        Ok(Self { name, list, scope, relaxed: Relaxations::new(), until })
    }

    /// A list that was accepted from a source.
    pub(crate) fn accepted(list: starttls_sources::Loaded, scope: &Scope) -> Self {
        let name = match list.trust {
            TrustKind::Unsigned => format!("{} (unsigned)", list.name),
            _ => list.name.to_string(),
        };
        Self {
            name,
            list: Source::List(list.list),
            scope: scope.clone(),
            relaxed: list.relaxations,
            until: list.effective_end.into_iter().chain(list.relaxed_until).min(),
        }
    }
}
