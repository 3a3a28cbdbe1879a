//! `starttls list show`: a list as a table, or one of its domains in full.
//!
//! Exit: 0 shown, 1 could not read the file, or the domain is not on the list.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::{Domain, List, Listed, Policy};

use crate::exit::Exit;
use crate::lists;
use crate::output::{self, Format, Table, mode_style};

/// MX patterns shown per line of the table.
const SHOWN_PATTERNS: usize = 2;

/// Show a policy list as a table, or one domain of it in full.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list; `-` reads stdin.
    file: String,

    /// A domain; its subdomains have entries of their own.
    domain: Option<Domain>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let list = lists::load(&self.file)?;
        match (self.domain, format) {
            (None, Format::Text) => print_table(&list)?,
            (None, Format::Json) => {
                output::print_json(&list.iter().map(|listed| entry_json(&listed)).collect())?;
            }
            (Some(domain), format) => {
                let Some(listed) = list.get(&domain) else {
                    anyhow::bail!(
                        "{domain} is not on this list (an entry covers that very domain, none above or below it)"
                    );
                };
                match format {
                    Format::Text => print_entry(&listed)?,
                    Format::Json => output::print_json(&entry_json(&listed))?,
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn print_table(list: &List) -> anyhow::Result<()> {
    let mut table = Table::new(&["domain", "mode", "require", "TLS", "shared policy", "MX"]);
    for listed in list.iter() {
        let policy = listed.policy;
        table.row([
            listed.domain.to_string(),
            policy.mode.style(mode_style(policy.mode)).to_string(),
            policy.requirement.to_string(),
            policy.min_tls.map_or_else(String::new, |version| format!("≥ {version}")),
            listed.alias.map_or_else(String::new, ToString::to_string),
            short_patterns(policy),
        ]);
    }
    Ok(table.print()?)
}

fn short_patterns(policy: &Policy) -> String {
    let shown: Vec<String> = policy.mx.iter().take(SHOWN_PATTERNS).map(ToString::to_string).collect();
    match policy.mx.len().saturating_sub(SHOWN_PATTERNS) {
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}

fn print_entry(listed: &Listed<'_>) -> anyhow::Result<()> {
    let policy = listed.policy;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", listed.domain.bold())?;
    writeln!(out, "  mode           {}", policy.mode.style(mode_style(policy.mode)))?;
    writeln!(out, "  require        {}", policy.requirement)?;
    if let Some(version) = policy.min_tls {
        writeln!(out, "  TLS            {version} or newer")?;
    }
    for (index, pattern) in policy.mx.iter().enumerate() {
        writeln!(out, "  {}{pattern}", if index == 0 { "MX             " } else { "               " })?;
    }
    if let Some(pinset) = &policy.pinset {
        writeln!(out, "  pinset         {} ({}, {} pins)", pinset.name, pinset.kind, pinset.pins.len())?;
    }
    if let Some(alias) = listed.alias {
        writeln!(out, "  shared policy  {alias}")?;
    }
    if let Some(since) = listed.since {
        writeln!(out, "  since          {since}")?;
    }
    for address in &policy.report_to {
        writeln!(out, "  report to      {address}")?;
    }
    Ok(())
}

fn entry_json(listed: &Listed<'_>) -> Value {
    let policy = listed.policy;
    json!({
        "domain": listed.domain.as_str(),
        "mode": policy.mode.name(),
        "require": policy.requirement.name(),
        "min_tls_version": policy.min_tls.map(starttls_policy::TlsVersion::name),
        "mx": policy.mx.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "pinset": policy.pinset.as_ref().map(|pinset| pinset.name.as_str()),
        "shared_policy": listed.alias.map(starttls_policy::Label::as_str),
        "since": listed.since.map(|since| since.to_string()),
        "report_to": policy.report_to.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
