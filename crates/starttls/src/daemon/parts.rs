//! The parts of the daemon, each made from the settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use starttls_daemon::engine::{Anchors, EngineSettings};
use starttls_daemon::learned::{DEFAULT_ROW_LIMIT, Learned, LearnedSettings, SETTLED_AFTER, SharedState};
use starttls_daemon::operations::sandbox::{Programs, Sandbox};
use starttls_daemon::socketmap::Listen;
use starttls_discover::{Live, LiveSettings, Probe};
use starttls_host::Owner;
use starttls_mta::LeafPins;
use starttls_mta::postfix::socketmap::{Socketmap, SocketmapFacts};
use starttls_net::policy_host::{Addresses, PolicyHostSettings};
use starttls_net::roots::Roots;
use starttls_sources::settings::{Copies, Place, SignedCopy, Trust};
use starttls_store::PostgresUrl;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::mark::{links, nearest_directory};
use super::resolvers::{self, RESOLV_CONF};
use crate::settings::{Daemon, PolicyHosts, Settings, SettingsArgs};

/// The node's own store, in the state directory.
const STORE: &str = "learned.db";

/// The outside, as the settings say.
pub(crate) fn live(settings: &Settings) -> Live {
    let daemon = &settings.daemon;
    let addresses = match daemon.policy_hosts.value {
        PolicyHosts::Global => Addresses::Global,
        PolicyHosts::Any => Addresses::Any,
    };
    let probe = Probe {
        signed: daemon.dnssec_probe.value.clone(),
        bogus: daemon.bogus_probe.value.clone(),
        denial: daemon.denial_probe.value.clone(),
    };
    // A file that cannot be read is told of by those who follow it.
    let named = resolvers::named(daemon, Path::new(RESOLV_CONF)).map(|named| named.resolver);
    Live::new(LiveSettings {
        resolver: named.unwrap_or_default(),
        policy_host: PolicyHostSettings {
            roots: roots(daemon),
            fallback: daemon.ca_file.value.as_ref().map(|_| Roots::System),
            addresses,
            ..PolicyHostSettings::default()
        },
        probe,
    })
}

/// Whose certificates policy hosts may have.
pub(super) fn roots(daemon: &Daemon) -> Roots {
    match &daemon.ca_file.value {
        Some(file) => Roots::SystemAnd(vec![file.clone()]),
        None => Roots::System,
    }
}

/// The engine's settings.
pub(super) fn engine(settings: &Settings) -> EngineSettings {
    let daemon = &settings.daemon;
    EngineSettings {
        answer_within: Duration::from_secs(daemon.answer_within.value.0),
        hot_bytes: daemon.memory.value.0.saturating_mul(1 << 20),
        ..EngineSettings::default()
    }
}

/// Where key files go: as the system sees it, and as a chrooted smtp(8) does.
fn anchor_directories(settings: &Settings) -> Vec<PathBuf> {
    let Some(directory) = &settings.daemon.anchors_directory.value else { return Vec::new() };
    let inside = settings
        .daemon
        .postfix_chroot
        .value
        .as_ref()
        .map(|chroot| chroot.join(directory.strip_prefix("/").unwrap_or(directory)));
    std::iter::once(directory.clone()).chain(inside).collect()
}

/// Sees to key files that answers name, if they may name any.
pub(super) fn anchors(settings: &Settings) -> Option<Anchors> {
    let directories = anchor_directories(settings);
    (!directories.is_empty()).then(|| Anchors::new(directories))
}

/// Directories that the daemon writes to, made before the sandbox closes. One that cannot be made is an error in the log: the daemon
/// answers without it.
pub(super) fn make_directories(settings: &Settings) {
    let anchors = anchor_directories(settings);
    for directory in std::iter::once(settings.state_dir()).chain(anchors.iter().map(PathBuf::as_path)) {
        if let Err(error) = std::fs::create_dir_all(directory) {
            tracing::error!(
                "cannot make {}: {error}; make it, give it to the user of the daemon, and restart the daemon",
                directory.display()
            );
        }
    }
}

/// Becomes the user to whom the state directory belongs, where the daemon was started as root: its store and its lists must be
/// readable for the service that runs as that user.
///
/// # Errors
/// Root without the right to do so.
pub(super) fn become_owner(settings: &Settings) -> anyhow::Result<()> {
    let Ok(owner) = Owner::of_path(settings.state_dir()) else { return Ok(()) };
    let Some(uid) = owner.uid() else { return Ok(()) };
    owner.assume()?;
    tracing::warn!(
        "started as root, and going on as user {uid}, to whom {} belongs: files that the settings name must be readable for that user",
        settings.state_dir().display()
    );
    Ok(())
}

/// Gives up what is not needed, if the settings want that; tells what is held.
pub(super) fn enter_sandbox(settings: &Settings, place: &SettingsArgs) -> String {
    if !settings.daemon.sandbox.value {
        return "off, by the settings".into();
    }
    let daemon = &settings.daemon;
    let parent = |path: &Path| path.parent().map(Path::to_owned);
    let sockets = daemon.listen.value.iter().filter_map(|listen| match listen {
        Listen::Unix(path) => parent(path),
        Listen::Tcp(_) => None,
    });
    let mut read_write: Vec<PathBuf> = sockets.chain(parent(&settings.control_socket())).collect();
    read_write.push(settings.state_dir().to_owned());
    read_write.extend(anchor_directories(settings));
    let files = settings.lists.iter().flat_map(|list| files_of(&list.trust));
    let named = [&daemon.ca_file.value, &daemon.store_password_file.value, &settings.update.ca_file.value];
    // A URL that is wrong is told of where it is used.
    let url = daemon.store.value.as_ref().and_then(|url| PostgresUrl::parse(url.as_str()).ok());
    let of_store = url.iter().flat_map(|url| url.files().iter().cloned());
    let named = named.into_iter().flatten().cloned().chain(of_store);
    let read_only = files
        .chain(named)
        .chain([place.file()])
        .filter_map(|file| parent(&file))
        .filter(|directory| directory.is_dir())
        .chain(followed(settings));
    let runs_git = settings.lists.iter().any(|list| matches!(list.trust, Trust::GitTag(_)));
    let alerts = settings.update.alert_command.value.is_some() || settings.update.alert_mail.value.is_some();
    let programs = if runs_git || alerts { Programs::Run } else { Programs::None };
    Sandbox { read_write, read_only: read_only.collect(), programs }.enforce().to_string()
}

/// Directories of the files that are followed when they change, wherever links lead from there.
fn followed(settings: &Settings) -> impl Iterator<Item = PathBuf> {
    let mut files = roots(&settings.daemon).places();
    files.extend(settings.update.ca_file.value.clone());
    files.push(RESOLV_CONF.into());
    files.into_iter().flat_map(|file| links(&file)).filter_map(|path| nearest_directory(&path))
}

/// Local files and directories that a list is read from.
fn files_of(trust: &Trust) -> Vec<PathBuf> {
    let copy = |copies: &Copies| match copies {
        Copies::Urls(_) => Vec::new(),
        Copies::File(SignedCopy::Clearsigned(file)) => vec![file.clone()],
        Copies::File(SignedCopy::Detached { list, signature }) => vec![list.clone(), signature.clone()],
    };
    match trust {
        Trust::Witnessed(witnessed) => match &witnessed.place {
            Place::Urls(_) => vec![witnessed.root.clone()],
            Place::Directory(directory) => vec![witnessed.root.clone(), directory.join("proof.json")],
        },
        Trust::OpenPgp(openpgp) => {
            let mut files = copy(&openpgp.copies);
            files.push(openpgp.certificate.clone());
            files
        }
        Trust::GitTag(tag) => vec![tag.certificate.clone()],
        Trust::Unsigned(unsigned) => vec![unsigned.file.clone()],
    }
}

/// Writes answers as the settings know the mail server.
///
/// # Errors
/// A directory for key files that cannot stand in an answer.
pub(super) fn renderer(settings: &Settings) -> anyhow::Result<Socketmap> {
    let daemon = &settings.daemon;
    let leaf_pins = if daemon.allow_leaf_pins.value { LeafPins::Allow } else { LeafPins::Ignore };
    let facts = SocketmapFacts {
        level: daemon.postfix_level.value,
        lowest: None,
        leaf_pins,
        anchors_directory: daemon.anchors_directory.value.as_ref().map(|path| path.display().to_string()),
    };
    Socketmap::new(facts).map_err(|finding| anyhow::anyhow!("{}; {}", finding.message, finding.cure))
}

/// Asked of the daemon by itself: the parent of a domain can have no policy, so no resolver is needed to say so. A resolver that is
/// gone is no reason to be restarted, and to lose what is at hand.
const OWN_LOOK_UP: &[u8] = b"21:QUERY .health.invalid,";

/// Asks the daemon itself, as a mail server would: what can have no policy is answered at once, if anything is.
///
/// # Errors
/// What went wrong.
pub(super) async fn look_up(listen: Option<&Listen>) -> Result<(), String> {
    let words = |error: std::io::Error| error.to_string();
    match listen {
        Some(Listen::Tcp(address)) => {
            ask(TcpStream::connect(address).await.map_err(words)?).await.map_err(words)
        }
        Some(Listen::Unix(path)) => ask(UnixStream::connect(path).await.map_err(words)?).await.map_err(words),
        None => Ok(()),
    }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    const REPLY: &[u8] = b"9:NOTFOUND ,";
    stream.write_all(OWN_LOOK_UP).await?;
    let mut reply = [0; REPLY.len()];
    stream.read_exact(&mut reply).await?;
    if reply == REPLY {
        Ok(())
    } else {
        Err(std::io::Error::other("another answer than the one that is due"))
    }
}

/// What was learnt before.
///
/// # Errors
/// When the shared store is named wrongly.
pub(super) async fn learned(settings: &Settings) -> anyhow::Result<Learned> {
    let daemon = &settings.daemon;
    let url = daemon.store.value.as_ref().map(|url| PostgresUrl::parse(url.as_str())).transpose()?;
    let shared = match (url, &daemon.store_password_file.value) {
        (Some(url), Some(file)) => Some(url.with_password_file(file)?),
        (url, _) => url,
    };
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let path = settings.state_dir().join(STORE);
    Ok(Learned::open(LearnedSettings {
        path,
        shared,
        node,
        row_limit: DEFAULT_ROW_LIMIT,
        settled_after: SETTLED_AFTER,
    })
    .await)
}

/// How it stands with the shared store, in one word, and why it is not up.
pub(super) fn shared_store(learned: &Learned) -> (Option<&'static str>, Option<String>) {
    match learned.shared_state() {
        SharedState::Absent => (None, None),
        SharedState::Connecting => (Some("connecting"), None),
        SharedState::Up => (Some("up"), None),
        SharedState::HeldUp { words } => (Some("held-up"), Some(words)),
        SharedState::ReadOnly { words } => (Some("read-only"), Some(words)),
        SharedState::Down { words } => (Some("down"), Some(words)),
    }
}

#[cfg(test)]
mod the_daemons_own_look_up {
    use starttls_proto::socketmap::Key;

    use super::*;

    #[test]
    fn is_answered_without_a_resolver() {
        let text = OWN_LOOK_UP.strip_prefix(b"21:").and_then(|rest| rest.strip_suffix(b",")).unwrap();
        assert_eq!(text.len(), 21);
        assert_eq!(Key::parse(text.strip_prefix(b"QUERY ").unwrap()), Key::Nothing);
    }
}
