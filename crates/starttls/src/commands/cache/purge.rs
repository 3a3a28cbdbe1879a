//! `starttls cache purge`: let the running daemon forget what it has learnt.
//!
//! Exit: 0 done, 1 no daemon answers, 2 nothing said to forget.

use serde_json::json;
use starttls_daemon::operations::control::{Purge, Request, Response, ask};
use starttls_policy::Domain;

use crate::exit::Exit;
use crate::output::{self, Format, counted};
use crate::settings::SettingsArgs;

/// Let the running daemon forget what it has learnt; lists and overrides are not touched.
///
/// Whatever is forgotten is learnt anew at the next delivery: until then nothing protects that first contact but lists.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  starttls cache purge example.org\n  starttls cache purge --ended")]
#[group(required = true, multiple = false)]
pub(crate) struct Args {
    /// Of this domain.
    domain: Option<Domain>,

    /// Of domains whose policy has ended.
    #[arg(long)]
    ended: bool,

    /// Of all domains.
    #[arg(long)]
    all: bool,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let what = match (self.domain, self.ended) {
            (Some(domain), _) => Purge::Domain(domain),
            (None, true) => Purge::Ended,
            (None, false) => Purge::All,
        };
        let Response::Purged { domains } = ask(&settings.control_socket(), &Request::Purge { what })? else {
            anyhow::bail!("the daemon answered something else; is it of another version?");
        };
        match format {
            Format::Json => output::print_json(&json!({ "forgotten": domains }))?,
            Format::Text => {
                let count = usize::try_from(domains).unwrap_or(usize::MAX);
                anstream::println!("forgot what was learnt of {}", counted(count, "domain", "domains"));
            }
        }
        Ok(Exit::Done)
    }
}
