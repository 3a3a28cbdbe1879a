//! What speaks against the keys about sockets.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use starttls_daemon::socketmap::Listen;

use super::Said;
use crate::settings::{Daemon, Settings};

/// Files of the state directory that a socket would stand in the way of, and what they are for.
const OF_STATE: [(&str, &str); 4] = [
    ("learned.db", "holds what the daemon has learnt"),
    ("overrides.jsonl", "holds the overrides"),
    ("lock", "keeps runs apart"),
    ("sources", "holds the lists"),
];

/// Adds what is wrong.
pub(super) fn look(settings: &Settings, said: &mut Said) {
    let daemon = &settings.daemon;
    listen(daemon, said);
    status(daemon, said);
    control(settings, said);
    let has_unix = daemon.listen.value.iter().any(|place| matches!(place, Listen::Unix(_)));
    if has_unix && daemon.socket_mode.value.0 & 0o222 == 0 {
        said.of(
            &daemon.socket_mode,
            "`daemon.socket-mode` lets nobody write: no mail server can ask; set `0660` or `0666`",
        );
    }
    if !has_unix && daemon.socket_mode.place().is_some() {
        said.of(
            &daemon.socket_mode,
            "`daemon.socket-mode` has no effect, since `listen` names no Unix socket; leave it out (the mode of a socket that \
             systemd hands over is in its unit)",
        );
    }
}

fn listen(daemon: &Daemon, said: &mut Said) {
    let key = &daemon.listen;
    if key.value.is_empty() {
        said.of(key, "`daemon.listen` is empty: no mail server can ask, unless systemd hands a socket over");
    }
    let mut seen = HashSet::new();
    for place in &key.value {
        if !seen.insert(place.to_string()) {
            said.of(key, format!("`daemon.listen` names {place} twice: the daemon cannot start"));
        }
        match place {
            Listen::Tcp(address) => {
                if let Some(text) = everywhere("listen", *address) {
                    said.of(key, text);
                }
            }
            Listen::Unix(path) => {
                if let Some(text) = place_of_socket("listen", path) {
                    said.of(key, format!("{text}: the daemon cannot start"));
                }
            }
        }
    }
}

fn status(daemon: &Daemon, said: &mut Said) {
    let key = &daemon.status_address;
    let Some(address) = key.value else { return };
    if daemon.listen.value.contains(&Listen::Tcp(address)) {
        said.of(key, format!("`daemon.status-address`: {address} is in `listen`, too: give it another port"));
    }
    if let Some(text) = everywhere("status-address", address) {
        said.of(key, text);
    }
}

fn control(settings: &Settings, said: &mut Said) {
    let key = &settings.daemon.control_socket;
    let Some(path) = &key.value else { return };
    let shown = path.display();
    let of_state = OF_STATE.iter().find(|(name, _)| settings.state_dir().join(name) == *path);
    if let Some((_, what)) = of_state {
        said.of(key, format!("`daemon.control-socket`: {shown} {what}; name another file"));
    } else if let Some(text) = place_of_socket("control-socket", path) {
        said.of(key, text);
    }
    if settings.daemon.listen.value.contains(&Listen::Unix(path.clone())) {
        said.of(key, format!("`daemon.control-socket`: {shown} is in `listen`, too; name another file"));
    }
}

/// An address that is open to the network.
fn everywhere(key: &str, address: SocketAddr) -> Option<String> {
    address.ip().to_canonical().is_unspecified().then(|| {
        format!(
            "`daemon.{key}`: {address} listens at every address of this machine, and whoever reaches one can ask; name one address, \
             as 127.0.0.1, or see to a firewall"
        )
    })
}

/// What is wrong with the place of a Unix socket.
fn place_of_socket(key: &str, path: &Path) -> Option<String> {
    let shown = path.display();
    let parent = path.parent().unwrap_or(path);
    if !parent.is_dir() {
        return Some(format!("`daemon.{key}`: there is no directory {}; make it", parent.display()));
    }
    let found = fs::symlink_metadata(path).ok()?;
    (!found.file_type().is_socket()).then(|| {
        format!("`daemon.{key}`: {shown} is there and is no socket; remove it, or name another file")
    })
}
