//! A local file that nobody signed.

use std::collections::BTreeMap;

use starttls_policy::read::MAX_LIST_BYTES;

use super::plain::{self, Bound, Plain};
use super::search::{Attempt, Rejection, Search};
use crate::local;
use crate::settings::Unsigned;
use crate::state::StateError;

pub(super) fn search(attempt: &Attempt<'_>, unsigned: &Unsigned) -> Result<Search, StateError> {
    attempt.visit(1, |_| {
        let bytes = match local::read(&unsigned.file, MAX_LIST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(Rejection::unusable(error.to_string()))),
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
