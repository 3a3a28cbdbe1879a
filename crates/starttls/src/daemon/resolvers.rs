//! The resolvers that the daemon asks: those of the settings, or those that the system names.

use std::io;
use std::path::Path;

use starttls_host::ReadError;
use starttls_net::dns::{self, Complaint, ResolvConf, ResolverSettings};

use crate::settings::Daemon;

/// Where the system names its resolvers.
pub(crate) const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The longest resolv.conf that is read; real ones have a few lines.
const MAX_BYTES: u64 = 64 * 1024;

/// Resolvers, and where they are named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Named {
    pub(crate) resolver: ResolverSettings,
    pub(crate) origin: Origin,
    /// Lines of the file that are not understood, or do not count.
    pub(crate) complaints: Vec<Complaint>,
}

/// Where resolvers are named.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// In our settings.
    Settings,
    /// In the system's file.
    System,
    /// Nowhere: a resolver on this machine is asked.
    Nowhere,
}

/// The resolvers that the settings name, or else `file`.
///
/// # Errors
/// What the system answers when the file is there and cannot be read.
pub(crate) fn named(daemon: &Daemon, file: &Path) -> io::Result<Named> {
    let servers = &daemon.resolver.value.0;
    let (named, origin, complaints) = if servers.is_empty() {
        let conf = ResolvConf::parse(&text(file)?);
        let origin = if conf.servers.is_empty() { Origin::Nowhere } else { Origin::System };
        (ResolverSettings::from_resolv_conf(&conf), origin, conf.complaints)
    } else {
        let named = ResolverSettings { servers: servers.clone(), ..ResolverSettings::default() };
        (named, Origin::Settings, Vec::new())
    };
    let trust = if daemon.trust_resolver.value { dns::Trust::Always } else { dns::Trust::LoopbackOnly };
    let check_name = daemon.dnssec_probe.value.clone();
    Ok(Named { resolver: ResolverSettings { trust, check_name, ..named }, origin, complaints })
}

/// The text of the file; none where there is no file.
fn text(file: &Path) -> io::Result<String> {
    match starttls_host::read_if_exists(file, MAX_BYTES) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()),
        Err(ReadError::Io { source, .. }) => Err(source),
        Err(other) => Err(io::Error::other(other)),
    }
}
