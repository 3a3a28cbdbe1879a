//! Files of the system that the daemon depends on, followed as they change: resolv.conf, and the certificates of authorities.
//!
//! Each is looked at every few seconds through all links, so that it does not matter which program replaces what, and when.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use starttls_discover::Live;
use starttls_net::roots::Roots;
use starttls_policy::with_causes;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::RealEngine;
use super::mark::{Mark, links};
use super::parts;
use super::resolvers::{self, Origin, RESOLV_CONF};
use crate::settings::Daemon;

#[cfg(test)]
mod tests;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Places in [`Troubles`].
const RESOLVERS: usize = 0;
const ROOTS: usize = 1;

/// Whether files are read that have not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Read {
    All,
    Changed,
}

/// The files of the system, shared by all who have them read anew.
#[derive(Clone)]
pub(super) struct SystemFiles {
    engine: Arc<RealEngine>,
    files: Arc<Mutex<Files>>,
    troubles: Troubles,
}

/// What cannot be read at the moment: resolv.conf, and the certificates.
type Troubles = Arc<StdMutex<[Option<String>; 2]>>;

/// The files, and what was read of them last.
struct Files {
    live: Live,
    daemon: Daemon,
    resolv_conf: PathBuf,
    roots: Roots,
    /// Marks of what was read; `None` where it could not be.
    seen: [Option<Vec<Mark>>; 2],
    has_resolvers: bool,
    /// Resolvers that are named and never asked.
    ignored: Vec<SocketAddr>,
    troubles: Troubles,
    /// Whether any certificates were read since the start.
    has_roots: bool,
}

impl SystemFiles {
    /// Reads all of them, and logs which resolvers are asked.
    pub(super) async fn open(live: Live, engine: Arc<RealEngine>, daemon: &Daemon) -> Self {
        let mut files = Files::new(live, daemon, Path::new(RESOLV_CONF));
        files.look(Read::All).await;
        let troubles = Arc::clone(&files.troubles);
        Self { engine, files: Arc::new(Mutex::new(files)), troubles }
    }

    /// What cannot be read at the moment, in words that say what follows from it.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
    }

    /// Reads all of them anew.
    pub(super) async fn reload(&self) {
        self.look(Read::All).await;
    }

    /// Follows them, for ever.
    pub(super) async fn follow(self) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(Read::Changed).await;
        }
    }

    async fn look(&self, read: Read) {
        let has_changed = self.files.lock().await.look(read).await;
        if has_changed {
            self.engine.surroundings_changed().await;
        }
    }
}

impl Files {
    fn new(live: Live, daemon: &Daemon, resolv_conf: &Path) -> Self {
        Self {
            live,
            daemon: daemon.clone(),
            resolv_conf: resolv_conf.to_owned(),
            roots: parts::roots(daemon),
            seen: [None, None],
            has_resolvers: false,
            ignored: Vec::new(),
            troubles: Troubles::default(),
            has_roots: false,
        }
    }

    /// Reads what has changed, or all; tells whether other resolvers or certificates are in use now.
    async fn look(&mut self, read: Read) -> bool {
        let places = [vec![self.resolv_conf.clone()], self.roots.places()];
        let marks =
            spawn_blocking(move || places.map(|places| places.iter().map(|place| Mark::of(place)).collect()));
        let Ok(marks) = marks.await else { return false };
        let [resolv_conf, roots]: [Vec<Mark>; 2] = marks;
        let mut has_changed = false;
        if read == Read::All || self.seen[0].as_ref() != Some(&resolv_conf) {
            let (done, changed) = self.read_resolvers().await;
            self.seen[0] = done.then_some(resolv_conf);
            has_changed |= changed;
        }
        if read == Read::All || self.seen[1].as_ref() != Some(&roots) {
            match self.live.reload_roots().await {
                Ok(()) => {
                    let is_first = self.seen[1].is_none();
                    let has_failed = self.recovered(ROOTS);
                    if has_failed || !is_first {
                        tracing::info!("the certificates of authorities were read anew");
                    }
                    // Policies that could not be fetched without them are asked for again.
                    has_changed |= has_failed || !is_first;
                    self.has_roots = true;
                    self.seen[1] = Some(roots);
                }
                Err(error) => {
                    let until_then = if self.has_roots {
                        "policy hosts are trusted by those read before"
                    } else if self.live.prepare().await.is_ok() {
                        "policy hosts are trusted by the system's authorities alone, so that policies of hosts that others certify \
                         are not fetched"
                    } else {
                        "no policy host is trusted, so that MTA-STS protects nothing but what is stored"
                    };
                    self.complain(ROOTS, format!(
                        "the certificates of authorities cannot be read, {until_then}: {}; see to the file, it is read as \
                         soon as it can be",
                        with_causes(&error)
                    ));
                }
            }
        }
        has_changed
    }

    /// Takes the resolvers that are named now; tells whether the file could be read, and whether they are others.
    async fn read_resolvers(&mut self) -> (bool, bool) {
        let (daemon, file) = (self.daemon.clone(), self.resolv_conf.clone());
        let named = match spawn_blocking(move || resolvers::named(&daemon, &file)).await {
            Ok(Ok(named)) => named,
            Ok(Err(error)) => {
                let cure = cure(&self.resolv_conf, &error);
                self.complain(RESOLVERS, format!(
                    "{} cannot be read, the resolvers before are asked on: {error}; {cure}, or set `resolver`",
                    self.resolv_conf.display()
                ));
                return (false, false);
            }
            Err(_) => return (false, false),
        };
        self.recovered(RESOLVERS);
        let file = self.resolv_conf.display();
        for complaint in &named.complaints {
            tracing::warn!("{file}: {complaint}");
        }
        // It is being written, or was taken away: nobody gains if mail stops.
        if named.origin == Origin::Nowhere && self.has_resolvers {
            tracing::warn!("{file} names no resolver any more, those before are asked on");
            return (true, false);
        }
        let before: Vec<_> = self.live.servers();
        self.live.replace_servers(&named.resolver);
        let after = self.live.servers();
        let is_first = !std::mem::replace(&mut self.has_resolvers, named.origin != Origin::Nowhere);
        if is_first || before != after {
            let list = after.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            match named.origin {
                Origin::Settings => tracing::info!("asking the resolvers of the settings: {list}"),
                Origin::System => tracing::info!("asking the resolvers of {file}: {list}"),
                Origin::Nowhere => tracing::warn!("{file} names no resolver, asking {list}"),
            }
        }
        let ignored = named.resolver.ignored();
        if ignored != self.ignored && !ignored.is_empty() {
            tracing::warn!(
                "the resolvers {} are not asked, not even when the others do not answer: what they say of signatures is not \
                 believed, and beside 127.0.0.1 or ::1 that would switch DANE off unseen; leave them out, or set `trust-resolver = \
                 true` where they validate and the way to them is safe",
                ignored.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            );
        }
        self.ignored = ignored;
        (true, before != after)
    }

    /// Logs a trouble once, not every time, and shows it until it is over.
    fn complain(&self, about: usize, words: String) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(trouble) = troubles.get_mut(about) else { return };
        if trouble.as_ref() != Some(&words) {
            tracing::error!("{words}");
            *trouble = Some(words);
        }
    }

    /// Ends a trouble; tells whether there was one.
    fn recovered(&self, about: usize) -> bool {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.get_mut(about).is_some_and(|trouble| trouble.take().is_some())
    }
}

/// Directories that the sandbox lets the daemon read, wherever resolv.conf leads.
const READABLE: [&str; 3] = ["/etc", "/run", "/usr"];

/// The cure for a resolv.conf that cannot be read.
fn cure(resolv_conf: &Path, error: &io::Error) -> String {
    let target = links(resolv_conf).pop().unwrap_or_default();
    let is_readable = READABLE.iter().any(|directory| target.starts_with(directory));
    if error.kind() == io::ErrorKind::PermissionDenied && !is_readable {
        let target = target.display();
        return format!(
            "it leads to `{target}`, which the sandbox may keep from the daemon whatever its permissions: let it lead below /etc, \
             /run or /usr and restart the daemon"
        );
    }
    match error.kind() {
        io::ErrorKind::PermissionDenied => "see to its permissions",
        _ => "put the right file there",
    }
    .to_owned()
}
