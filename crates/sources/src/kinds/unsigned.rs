//! A local file that nobody signed.

use std::collections::BTreeMap;

use starttls_policy::read::MAX_LIST_BYTES;
use starttls_policy::with_causes;
use starttls_trust::accept;

use super::plain::{self, Bound, Plain};
use super::search::{Attempt, Offer, Rejection, Search};
use crate::local;
use crate::settings::Unsigned;
use crate::state::{KeptList, StateError};

pub(super) fn search(attempt: &Attempt<'_>, unsigned: &Unsigned) -> Result<Search, StateError> {
    attempt.visit(1, |_| {
        if is_held(attempt, unsigned) {
            return Ok(Ok(Offer::Unchanged));
        }
        let bytes = match starttls_host::read(&unsigned.file, MAX_LIST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(Rejection::unusable(with_causes(&error)))),
        };
        let place = unsigned.file.display().to_string();
        Ok(plain::judge(
            attempt,
            Plain {
                place,
                bytes,
                proof: None,
                anchor: None,
                signers: Vec::new(),
                seen: BTreeMap::new(),
                bound: Bound::ByNothing,
            },
        ))
    })
}

/// Tells whether the file is what is held, and would be accepted once more; reads it piece by piece, since it may be large.
fn is_held(attempt: &Attempt<'_>, unsigned: &Unsigned) -> bool {
    let Some(held) = attempt.record.list.as_ref().filter(|_| attempt.record.anchor.is_none()) else {
        return false;
    };
    let KeptList { serial, sha256, timestamp, expires, size, .. } = *held;
    let facts = accept::Facts { serial, sha256, timestamp, expires };
    accept::plain(None, plain::as_settled(facts, attempt.settings), attempt.now).is_ok()
        && local::is(&unsigned.file, size, &sha256)
        && attempt.source.list_is_whole(Some(held))
}
