//! `starttls reload`: let the running daemon read lists and overrides anew.
//!
//! Exit: 0 done, 1 no daemon answers, or it could not: then everything is as it was.

use starttls_daemon::operations::control::{Request, Response, ask};

use crate::exit::Exit;
use crate::settings::SettingsArgs;

/// Let the running daemon read lists, overrides and their settings anew; what it learnt stays.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(place: &SettingsArgs) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        if let Response::Done { words } = ask(&settings.control_socket(), &Request::Reload {})? {
            anstream::println!("{words}");
        }
        Ok(Exit::Done)
    }
}
