//! How relax orders end: the relaxations of a list after each change to come, from the state directory alone.

use starttls_policy::{List, Relaxations, Timestamp};

use crate::load::choice;
use crate::settings::SourceSettings;
use crate::state::{Memory, StateDir, StateError};

/// Changes worked out ahead; orders last two weeks at most, and there are rarely two.
const MAX_CHANGES: usize = 32;

/// The relaxations of the list in force from each moment on at which an order begins or ends, in order of time.
///
/// Beyond [`MAX_CHANGES`] every order counts as ended: an entry is then enforced too early rather than too late.
///
/// # Errors
/// [`StateError`] when what is kept cannot be read.
pub fn relaxations_ahead(
    settings: &SourceSettings,
    state: &StateDir,
    list: &List,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Relaxations)>, StateError> {
    let mut changes = Vec::new();
    let Some(source) = state.source(&settings.name)? else { return Ok(changes) };
    let Some(Memory::Witnessed(memory)) = source.record()?.and_then(|record| record.memory) else {
        return Ok(changes);
    };
    let choice = choice(settings);
    let mut next = memory.relaxed(list, choice, now).until;
    while let Some(at) = next {
        if changes.len() >= MAX_CHANGES {
            changes.push((at, Relaxations::new()));
            break;
        }
        let relaxed = memory.relaxed(list, choice, at);
        changes.push((at, relaxed.relaxations));
        next = relaxed.until.filter(|then| *then > at);
    }
    Ok(changes)
}
