//! What speaks against `[daemon]`: files that are missing, sockets that cannot be had together, keys without effect.

mod resolver;
mod sockets;

use std::path::Path;

use starttls_net::roots::{Roots, RootsError};
use starttls_policy::with_causes;

use super::audit::missing;
use super::problem::Place;
use super::role::Sourced;
use super::{Daemon, Settings};

/// Warnings, each with the place of the key in the settings file.
#[derive(Default)]
struct Said(Vec<(Option<Place>, String)>);

impl Said {
    /// Adds a warning about a key.
    fn of<T>(&mut self, key: &Sourced<T>, text: impl Into<String>) {
        self.0.push((key.place(), text.into()));
    }
}

/// One sentence each, with the line in the settings file where the key stands there.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let mut said = Said::default();
    files(&settings.daemon, &mut said);
    sockets::look(settings, &mut said);
    resolver::look(&settings.daemon, &mut said);
    let with_line = |(place, text): (Option<Place>, String)| match place {
        Some(Place { line, .. }) => format!("line {line}: {text}"),
        None => text,
    };
    said.0.into_iter().map(with_line).collect()
}

fn files(daemon: &Daemon, said: &mut Said) {
    let named = [
        ("store-password-file", &daemon.store_password_file),
        ("postfix-chroot", &daemon.postfix_chroot),
        ("anchors-directory", &daemon.anchors_directory),
    ];
    for (key, file) in named {
        if let Some(text) = file.value.as_ref().and_then(|file| missing(&format!("daemon.{key}"), file)) {
            said.of(file, format!("{text}; make it, readable for the user of the daemon"));
        }
    }
    if let Some(text) = daemon.ca_file.value.as_deref().and_then(authorities) {
        said.of(&daemon.ca_file, text);
    }
    if let Some(directory) = daemon.anchors_directory.value.as_ref().filter(|path| path.is_file()) {
        let text = format!(
            "`daemon.anchors-directory`: {} is no directory; name one, or move the file away",
            directory.display()
        );
        said.of(&daemon.anchors_directory, text);
    }
    if daemon.store_password_file.value.is_some() && daemon.store.value.is_none() {
        said.of(&daemon.store_password_file, "`daemon.store-password-file` has no effect without `store`");
    }
}

/// What is wrong with a file of further authorities.
fn authorities(file: &Path) -> Option<String> {
    if let Some(text) = missing("daemon.ca-file", file) {
        return Some(format!("{text}; put the certificates there, or leave the key out"));
    }
    let error = Roots::check_file(file).err()?;
    let cause = match &error {
        RootsError::Read(error) => with_causes(error),
        other => other.to_string(),
    };
    Some(format!("`daemon.ca-file`: {cause}; put a file there with PEM certificates of authorities"))
}

#[cfg(test)]
mod tests;
