//! Names and values, one to a line.

use std::io::Write;

use owo_colors::OwoColorize;

/// Prints a title and what belongs to it, aligned; a name that repeats is left out.
pub(crate) fn print(out: &mut dyn Write, title: &str, facts: &[(&str, String)]) -> std::io::Result<()> {
    writeln!(out, "{}", title.bold())?;
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut before = "";
    for (name, value) in facts {
        let shown = if *name == before { "" } else { name };
        writeln!(out, "  {shown:width$}  {value}")?;
        before = name;
    }
    Ok(())
}
