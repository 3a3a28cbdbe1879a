//! Taking our table out of force: out of main.cf, or, where that is refused, by taking all lines out of the table.
//!
//! The lines go into no new generation where none can be written, for example on a full disk: then the file in force is
//! cut to nothing, which needs no room.

use std::fs::File;
use std::io;
use std::io::Write as _;

use starttls_mta::postfix::TABLE;
use starttls_policy::{Timestamp, with_causes};

use super::remainder::{ExchangeError, rewritten};
use super::table::for_each_line;
use super::{Detected, Instance, Leftovers, Running, WithdrawError, deactivate};
use crate::commands::CommandError;
use crate::generations::{Generations, Ready};
use crate::validity::{Due, Effect, Expiries, Part, Validity, Watcher, table_sha256};

/// How our table was taken out of force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TakenOut {
    /// main.cf names it no more.
    Removed,
    /// It is still named, and has no lines.
    Emptied {
        /// Why it is still named.
        cause: String,
    },
}

/// Takes our table out of force altogether; the output directory stays for when lists come back.
///
/// # Errors
/// [`WithdrawError::NotEmptied`]: it could neither be taken out nor emptied, and what was in force still is.
pub fn take_out(
    instance: &Instance,
    generations: &Generations,
    now: Timestamp,
) -> Result<TakenOut, WithdrawError> {
    let known = |read: Result<Option<Validity>, _>| read.ok().flatten();
    let root = generations.root();
    let validity = known(Validity::read(root)).or_else(|| known(Validity::copy(root)));
    let validity = validity.unwrap_or_else(|| unrecorded(instance, generations, now));
    take_out_of(instance, generations, &validity, now)
}

/// The same with a record that was read before.
pub(super) fn take_out_of(
    instance: &Instance,
    generations: &Generations,
    validity: &Validity,
    now: Timestamp,
) -> Result<TakenOut, WithdrawError> {
    let Err(error) = deactivate(instance, generations, Leftovers::Keep) else {
        return Ok(TakenOut::Removed);
    };
    let cause = with_causes(&error);
    match emptied(instance, generations, validity, now) {
        Ok(()) => Ok(TakenOut::Emptied { cause }),
        Err(source) => Err(WithdrawError::NotEmptied { cause, source: Box::new(source) }),
    }
}

/// Takes every line out of a table that others name.
pub(super) fn emptied_of(
    instance: &Instance,
    generations: &Generations,
    validity: &Validity,
    now: Timestamp,
) -> Result<TakenOut, WithdrawError> {
    let cause = "main.cf is written by others".to_owned();
    match emptied(instance, generations, validity, now) {
        Ok(()) => Ok(TakenOut::Emptied { cause }),
        Err(source) => Err(WithdrawError::NotEmptied { cause, source: Box::new(source) }),
    }
}

/// Puts a generation in force and has the mail system read it, whoever names it.
pub(super) fn swap(
    instance: &Instance,
    generations: &Generations,
    ready: Ready<'_>,
) -> Result<(), ExchangeError> {
    ready.publish()?;
    // The next run writes it.
    let _ = generations.copy_record();
    Ok(reload(instance)?)
}

fn reload(instance: &Instance) -> Result<(), CommandError> {
    if instance.running()? == Running::Yes { instance.reload() } else { Ok(()) }
}

/// Takes every line out of the table in force.
fn emptied(
    instance: &Instance,
    generations: &Generations,
    validity: &Validity,
    now: Timestamp,
) -> Result<(), ExchangeError> {
    // The parts go with the lines: nothing is left that could expire.
    let left = Validity { parts: Vec::new(), until: None, ..validity.clone() };
    if !has_lines(generations) && validity.parts.is_empty() {
        return Ok(());
    }
    let nothing = Due { effect: Effect::TakeOut, later: Expiries::default() };
    let swapped =
        rewritten(instance, generations, &left, nothing, now, |ready| swap(instance, generations, ready));
    swapped.map(|_| ()).or_else(|_| cut(instance, generations, &left))
}

fn has_lines(generations: &Generations) -> bool {
    let mut count = 0_u64;
    let read = for_each_line(&generations.current_directory().join(TABLE), |_| {
        count += 1;
        Ok(())
    });
    read.is_err() || count > 0
}

/// Cuts the table in force to nothing where it stands.
fn cut(instance: &Instance, generations: &Generations, left: &Validity) -> Result<(), ExchangeError> {
    let current = generations.current_directory();
    let path = current.join(TABLE);
    let unwritable = |source| ExchangeError::Cut { path: path.clone(), source };
    // The link may lead to a file of others.
    if !path.canonicalize().map_err(unwritable)?.starts_with(generations.root()) {
        return Err(unwritable(io::Error::other("`current` leads out of the output directory")));
    }
    let mut file = File::options().write(true).truncate(true).open(&path).map_err(unwritable)?;
    file.flush().and_then(|()| file.sync_all()).map_err(unwritable)?;
    let kind = left.table_type();
    if kind.needs_postmap() {
        instance.build(&format!("{}:{}", kind.name(), path.display()))?;
    }
    reload(instance)?;
    // Without a record that fits, the next withdrawal finds the same expired and cuts again, which harms nobody.
    if let Ok(table_sha256) = table_sha256(&current) {
        let left = Validity { table_sha256, ..left.clone() };
        let _ = generations.describe_current(&left, &Expiries::default());
    }
    Ok(())
}

/// The record of a table of which nothing is recorded: what Postfix says of it.
pub(super) fn unrecorded(instance: &Instance, generations: &Generations, now: Timestamp) -> Validity {
    let table = Detected::ask(instance).ok().and_then(|server| server.active_table(generations));
    Validity {
        made: now,
        table_type: table.unwrap_or_default().name().to_owned(),
        table_sha256: String::new(),
        postfix_config: instance.config().map(ToOwned::to_owned),
        postfix_commands: None,
        watcher: Watcher::Timer,
        parts: Vec::<Part>::new(),
        until: None,
    }
}
