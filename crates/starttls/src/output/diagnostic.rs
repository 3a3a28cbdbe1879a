//! Errors as people see them: what, where, the offending line, its causes.

use std::io::Write;

use owo_colors::OwoColorize;
use starttls_policy::printable;
use starttls_policy::read::ReadError;

use crate::lists::LoadError;

/// Prints an error to stderr.
pub(crate) fn print(error: &anyhow::Error) {
    let mut out = anstream::stderr().lock();
    let result = match error.downcast_ref::<LoadError>() {
        Some(LoadError::Malformed { file, error }) => print_malformed(&mut out, file, error),
        _ => print_chain(&mut out, error),
    };
    // There is nowhere left to say that stderr is closed.
    let _ = result;
}

fn print_chain(out: &mut dyn Write, error: &anyhow::Error) -> std::io::Result<()> {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    writeln!(out, "{} {}", "error:".red().bold(), chain.join(": "))
}

/// Prints a list's fault with the offending line and a caret under its place.
pub(crate) fn print_malformed(out: &mut dyn Write, file: &str, error: &ReadError) -> std::io::Result<()> {
    let place = format!("{}:{}:{}", printable(file), error.line, error.column);
    writeln!(out, "{} {place}: at {}: {error}", "error:".red().bold(), error.path)?;
    let number = error.line.to_string();
    writeln!(out, "  {} {} {}", number.blue(), "|".blue(), error.excerpt.text)?;
    let margin = " ".repeat(number.len());
    writeln!(out, "  {margin} {} {}{}", "|".blue(), " ".repeat(error.excerpt.caret), "^".red().bold())
}
