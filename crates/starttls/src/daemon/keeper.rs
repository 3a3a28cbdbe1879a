//! Keeps lists and overrides up to date while the daemon runs: fetched every hour, looked at every minute, read anew on demand.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use starttls_daemon::operations::allocator;
use starttls_policy::{Finding, Severity};
use starttls_sources::{StateDir, StateError};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::standing::Standing;
use super::system::SystemFiles;
use crate::clock;
use crate::settings::{Settings, SettingsArgs};
use crate::update::{self, Which};
use crate::validity;

/// How often files are looked at that others may have changed: `starttls override`, `starttls update`.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long the very first fetch may hold answers up; Postfix waits for 100 s.
const FIRST_FETCH: Duration = Duration::from_secs(30);

/// Keeps what is known up to date.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Inner>);

struct Inner {
    place: SettingsArgs,
    settings: Mutex<Arc<Settings>>,
    standing: Standing,
    system: SystemFiles,
    /// Lists are to be fetched before their time.
    hurry: Notify,
}

impl Keeper {
    pub(super) fn new(
        place: &SettingsArgs,
        settings: Settings,
        standing: Standing,
        system: SystemFiles,
    ) -> Self {
        let settings = Mutex::new(Arc::new(settings));
        Self(Arc::new(Inner { place: place.clone(), settings, standing, system, hurry: Notify::new() }))
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads settings, lists, overrides and files of the system anew; tells what came of it. Lists that lie on this machine are taken from there; others
    /// come with the next fetch, which begins at once where nothing was ever accepted of one.
    ///
    /// # Errors
    /// What is wrong; everything is as it was then.
    pub(super) async fn reload(&self) -> anyhow::Result<String> {
        // Whatever is wrong with our own files.
        self.0.system.reload().await;
        let keeper = self.clone();
        spawn_blocking(move || {
            let mut settings = keeper.0.place.load()?;
            // What the daemon began with holds until it begins again.
            settings.daemon = keeper.settings().daemon.clone();
            let findings = if fetches(&settings) { fetch(&settings, Which::Local)? } else { Vec::new() };
            keeper.0.standing.reload(&settings, clock::now())?;
            let lists = settings.lists.len();
            *keeper.0.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
            if keeper.0.standing.lacks_lists() {
                keeper.0.hurry.notify_one();
            }
            findings.iter().for_each(tell);
            let mut words = format!("read anew: {}", crate::output::counted(lists, "list", "lists"));
            for finding in findings.iter().filter(|finding| finding.severity > Severity::Info) {
                let _ = write!(words, "\n{}: {}", finding.severity, finding.message);
            }
            Ok(words)
        })
        .await?
    }

    /// Looks for changes, for ever.
    pub(super) async fn look(self) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let keeper = self.clone();
            let had_lost = keeper.0.standing.has_lost_lists();
            let looked =
                spawn_blocking(move || keeper.0.standing.renew(&keeper.settings(), clock::now())).await;
            // Once: a fetch that fails is tried again at its own pace.
            if !had_lost && self.0.standing.has_lost_lists() {
                self.0.hurry.notify_one();
            }
            match looked {
                Ok(true) => tracing::info!("lists or overrides have changed and count from now on"),
                Ok(false) => {}
                Err(error) => tracing::error!("lists and overrides cannot be looked at: {error}"),
            }
        }
    }

    /// Fetches lists of which nothing was ever accepted, before the first mail server is answered: else mail would go out as if
    /// nobody had listed anything. Waits no longer than a mail server does.
    pub(super) async fn fetch_first(&self) {
        if self.is_fetching() && self.0.standing.lacks_lists() {
            tracing::info!("fetching lists for the first time");
            if timeout(FIRST_FETCH, self.fetch_once()).await.is_err() {
                tracing::error!(
                    "the lists could not be fetched in time; answering without them until they come"
                );
            }
        }
        self.0.standing.tell_absent();
    }

    /// Fetches the lists at once and then every so often, for ever.
    pub(super) async fn fetch(self) {
        loop {
            if !self.is_fetching() {
                sleep(Duration::from_mins(1)).await;
                continue;
            }
            self.fetch_once().await;
            let every = self.settings().daemon.update_every.value.duration();
            // Not all daemons at once.
            let pause = every.mul_f64(0.9 + fastrand::f64() / 5.0);
            let _ = timeout(pause, self.0.hurry.notified()).await;
        }
    }

    fn is_fetching(&self) -> bool {
        fetches(&self.settings())
    }

    async fn fetch_once(&self) {
        let keeper = self.clone();
        let fetched = spawn_blocking(move || {
            let settings = keeper.settings();
            let findings = fetch(&settings, Which::All)?;
            keeper.0.standing.renew(&settings, clock::now());
            anyhow::Ok(findings)
        });
        match fetched.await {
            Ok(Ok(findings)) => findings.iter().for_each(tell),
            Ok(Err(error)) => {
                tracing::error!("the lists could not be fetched, what was accepted holds: {error:#}");
            }
            Err(error) => tracing::error!("the lists could not be fetched: {error}"),
        }
    }
}

/// Tells whether the daemon is to fetch lists, or somebody else does.
fn fetches(settings: &Settings) -> bool {
    !settings.daemon.update_every.value.duration().is_zero() && !settings.lists.is_empty()
}

fn fetch(settings: &Settings, which: Which) -> anyhow::Result<Vec<Finding>> {
    let state = StateDir::make(settings.state_dir())?;
    match state.lock() {
        Ok(lock) => {
            let now = clock::now();
            let findings = update::fetch_lists(settings, which, &lock, now)?;
            allocator::give_back();
            let alerts = &settings.update;
            let is_told = alerts.alert_command.value.is_some() || alerts.alert_mail.value.is_some();
            // Whoever has lists read anew is told without that.
            if is_told && which == Which::All {
                let stands = ["the daemon answers from what was accepted before".to_owned()];
                update::tell(&findings, &stands, &validity::alert_of(settings), &lock, now);
            }
            Ok(findings)
        }
        // Somebody fetches them already.
        Err(StateError::Busy { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn tell(finding: &Finding) {
    let Finding { code, message, .. } = finding;
    match finding.severity {
        Severity::Error => tracing::error!(%code, "{message}"),
        Severity::Warning => tracing::warn!(%code, "{message}"),
        Severity::Info => tracing::debug!(%code, "{message}"),
    }
}
