//! The operator's general choices, the same for every command that decides.

use starttls_policy::decide::Choices;
use starttls_policy::{TlsFloor, TlsVersion};

/// Choices that bear on every decision.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ChoiceArgs {
    /// The oldest TLS version to accept where a policy is enforced; `as-listed` leaves it to the lists.
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.2", value_parser = floor)]
    min_tls: TlsFloor,
}

impl ChoiceArgs {
    pub(crate) fn choices(self) -> Choices {
        Choices { floor: self.min_tls, ..Choices::default() }
    }
}

fn floor(text: &str) -> Result<TlsFloor, String> {
    match text {
        "as-listed" => Ok(TlsFloor::AsListed),
        _ => TlsVersion::from_name(text)
            .map(TlsFloor::AtLeast)
            .ok_or_else(|| "want TLSv1, TLSv1.1, TLSv1.2, TLSv1.3 or as-listed".into()),
    }
}
