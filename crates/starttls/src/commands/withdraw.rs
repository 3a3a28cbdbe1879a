//! `starttls withdraw`: take out of force what has expired; for the withdrawal timer.
//!
//! Exit: 0 nothing has expired, or only what the operator or the list's organisations had limited; 1 could not; 3 a list
//! was taken out.

use std::path::PathBuf;

use crate::clock;
use crate::exit::Exit;
use crate::settings::SettingsArgs;
use crate::withdrawal;

/// Take out of force what has expired. Fetches nothing; for the withdrawal timer.
///
/// Static tables do not expire by themselves. This reads when the lists, relax orders and overrides in force expire, as
/// recorded at activation, and nothing else: no settings, no lists, no state directory. What has expired is taken out of
/// the table; if that fails, or nothing is left, our table is taken out of main.cf, with an alert. The next update that
/// succeeds brings it back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The output directory of the activation; without it that of the settings.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs) -> anyhow::Result<Exit> {
        let output = match self.record {
            Some(output) => output,
            None => place.load()?.postfix.output.value,
        };
        withdrawal::run(&output, clock::now())
    }
}
