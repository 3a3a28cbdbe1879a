//! The operator's general choices, the same for every command that decides.

use starttls_policy::decide::Choices;
use starttls_policy::{TlsFloor, TlsVersion};

use crate::settings::Settings;

/// Choices that bear on every decision.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ChoiceArgs {
    /// The oldest TLS version to accept where a policy is enforced; `as-listed` leaves it to the lists. Overrules the
    /// settings, whose default is TLSv1.2.
    #[arg(long, value_name = "VERSION", value_parser = floor)]
    min_tls: Option<TlsFloor>,
}

impl ChoiceArgs {
    /// What is chosen here, and what the settings say of the rest.
    pub(crate) fn choices(self, settings: &Settings) -> Choices {
        let set = settings.decide.choices();
        Choices { floor: self.min_tls.unwrap_or(set.floor), ..set }
    }
}

/// Reads a floor.
pub(crate) fn floor(text: &str) -> Result<TlsFloor, String> {
    match text {
        "as-listed" => Ok(TlsFloor::AsListed),
        _ => TlsVersion::from_name(text)
            .map(TlsFloor::AtLeast)
            .ok_or_else(|| "want TLSv1, TLSv1.1, TLSv1.2, TLSv1.3 or as-listed".into()),
    }
}
