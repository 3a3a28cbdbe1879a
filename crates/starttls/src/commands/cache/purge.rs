//! `starttls cache purge`: let the running daemon forget what it has learnt.
//!
//! Exit: 0 done, 1 no daemon answers, 2 nothing said to forget.

use serde_json::json;
use starttls_daemon::operations::control::{Purge, PurgedShared, Request, Response, ask};
use starttls_policy::Domain;

use crate::exit::Exit;
use crate::output::{self, Format, counted};
use crate::settings::SettingsArgs;

/// Let the running daemon forget what it has learnt; lists and overrides are not touched.
///
/// With a shared store, a domain is removed there too; other nodes keep what they have, and write it there again when they
/// confirm it. `--ended` and `--all` empty this node's own store alone: the database keeps its rows, those of this node and of
/// other nodes, and this node keeps what it has from other nodes, which would come back from there.
///
/// Whatever is forgotten is learnt anew at the next delivery: until then nothing protects that first contact but lists.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  starttls cache purge example.org\n  starttls cache purge --ended")]
#[group(required = true, multiple = false)]
pub(crate) struct Args {
    /// Of this domain.
    domain: Option<Domain>,

    /// Of domains whose policy has ended; a shared store keeps its rows.
    #[arg(long)]
    ended: bool,

    /// Of all domains; a shared store keeps its rows, and this node what other nodes learnt.
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
        let Response::Purged { domains: rows, shared_store } =
            ask(&settings.control_socket(), &Request::Purge { what })?
        else {
            anyhow::bail!("the daemon answered something else; is it of another version?");
        };
        match format {
            Format::Json => {
                output::print_json(&json!({ "forgotten": rows, "shared-store": shared_store }))?;
            }
            Format::Text => {
                let count = |rows: u64| counted(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows");
                anstream::println!("this node forgot {}", count(rows));
                match &shared_store {
                    None => {}
                    Some(PurgedShared::Removed(rows)) => {
                        anstream::println!(
                            "the shared store forgot {}; other nodes keep their own",
                            count(*rows)
                        );
                    }
                    Some(PurgedShared::Not(words)) => anstream::eprintln!("warning: {words}"),
                }
            }
        }
        Ok(Exit::Done)
    }
}
