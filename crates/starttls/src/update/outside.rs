//! The ways out of this machine, as the settings say.

use starttls_net::https::{Client, ClientSettings};
use starttls_net::roots::Roots;
use starttls_sources::Git;
use starttls_sources::fetch::Https;

use crate::settings::Settings;

/// HTTPS and git.
pub(super) struct Ways {
    pub(super) https: Https,
    pub(super) git: Git,
}

impl Ways {
    /// What the settings allow; the proxy comes from the environment.
    pub(super) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let roots = match &settings.update.ca_file.value {
            Some(file) => Roots::SystemAnd(vec![file.clone()]),
            None => Roots::System,
        };
        let client = Client::new(&ClientSettings { roots, ..ClientSettings::default() })?;
        Ok(Self { https: Https::new(client), git: Git::system() })
    }
}
