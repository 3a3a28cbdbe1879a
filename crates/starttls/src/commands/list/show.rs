//! `starttls list show`: a list as a table, or one of its domains in full.
//!
//! Exit: 0 shown, 1 could not read the file, or the domain is not on the list.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::lookup::Found;
use starttls_policy::{Domain, Label, List, Notes, Pin, Policy, Terms, printable};

use crate::compiled::Source;
use crate::exit::Exit;
use crate::lists;
use crate::output::table::{self, Align, Cell};
use crate::output::{self, Format, mode_style};

/// MX patterns shown per line of the table.
const SHOWN_PATTERNS: usize = 2;

/// Show a policy list as a table, or one domain of it in full.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls list show list.json\n  starttls list show list.json example.org --format json"
)]
pub(crate) struct Args {
    /// The list; `-` reads stdin. With a domain it may be a compiled one, in which evidence and notes are left out.
    file: String,

    /// A domain; its subdomains have entries of their own.
    domain: Option<Domain>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let Some(domain) = self.domain else {
            let list = lists::load(&self.file)?;
            match format {
                Format::Text => print_table(&list)?,
                Format::Json => {
                    output::print_json_array(
                        list.iter().map(|listed| entry_json(&notes(&list, listed.domain), &listed.into())),
                    )?;
                }
            }
            return Ok(Exit::Done);
        };
        let source = Source::load(&self.file)?;
        let Some(found) = source.lookup().find(&domain)? else {
            anyhow::bail!(
                "{domain} is not on this list (an entry covers that very domain, none above or below it)"
            );
        };
        let notes = match &source {
            Source::List(list) => notes(list, &domain),
            Source::Index(_) => Vec::new(),
        };
        match format {
            Format::Text => print_entry(&notes, &found)?,
            Format::Json => output::print_json(&entry_json(&notes, &found))?,
        }
        Ok(Exit::Done)
    }
}

fn print_table(list: &List) -> std::io::Result<()> {
    let columns =
        ["domain", "mode", "require", "TLS", "shared policy", "MX"].map(|heading| (heading, Align::Left));
    table::print(columns, || {
        list.iter().map(|listed| {
            let policy = listed.policy;
            [
                Cell::from(listed.domain.as_str()),
                Cell::styled(policy.mode.name(), mode_style(policy.mode)),
                Cell::from(policy.requirement.name()),
                Cell::from(policy.min_tls.map_or_else(String::new, |version| format!("≥ {version}"))),
                Cell::from(listed.alias.map_or("", |alias| alias.as_str())),
                Cell::from(short_patterns(policy)),
            ]
        })
    })
}

fn short_patterns(policy: &Policy) -> String {
    let shown: Vec<String> = policy.mx.iter().take(SHOWN_PATTERNS).map(ToString::to_string).collect();
    match policy.mx.len().saturating_sub(SHOWN_PATTERNS) {
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}

fn print_entry(notes: &[&Notes], found: &Found<'_>) -> std::io::Result<()> {
    let policy = &found.policy;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", found.domain.bold())?;
    let mut part = |name: &str, values: Vec<String>| {
        let mut names = std::iter::once(name).chain(std::iter::repeat(""));
        values.iter().try_for_each(|value| writeln!(out, "  {:15}{value}", names.next().unwrap_or_default()))
    };
    part("mode", vec![policy.mode.style(mode_style(policy.mode)).to_string()])?;
    part("require", vec![policy.requirement.to_string()])?;
    part("TLS", policy.min_tls.iter().map(|version| format!("{version} or newer")).collect())?;
    part("MX", policy.mx.iter().map(ToString::to_string).collect())?;
    if let Some(pinset) = &policy.pinset {
        part("pinset", vec![format!("{} ({})", pinset.name, pinset.kind)])?;
        part("  pins", pinset.pins.iter().map(ToString::to_string).collect())?;
        part("  bad pins", pinset.bad.iter().map(ToString::to_string).collect())?;
    }
    part("shared policy", found.alias.iter().map(ToString::to_string).collect())?;
    part("since", found.since.iter().map(ToString::to_string).collect())?;
    part("report to", policy.report_to.iter().map(ToString::to_string).collect())?;
    for notes in notes {
        part("evidence", notes.evidence.iter().map(|url| printable(url)).collect())?;
        part(
            "notes",
            notes.extensions.iter().map(|(name, value)| printable(&format!("{name}: {value}"))).collect(),
        )?;
    }
    Ok(())
}

/// What is noted beside the entry, then beside its shared policy.
fn notes<'a>(list: &'a List, domain: &Domain) -> Vec<&'a Notes> {
    let at = list.entries.binary_search_by(|entry| entry.domain.cmp(domain)).ok();
    let Some(entry) = at.and_then(|at| list.entries.get(at)) else { return Vec::new() };
    let shared = match entry.terms {
        Terms::Alias(index) => usize::try_from(index).ok().and_then(|index| list.aliases.get(index)),
        Terms::Own(_) => None,
    };
    entry.notes.as_deref().into_iter().chain(shared.map(|alias| &alias.notes)).collect()
}

fn entry_json(notes: &[&Notes], found: &Found<'_>) -> Value {
    let policy = &found.policy;
    let pinset = policy.pinset.as_ref().map(|pinset| {
        json!({
            "name": pinset.name.as_str(),
            "kind": pinset.kind.name(),
            "pins": pinset.pins.iter().map(Pin::to_string).collect::<Vec<_>>(),
            "bad": pinset.bad.iter().map(Pin::to_string).collect::<Vec<_>>(),
        })
    });
    json!({
        "domain": found.domain.as_str(),
        "mode": policy.mode.name(),
        "require": policy.requirement.name(),
        "min_tls_version": policy.min_tls.map(starttls_policy::TlsVersion::name),
        "mx": policy.mx.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "pinset": pinset,
        "shared_policy": found.alias.as_deref().map(Label::as_str),
        "since": found.since.map(|since| since.to_string()),
        "report_to": policy.report_to.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "evidence": notes.iter().flat_map(|notes| &notes.evidence).collect::<Vec<_>>(),
        "notes": extensions(notes),
    })
}

fn extensions(notes: &[&Notes]) -> Value {
    let all = notes.iter().flat_map(|notes| &notes.extensions);
    Value::Object(all.map(|(name, value)| (name.to_string(), value.clone())).collect())
}
