//! `[daemon]`: where the policy daemon listens, whom it asks, what it keeps.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use starttls_daemon::socketmap::Listen;
use starttls_mta::postfix::Level;
use starttls_sources::settings::Span;
use starttls_store::PostgresUrl;
use toml::de::DeValue;

use super::role::role;
use super::value::{Value, Word, word};

role! {
    /// What `starttls daemon` does: it answers your mail server's question what must hold for delivery to a domain.
    pub(crate) struct Daemon in "daemon" {
        /// Where mail servers ask: `ADDRESS:PORT`, or `unix:PATH` (as smtp(8) sees it, which may be chrooted). Sockets that
        /// systemd hands over are served instead.
        "listen" => listen: Vec<Listen> = default_listen(),
        /// The mode of Unix sockets for mail servers, in octal.
        "socket-mode" => socket_mode: FileMode = FileMode(0o660),
        /// Where metrics, status and the status page are served, as `127.0.0.1:8462`; without it nowhere.
        "status-address" => status_address: Option<SocketAddr> = None,
        /// The Unix socket for `starttls reload`, `cache`, `why` and `query`; without it `control.sock` in the state directory.
        "control-socket" => control_socket: Option<PathBuf> = None,
        /// The resolver, as `127.0.0.1:53`, or a list of several, in the order in which they are asked; without it those of
        /// /etc/resolv.conf, which is followed when it changes. It must validate DNSSEC for DANE. Beside 127.0.0.1 or ::1, others are
        /// asked only with `trust-resolver`.
        "resolver" => resolver: Resolvers = Resolvers::default(),
        /// Whether a resolver at another address than 127.0.0.1 and ::1 is believed that it validated; the path to it must be
        /// safe.
        "trust-resolver" => trust_resolver: bool = false,
        /// A signed name by which it is proven that the resolver validates; `.` is the root.
        "dnssec-probe" => dnssec_probe: String = ".".into(),
        /// A name with broken signatures that the resolver must refuse, to be surer still.
        "bogus-probe" => bogus_probe: Option<String> = None,
        /// A signed zone in which it is tried that the resolver denies names and records that are not there; without it `arpa`,
        /// or `dnssec-probe` where that is not the root. Not below `test` or `invalid`, which resolvers serve themselves.
        "denial-probe" => denial_probe: Option<String> = None,
        /// A database that several nodes share, as `postgres://USER@HOST/NAME`; each node keeps its own memory beside it.
        "store" => store: Option<StoreUrl> = None,
        /// A file whose one line is the password for it.
        "store-password-file" => store_password_file: Option<PathBuf> = None,
        /// A PEM file with further authorities for policy hosts, beside the system's: for closed networks.
        "ca-file" => ca_file: Option<PathBuf> = None,
        /// Which addresses policy hosts may have: `global` or `any`, for closed networks.
        "policy-hosts" => policy_hosts: PolicyHosts = PolicyHosts::Global,
        /// How long an answer waits for MTA-STS of a domain that nobody knows before it is given without.
        "answer-within" => answer_within: Seconds = Seconds(5),
        /// The level that `smtp_tls_security_level` of your mail server has, as `may`. Only where it is known can a policy in
        /// `testing` be reported by Postfix 3.10 and later without weakening what you have set.
        "postfix-level" => postfix_level: Option<Level> = None,
        /// A directory for key files of pinned authorities, which smtp(8) must be able to read under the same name. Without
        /// it such pins are not checked, names and certificates are.
        "anchors-directory" => anchors_directory: Option<PathBuf> = None,
        /// The directory that smtp(8) is chrooted to, as `/var/spool/postfix`: key files are written below it, too, so that they
        /// are there under the same name. Without it smtp(8) must not be chrooted where pins are to be checked.
        "postfix-chroot" => postfix_chroot: Option<PathBuf> = None,
        /// Whether leaf pins are checked where lists ask for them, although chain, names and dates then go unchecked.
        "allow-leaf-pins" => allow_leaf_pins: bool = false,
        /// How often lists are fetched; `0m` leaves that to `starttls update`.
        "update-every" => update_every: Span = Span::new(Duration::from_hours(1)),
        /// Memory for answers at hand, in MiB.
        "memory" => memory: MebiBytes = MebiBytes(16),
        /// Whether the process gives up what it does not need once it runs: other files, dangerous system calls.
        "sandbox" => sandbox: bool = true,
        /// How logs are written: `text` or `json`.
        "log-format" => log_format: LogFormat = LogFormat::Text,
    }
}

fn default_listen() -> Vec<Listen> {
    vec![Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8461)))]
}

/// Resolvers in the order in which they are asked; none where the system's are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Resolvers(pub(crate) Vec<SocketAddr>);

/// What is wanted of a resolver.
const RESOLVER: &str = "want an address and a port, as `127.0.0.1:53`, or a list of them";

impl Value for Resolvers {
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        if value.as_array().is_none() {
            return SocketAddr::read(value, base).map(|one| Self(vec![one])).map_err(|_| RESOLVER.into());
        }
        match Vec::read(value, base).map_err(|_| RESOLVER)? {
            servers if servers.is_empty() => {
                Err("the list is empty; leave the key out for the system's".into())
            }
            servers => Ok(Self(servers)),
        }
    }

    fn show(&self) -> Option<toml::Value> {
        match self.0.as_slice() {
            [] => None,
            [one] => one.show(),
            _ => self.0.show(),
        }
    }
}

/// A short span of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seconds(pub(crate) u64);

/// Which addresses policy hosts may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PolicyHosts {
    /// Those of the public network.
    Global,
    /// All.
    Any,
}

/// A database that nodes share; never with a password, which `settings show` and `ps` would show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StoreUrl(String);

impl StoreUrl {
    /// The URL.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// The permissions of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileMode(pub(crate) u32);

/// A size in MiB.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MebiBytes(pub(crate) u64);

word!(
    PolicyHosts,
    |text| match text {
        "global" => Ok(Self::Global),
        "any" => Ok(Self::Any),
        _ => Err("want `global` or `any`".into()),
    },
    |hosts| match hosts {
        PolicyHosts::Global => "global".into(),
        PolicyHosts::Any => "any".into(),
    }
);
word!(
    LogFormat,
    |text| match text {
        "text" => Ok(Self::Text),
        "json" => Ok(Self::Json),
        _ => Err("want `text` or `json`".into()),
    },
    |format| match format {
        LogFormat::Text => "text".into(),
        LogFormat::Json => "json".into(),
    }
);
word!(
    FileMode,
    |text| match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(mode)),
        _ => Err("want a mode in octal, as `0660`".into()),
    },
    |mode| format!("{:04o}", mode.0)
);
word!(
    StoreUrl,
    |text| {
        let (rest, query) = text.split_once('?').unwrap_or((text, ""));
        let authority = rest.split_once("://").map_or(rest, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let has_password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
            || query.split(['&', '#']).any(|pair| pair.split('=').next() == Some("password"));
        if has_password {
            return Err(
                "a password does not belong here: put it into a file that `store-password-file` names".into(),
            );
        }
        PostgresUrl::parse(text).map(|_| Self(text.into())).map_err(|error| error.to_string())
    },
    |url| url.0.clone()
);
word!(
    Seconds,
    |text| match text.strip_suffix('s').map(str::parse) {
        Some(Ok(seconds @ 1..=60)) => Ok(Self(seconds)),
        _ => Err("want seconds from `1s` to `60s`".into()),
    },
    |seconds| format!("{}s", seconds.0)
);
word!(
    MebiBytes,
    |text| match text.parse() {
        Ok(size @ 1..=65_536) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(size)),
        _ => Err("want a number of MiB from 1 to 65536, in quotes".into()),
    },
    |size| size.0.to_string()
);
word!(
    SocketAddr,
    |text| text.parse().map_err(|_| "want an address and a port, as `127.0.0.1:8462`".into()),
    ToString::to_string
);
word!(Listen, |text| text.parse::<Self>().map_err(|error| error.to_string()), ToString::to_string);
word!(
    Level,
    |text| Self::from_name(text).ok_or_else(|| "want a level of Postfix, as `may` or `dane`".into()),
    |level| level.name().into()
);

#[cfg(test)]
mod shared_stores {
    use super::*;

    #[test]
    fn are_named_without_a_password() {
        for good in ["postgres://starttls@db.example.org/starttls", "postgres://me@db.example.org:5433/mail"]
        {
            assert_eq!(StoreUrl::from_word(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn with_a_password_are_refused_and_it_is_not_repeated() {
        for bad in [
            "postgres://u:hunter2@db.example.org/x",
            "postgres://u:hun@ter2@db.example.org/x",
            "postgres://:hunter2@db.example.org/x",
            "postgres://u@db.example.org/x?password=hunter2",
        ] {
            let error = StoreUrl::from_word(bad).unwrap_err();
            assert!(error.contains("store-password-file") && !error.contains("ter2"), "{error}");
        }
    }
}
