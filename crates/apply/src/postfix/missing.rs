//! A table or an output directory of ours that is gone while Postfix's configuration names it, which defers all mail.

use std::fs;
use std::io;
use std::path::Path;

use starttls_mta::postfix::TABLE;

use super::{Detected, Instance, WithdrawError};
use crate::generations::CURRENT;

/// Checks that an output directory holds something, or that Postfix uses it: opening one that is not there makes it.
///
/// Where it is gone and Postfix uses it, the directories above it are made, so that it can be opened.
///
/// # Errors
/// [`WithdrawError::NoActivation`] where there is nothing and Postfix, as the instance `default` says, does not use it;
/// [`WithdrawError::NoParent`].
pub fn check_output(output: &Path, default: &Instance) -> Result<(), WithdrawError> {
    let is_bare = match fs::read_dir(output) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if !is_bare {
        return Ok(());
    }
    let path = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
    let is_used = Detected::ask(default).is_ok_and(|server| !server.uses_of(&path).is_empty());
    if !is_used {
        return Err(WithdrawError::NoActivation { path });
    }
    let parent = path.parent().unwrap_or(&path);
    fs::create_dir_all(parent).map_err(|source| WithdrawError::NoParent { path: parent.to_owned(), source })
}

/// Tells whether the table of an output directory is not there. One that cannot be read for another reason is.
pub(super) fn is_table_missing(output: &Path) -> bool {
    let missing = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    fs::metadata(output.join(CURRENT).join(TABLE)).is_err_and(|error| missing.contains(&error.kind()))
}
