//! `starttls generate`: a mail server's TLS policy from lists.
//!
//! Exit: 0 done, 1 could not, 3 refused (a list has expired, activation is not safe), 5 `--strict` and something
//! cannot be expressed.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde_json::json;
use starttls_mta::{Facts, LeafPins, Mta};
use starttls_policy::decide::Choices;
use starttls_policy::{TlsFloor, TlsVersion};

use crate::clock;
use crate::exit::Exit;
use crate::generation::{self, OneFile};
use crate::lists::{self, ListArgs};
use crate::output::{
    self, Format, findings_json, print_findings, print_settings, print_summary, summary_json,
};

/// Where files would be if nothing else is said.
const USUAL_OUTPUT: &str = "/etc/postfix/starttls";

/// Write the TLS policy of a mail server from policy lists; activate it or take it back.
///
/// Without `--output` nothing is written: the policy table goes to stdout, the summary to stderr. With `--output` the
/// files of a new generation are written beside the old one, checked, and put in its place at once. With `--activate`
/// the mail server is then told to use them, after checks that this is safe; `--deactivate` takes that back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The mail server to write for.
    #[arg(long, value_name = "MTA", value_parser = known_mta)]
    mta: &'static str,

    /// Its version, as in `3.10.5`; `auto` asks the installed one, and assumes the oldest supported if there is none.
    #[arg(long, value_name = "VERSION", default_value = "auto")]
    mta_version: String,

    #[command(flatten)]
    lists: ListArgs,

    /// The directory for our files, which belongs to `starttls` alone.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// The kind of look-up table: texthash, hash, lmdb or cdb.
    #[arg(long, value_name = "TYPE")]
    table: Option<String>,

    /// The oldest TLS version to accept where a policy is enforced; `as-listed` leaves it to the lists.
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.2", value_parser = floor)]
    min_tls: TlsFloor,

    /// Check leaf pins where lists ask for them, although chain, names and dates then go unchecked.
    #[arg(long)]
    allow_leaf_pins: bool,

    /// Write nothing and exit with 5 if anything that is demanded cannot be expressed.
    #[arg(long)]
    strict: bool,
}

fn known_mta(text: &str) -> Result<&'static str, String> {
    starttls_mta::by_name(text).map(Mta::name).ok_or_else(|| {
        let known: Vec<&str> = starttls_mta::ALL.iter().map(|mta| mta.name()).collect();
        format!("want one of {}", known.join(", "))
    })
}

fn floor(text: &str) -> Result<TlsFloor, String> {
    match text {
        "as-listed" => Ok(TlsFloor::AsListed),
        _ => TlsVersion::from_name(text)
            .map(TlsFloor::AtLeast)
            .ok_or_else(|| "want TLSv1, TLSv1.1, TLSv1.2, TLSv1.3 or as-listed".into()),
    }
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let now = clock::now();
        let mta = starttls_mta::by_name(self.mta).ok_or_else(|| anyhow::anyhow!("no such mail server"))?;
        let loaded = self.lists.load(now)?;
        let merged = lists::merged(&loaded);
        let facts = self.facts();
        let choices = Choices { floor: self.min_tls, ..Choices::default() };
        let stdout = BufWriter::new(std::io::stdout().lock());
        let mut out = OneFile::new(starttls_mta::postfix::TABLE, stdout);
        let rendered = generation::render(mta, &facts, &merged, choices, now, &mut out);
        out.finish()?.flush()?;
        let rendered = rendered?;
        match format {
            Format::Text => {
                print_summary(mta.title(), &rendered.summary)?;
                print_findings(&mut anstream::stderr().lock(), &rendered.advice)?;
                print_settings(&rendered.summary)?;
            }
            Format::Json => output::print_json(&json!({
                "mta": self.mta,
                "summary": summary_json(&rendered.summary),
                "advice": findings_json(&rendered.advice),
            }))?,
        }
        Ok(Exit::Done)
    }

    fn facts(&self) -> Facts {
        let root = self.output.clone().unwrap_or_else(|| USUAL_OUTPUT.into());
        Facts {
            version: (self.mta_version != "auto").then(|| self.mta_version.clone()),
            directory: root.join("current").display().to_string(),
            table: self.table.clone(),
            leaf_pins: if self.allow_leaf_pins { LeafPins::Allow } else { LeafPins::Ignore },
            ..Facts::default()
        }
    }
}
