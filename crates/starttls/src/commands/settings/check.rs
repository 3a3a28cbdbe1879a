//! `starttls settings check`: everything that is wrong with the settings file, and what speaks against it.
//!
//! Exit: 0 usable, 1 could not read the file, 4 something is wrong, 5 warnings with `--strict`.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::printable;

use crate::exit::Exit;
use crate::output::{self, Format, counted};
use crate::settings::{SettingsArgs, SettingsError, audit};

/// Check the settings file: every fault with its place, and files or permissions that speak against it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls settings check --config starttls.toml")]
pub(crate) struct Args {
    /// Exit with 5 if there are warnings.
    #[arg(long)]
    strict: bool,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = match place.load() {
            Ok(settings) => settings,
            Err(error @ SettingsError::Wrong { .. }) => {
                if format == Format::Json {
                    output::print_json(&faults_json(&error))?;
                } else {
                    crate::output::diagnostic::print(&error.into());
                }
                return Ok(Exit::Errors);
            }
            Err(error) => return Err(error.into()),
        };
        let warnings = audit::warnings(&settings);
        let file = settings.file.as_ref().map(|file| file.display().to_string());
        if format == Format::Json {
            output::print_json(&json!({ "file": file, "faults": [], "warnings": warnings }))?;
        } else {
            let mut err = anstream::stderr().lock();
            for warning in &warnings {
                writeln!(err, "{} {}", "warning:".yellow().bold(), printable(warning))?;
            }
            let mut out = anstream::stdout().lock();
            let lists = counted(settings.lists.len(), "list", "lists");
            match file {
                Some(file) => writeln!(out, "{} {}: {lists}", "OK".green().bold(), printable(&file))?,
                None => writeln!(
                    out,
                    "{} there is no {}: every setting has its default",
                    "OK".green().bold(),
                    place.file().display()
                )?,
            }
        }
        Ok(if self.strict && !warnings.is_empty() { Exit::Warnings } else { Exit::Done })
    }
}

fn faults_json(error: &SettingsError) -> Value {
    let SettingsError::Wrong { file, problems } = error else { return Value::Null };
    let faults = problems.iter().map(|problem| {
        json!({
            "line": problem.place.line,
            "column": problem.place.column,
            "key": problem.key,
            "text": problem.text,
        })
    });
    json!({ "file": file.display().to_string(), "faults": faults.collect::<Value>(), "warnings": [] })
}
