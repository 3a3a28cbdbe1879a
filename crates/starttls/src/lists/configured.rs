//! The lists that the settings name, as `starttls update` accepted them: for commands that are given none.

use owo_colors::OwoColorize;
use starttls_policy::Timestamp;
use starttls_policy::merge::Scope;
use starttls_sources::{InForce, StateDir, TrustKind};

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
    let state = StateDir::open(settings.state_dir())?;
    let (mut loaded, mut absent) = (Vec::new(), Vec::new());
    for source in &settings.lists {
        match starttls_sources::load(source, &state, now)? {
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
