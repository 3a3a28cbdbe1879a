//! What administrators may do to the running daemon.

use std::sync::Arc;

use starttls_daemon::learned::{self, Learned, Recall, Remembered};
use starttls_daemon::operations::View;
use starttls_daemon::operations::control::{
    BindError, ControlServer, Controlled, Purge, Refused, Shown, ShownOne,
};
use starttls_daemon::operations::status::StatusDocument;
use starttls_policy::Domain;

use super::RealEngine;
use super::keeper::Keeper;
use crate::clock;
use crate::settings::Settings;

/// Listens where the settings say.
///
/// # Errors
/// When the place is taken.
pub(super) fn bind(settings: &Settings) -> Result<ControlServer, BindError> {
    ControlServer::bind(&settings.control_socket())
}

/// The running daemon, as it can be controlled.
pub(super) struct Control {
    engine: Arc<RealEngine>,
    learned: Learned,
    keeper: Keeper,
    view: View,
}

impl Control {
    pub(super) fn new(engine: Arc<RealEngine>, learned: Learned, keeper: Keeper, view: View) -> Self {
        Self { engine, learned, keeper, view }
    }
}

impl Controlled for Control {
    async fn reload(&self) -> Result<String, Refused> {
        self.keeper.reload().await.map_err(|error| Refused { words: format!("{error:#}") })
    }

    async fn purge(&self, what: Purge) -> Result<u64, Refused> {
        Ok(match what {
            Purge::Domain(domain) => {
                let forgotten = self.learned.purge(learned::Purge::Domain(domain.clone())).await;
                self.engine.forget(&domain);
                forgotten
            }
            Purge::Ended => self.learned.purge(learned::Purge::Ended { now: clock::now() }).await,
            Purge::All => {
                let forgotten = self.learned.purge(learned::Purge::All).await;
                self.engine.forget_answers();
                forgotten
            }
        })
    }

    async fn show(&self, after: Option<Domain>, limit: u32) -> Result<Vec<Shown>, Refused> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let entries = self.learned.entries(after.as_ref(), limit).await;
        Ok(entries.iter().map(|(domain, remembered)| Shown::new(domain, remembered)).collect())
    }

    async fn show_one(&self, domain: Domain) -> Result<ShownOne, Refused> {
        let Recall { remembered, reach, .. } = self.learned.recall(&domain, clock::now()).await;
        let is_known = remembered != Remembered::default();
        let shown = is_known.then(|| Shown::new(&domain, &remembered));
        Ok(ShownOne { shown, reach, validation: self.engine.validation().name().to_owned() })
    }

    async fn refresh(&self, domain: Domain) -> Result<String, Refused> {
        self.engine.refresh(&domain).await;
        Ok(format!("{domain} was found out anew"))
    }

    async fn status(&self) -> StatusDocument {
        self.view.document()
    }
}
