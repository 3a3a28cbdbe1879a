//! What administrators may do to the running daemon.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use starttls_daemon::learned::{self, Learned, Recall, Remembered};
use starttls_daemon::operations::View;
use starttls_daemon::operations::control::{
    BindError, ControlServer, Controlled, Purge, Purged, PurgedShared, Refused, Shown, ShownOne,
};
use starttls_daemon::operations::status::StatusDocument;
use starttls_policy::{Domain, with_causes};
use tokio::time::sleep;

use super::RealEngine;
use super::keeper::Keeper;
use crate::clock;
use crate::settings::Settings;

/// How often a control socket that could not be made is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How often the control socket is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The control socket; the daemon answers mail servers without it where it cannot be made.
#[derive(Clone)]
pub(super) struct Door {
    path: Arc<Path>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Door {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { path: settings.control_socket().into(), trouble: Arc::default() }
    }

    /// Why there is no control socket, if there is none.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves it as long as the runtime runs. Where it cannot be made, whatever stands there, it is tried again; one that is removed
    /// is made again.
    pub(super) fn serve(self, controlled: Arc<impl Controlled>) {
        let mut server = self.bind().ok();
        tokio::spawn(async move {
            loop {
                match server.take() {
                    Some(server) => {
                        let made = identity(&self.path);
                        tokio::select! {
                            () = server.serve(Arc::clone(&controlled)) => {}
                            () = self.gone(made) => {}
                        }
                    }
                    None => sleep(AGAIN).await,
                }
                server = self.bind().ok();
            }
        });
    }

    /// Waits until the socket is no longer the file that was made.
    async fn gone(&self, made: Option<(u64, u64)>) {
        while identity(&self.path) == made {
            sleep(LOOK_EVERY).await;
        }
        tracing::error!(
            "the control socket `{}` was removed or replaced while it was in use; it is made again: see what removes files there",
            self.path.display()
        );
    }

    fn bind(&self) -> Result<ControlServer, BindError> {
        let bound = ControlServer::bind(&self.path);
        let now = bound.as_ref().err().map(|error| format!("no control socket: {}", with_causes(error)));
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = now.as_ref().filter(|_| *trouble != now) {
            tracing::error!(
                "{words}; `starttls reload` and `starttls cache` do not work, and it is tried again"
            );
        }
        *trouble = now;
        bound
    }
}

/// Device and inode of the file at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
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

    fn shown(&self, domain: &Domain, remembered: &Remembered) -> Shown {
        Shown { in_memory: self.learned.is_in_memory(domain), ..Shown::new(domain, remembered) }
    }

    /// Forgets what is at hand, and then what was learnt; tells how many rows of this node were removed, and what became of the shared store.
    async fn purge_once(&self, what: &Purge) -> Result<(u64, learned::PurgedShared), Refused> {
        let what = match what {
            Purge::Domain(domain) => {
                self.engine.forget(domain);
                learned::Purge::Domain(domain.clone())
            }
            Purge::Ended => learned::Purge::Ended { now: clock::now() },
            Purge::All => {
                self.engine.forget_all();
                learned::Purge::All
            }
        };
        let purged =
            self.learned.purge(what).await.map_err(|error| Refused { words: with_causes(&error) })?;
        Ok((purged.rows, purged.shared))
    }
}

impl Controlled for Control {
    async fn reload(&self) -> Result<String, Refused> {
        self.keeper.reload().await.map_err(|error| Refused { words: format!("{error:#}") })
    }

    async fn purge(&self, what: Purge) -> Result<Purged, Refused> {
        // Twice, since what began before the first time may keep what it had read until answers are forgotten.
        let (first, shared) = self.purge_once(&what).await?;
        let (again, _) = self.purge_once(&what).await?;
        let rows = first + again;
        let shared = match shared {
            learned::PurgedShared::Absent => None,
            learned::PurgedShared::Removed { rows } => Some(PurgedShared::Removed(rows)),
            learned::PurgedShared::Not { words } => Some(PurgedShared::Not(words)),
        };
        Ok(Purged { rows, shared })
    }

    async fn show(&self, after: Option<Domain>, limit: u32) -> Result<Vec<Shown>, Refused> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let entries = self.learned.entries(after.as_ref(), limit).await;
        let now = clock::now();
        let shown =
            |(domain, remembered): &(Domain, Remembered)| self.shown(domain, &remembered.as_it_counts(now));
        Ok(entries.iter().map(shown).collect())
    }

    async fn show_one(&self, domain: Domain) -> Result<ShownOne, Refused> {
        let now = clock::now();
        let Recall { remembered, reach, .. } = self.learned.recall(&domain, now).await;
        let remembered = remembered.as_it_counts(now);
        let is_known = remembered != Remembered::default();
        let shown = is_known.then(|| self.shown(&domain, &remembered));
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

#[cfg(test)]
mod tests;
