//! `starttls daemon`: answer a mail server what must hold for delivery to a domain.
//!
//! Exit: 0 stopped, 1 could not start or go on.

use std::net::SocketAddr;

use starttls_daemon::socketmap::Listen;

use crate::daemon;
use crate::exit::Exit;
use crate::settings::role::{From, Sourced};
use crate::settings::value::Word as _;
use crate::settings::{Resolvers, SettingsArgs, StoreUrl};

/// Answer your mail server's question what must hold for delivery to a domain: DANE, MTA-STS, lists and overrides in one.
///
/// Serves socketmap (see docs/daemon.md for the lines of Postfix and sendmail) until it is stopped, and keeps the lists of
/// the settings up to date. SIGHUP, or `starttls reload`, reads lists, overrides and their settings anew. What it learns
/// is kept in the state directory.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  starttls daemon
  starttls daemon --listen 127.0.0.1:8461 --status-address 127.0.0.1:8462
  postmap -q example.org socketmap:inet:127.0.0.1:8461:QUERY")]
pub(crate) struct Args {
    /// Where mail servers ask, `ADDRESS:PORT` or `unix:PATH`; may be repeated. Overrules the settings.
    #[arg(long, value_name = "PLACE", value_parser = listen)]
    listen: Vec<Listen>,

    /// Where metrics and status are served. Overrules the settings.
    #[arg(long, value_name = "ADDRESS:PORT")]
    status_address: Option<SocketAddr>,

    /// The resolver; several by giving the option again. Overrules the settings, whose default is those of /etc/resolv.conf.
    #[arg(long, value_name = "ADDRESS:PORT")]
    resolver: Vec<SocketAddr>,

    /// A database that several nodes share, `postgres://USER@HOST/NAME`; a password belongs into a file that the settings
    /// name. Overrules the settings.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

fn listen(text: &str) -> Result<Listen, String> {
    text.parse::<Listen>().map_err(|error| error.to_string())
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs) -> anyhow::Result<Exit> {
        let mut settings = place.load()?;
        let daemon = &mut settings.daemon;
        if !self.listen.is_empty() {
            daemon.listen = Sourced { value: self.listen, from: From::Option("--listen") };
        }
        if let Some(address) = self.status_address {
            daemon.status_address = Sourced { value: Some(address), from: From::Option("--status-address") };
        }
        if !self.resolver.is_empty() {
            daemon.resolver = Sourced { value: Resolvers(self.resolver), from: From::Option("--resolver") };
        }
        if let Some(store) = self.store {
            // Not by the parser of the command line, whose error would repeat the text.
            let url = StoreUrl::from_word(&store).map_err(|words| anyhow::anyhow!("--store: {words}"))?;
            daemon.store = Sourced { value: Some(url), from: From::Option("--store") };
        }
        daemon::run(settings, place)?;
        Ok(Exit::Done)
    }
}
