//! Checks by Postfix's own tools on a table that is not yet in force.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::Path;

use starttls_mta::postfix::TableType;
use starttls_policy::{Finding, with_causes};

use super::{Instance, Table};
use crate::generations::Rejected;

/// Builds the table if its kind wants that, and compares what `postmap -q` answers with the text.
///
/// `file` is its name in the generation, `path` where it stands now. Without the tools nothing is checked, which is
/// said and is no error.
///
/// # Errors
/// [`Rejected`]: Postfix cannot use the file, or reads something else than what was written.
pub fn check(
    instance: &Instance,
    kind: TableType,
    file: &str,
    path: &Path,
) -> Result<Vec<Finding>, Rejected> {
    let name = kind.name();
    let rejected = |reason: String| Rejected { file: file.to_owned(), line: None, reason };
    if instance.commands().find("postmap").is_none() {
        let message = if kind.needs_postmap() {
            format!("no `postmap` here: the table was not built; run `postmap {name}:FILE` where Postfix is")
        } else {
            "no `postmap` here: Postfix itself was not asked about the table".to_owned()
        };
        return Ok(vec![Finding::warning("apply.no-postmap", file, message)]);
    }
    let table = Table::read(path).map_err(|error| rejected(with_causes(&error)))?;
    let reference = format!("{name}:{}", path.display());
    if kind.needs_postmap() {
        instance.build(&reference).map_err(|error| rejected(with_causes(&error)))?;
    }
    compare(instance, &reference, &table.samples).map_err(rejected)?;
    Ok(Vec::new())
}

/// Asks Postfix for the key of each sample; the answers are lines of key, TAB, value.
///
/// # Errors
/// Why there is no answer.
pub(super) fn ask(
    instance: &Instance,
    reference: &str,
    samples: &[(String, String)],
) -> Result<String, String> {
    let keys = samples.iter().map(|(key, _)| key.as_str());
    keys_file(keys)
        .map_err(|error| format!("no room for a temporary file: {error}"))
        .and_then(|keys| instance.look_up(keys, reference).map_err(|error| with_causes(&error)))
}

/// Asks Postfix for each sample and compares.
pub(super) fn compare(
    instance: &Instance,
    reference: &str,
    samples: &[(String, String)],
) -> Result<(), String> {
    compare_answers(&ask(instance, reference, samples)?, reference, samples)
}

/// Compares what Postfix answered with each sample.
pub(super) fn compare_answers(
    answers: &str,
    reference: &str,
    samples: &[(String, String)],
) -> Result<(), String> {
    let answers: BTreeMap<&str, &str> = answers.lines().filter_map(|line| line.split_once('\t')).collect();
    for (key, value) in samples {
        match answers.get(key.as_str()) {
            Some(answer) if answer.trim() == value => {}
            Some(answer) => {
                return Err(format!("Postfix reads `{answer}` for `{key}`, written was `{value}`"));
            }
            None => return Err(format!("Postfix finds no `{key}` in `{reference}`")),
        }
    }
    Ok(())
}

/// Keys, one a line, in a file without a name, ready to be read.
pub(super) fn keys_file<'a>(keys: impl Iterator<Item = &'a str>) -> io::Result<File> {
    let mut file = io::BufWriter::new(tempfile::tempfile()?);
    for key in keys {
        writeln!(file, "{key}")?;
    }
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}
