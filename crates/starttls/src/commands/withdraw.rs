//! `starttls withdraw`: take out of force what has expired; for the withdrawal timer.
//!
//! Exit: 0 nothing has expired, or only what the operator or the list's organisations had limited; 1 could not, or nothing
//! records an activation; 3 a list was taken out, or our table, which was gone.

use std::path::PathBuf;

use starttls_apply::Commands;
use starttls_apply::postfix::Instance;

use crate::clock;
use crate::exit::Exit;
use crate::server::Server;
use crate::settings::SettingsArgs;
use crate::withdrawal;

/// Take out of force what has expired. Fetches nothing; for the withdrawal timer.
///
/// Static tables do not expire by themselves. This reads when the lists, relax orders and overrides in force expire, as
/// recorded at activation, and nothing else: no settings, no lists, no state directory. What has expired is taken out of
/// the table; if that fails, or nothing is left, our table is taken out of main.cf, with an alert; where that cannot be
/// done it is emptied. A table that is gone while main.cf names it, so that all mail is deferred, is taken out, too. The
/// next update that succeeds brings it back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The output directory of the activation; without it that of the settings.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Postfix's configuration directory, for where the record that names it is lost.
    #[arg(long, value_name = "DIR", requires = "record")]
    postfix_config: Option<PathBuf>,

    /// Where Postfix's own commands are, for where the record that names them is lost.
    #[arg(long, value_name = "DIR", requires = "record")]
    postfix_commands: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs) -> anyhow::Result<Exit> {
        let (output, default) = match self.record {
            Some(output) => {
                let commands = self.postfix_commands.map_or_else(Commands::system, Commands::in_directory);
                (output, Instance::new(commands, self.postfix_config))
            }
            None => {
                let settings = place.load()?;
                (settings.postfix.output.value.clone(), Server::of(&settings).instance())
            }
        };
        withdrawal::run(&output, &default, clock::now())
    }
}
