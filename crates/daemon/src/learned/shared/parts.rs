//! A batch that the database refused, written in parts, so that one bad row does not hold up the others.
//!
//! Parts are halved in breadth: that one row alone is refused shows with the second part, that all are refused after a few.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use starttls_policy::Domain;
use starttls_store::{Connection, StoreError};
use tokio::time::Instant;

use super::Shared;
use crate::learned::batch::Batches;
use crate::learned::change::Change;

/// Changes of one batch that are told apart from those that the database takes; with more, a part refused for its values is given up as
/// a whole, so that a database that refuses everything is not asked for each row.
const MOST_ALONE: usize = 32;

/// Parts that are refused before anything is written, until the database counts as one that takes no writes: the whole, its halves,
/// quarters and eighths.
const REFUSED_ALL: usize = 15;

/// Parts of one batch that may be refused; the rest is left for the next try.
const MOST_REFUSED: usize = 64;

/// How long one batch is tried in parts: others wait meanwhile.
const TRIED_FOR: Duration = Duration::from_secs(3);

/// A change whose row alone is refused, and why.
pub(super) type Refused = (Domain, Change, StoreError);

/// Result of writing a batch.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Changes that were refused alone, while others were written or may be.
    pub(super) refused: Vec<Refused>,
    /// Why not all parts were tried, or nothing was written.
    pub(super) stopped: Option<StoreError>,
}

impl Shared {
    /// Writes a batch that was refused in parts, until those that are refused are alone. What is written twice meanwhile does no harm.
    ///
    /// Values that the database refuses are given up; other rows are returned.
    pub(super) async fn write_parts(
        &self,
        connection: &mut Connection,
        batches: &mut Batches,
        changes: &HashMap<Domain, Change>,
        whole: StoreError,
    ) -> Result<Written, StoreError> {
        let began = Instant::now();
        let all: Vec<_> = changes.iter().map(|(domain, change)| (domain.clone(), change.clone())).collect();
        let mut failed = Some((all, whole));
        let mut parts = VecDeque::new();
        let (mut given_up, mut failures, mut is_any_written) = (0, 0, false);
        let mut written = Written::default();
        loop {
            if let Some((mut part, error)) = failed.take() {
                let is_of_values = error.is_of_values();
                if !is_of_values {
                    failures += 1;
                    let is_all = failures >= REFUSED_ALL && !is_any_written;
                    if is_all || failures >= MOST_REFUSED || began.elapsed() >= TRIED_FOR {
                        written.stopped = Some(error);
                        break;
                    }
                }
                if is_of_values && (part.len() == 1 || given_up >= MOST_ALONE) {
                    given_up += 1;
                    self.link.gave_up(part.len() as u64, &error);
                } else if part.len() == 1 {
                    written.refused.extend(part.pop().map(|(domain, change)| (domain, change, error)));
                } else {
                    let other = part.split_off(part.len() / 2);
                    parts.extend([part, other]);
                }
            }
            let Some(part) = parts.pop_front() else { break };
            let some = part.iter().cloned().collect();
            match batches.write_to_server(connection, &some, self.clock.settled()).await {
                Ok(_) => is_any_written = true,
                Err(error) if error.may_be_of_one_row() => failed = Some((part, error)),
                Err(error) => return Err(error),
            }
        }
        // Where nothing was written the rows may not be the cause, unless it is one that passes.
        if !is_any_written && written.stopped.is_none() {
            let passing = written.refused.iter().all(|(_, _, error)| error.is_passing());
            if !passing {
                written.stopped = written.refused.pop().map(|(_, _, error)| error);
                written.refused.clear();
            }
        }
        if !is_any_written && written.stopped.is_some() {
            written.refused.clear();
        }
        Ok(written)
    }
}
