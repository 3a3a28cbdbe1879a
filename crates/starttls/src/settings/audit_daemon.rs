//! What speaks against `[daemon]`: files that are missing, sockets that cannot be had together, keys without effect.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use starttls_daemon::socketmap::Listen;

use super::Daemon;
use super::audit::missing;

/// Resolvers serve these names themselves, unsigned (RFC 6761 §6.2, §6.4).
const SPECIAL: [&str; 2] = ["test", "invalid"];

/// One sentence each.
pub(super) fn warnings(daemon: &Daemon) -> Vec<String> {
    let mut said = Vec::new();
    let named = [
        ("ca-file", &daemon.ca_file.value),
        ("store-password-file", &daemon.store_password_file.value),
        ("postfix-chroot", &daemon.postfix_chroot.value),
    ];
    for (key, file) in named {
        said.extend(file.as_ref().and_then(|file| missing(&format!("daemon.{key}"), file)));
    }
    if let Some(file) = &daemon.ca_file.value
        && let Err(error) = std::fs::File::open(file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        said.push(format!("`daemon.ca-file`: {} cannot be read: {error}", file.display()));
    }
    if daemon.store_password_file.value.is_some() && daemon.store.value.is_none() {
        said.push("`daemon.store-password-file` has no effect without `store`".into());
    }
    sockets(daemon, &mut said);
    if let Some(probe) = &daemon.denial_probe.value {
        let last = probe.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        if SPECIAL.iter().any(|special| last.eq_ignore_ascii_case(special)) {
            said.push(format!(
                "`daemon.denial-probe`: resolvers serve `{last}` themselves, unsigned; name a signed zone"
            ));
        }
    }
    let is_own = |ip| ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    let servers = &daemon.resolver.value.0;
    if !servers.is_empty()
        && !daemon.trust_resolver.value
        && !servers.iter().any(|server| is_own(server.ip().to_canonical()))
    {
        said.push(
            "`daemon.resolver` is neither 127.0.0.1 nor ::1, so that DANE is off: run a validating resolver on this \
             machine, or set `trust-resolver = true` where the way to it is safe"
                .into(),
        );
    }
    said
}

fn sockets(daemon: &Daemon, said: &mut Vec<String>) {
    let listen = &daemon.listen.value;
    if listen.is_empty() {
        said.push(
            "`daemon.listen` is empty: no mail server can ask, unless systemd hands a socket over".into(),
        );
    }
    let mut seen = HashSet::new();
    for place in listen {
        if !seen.insert(place.to_string()) {
            said.push(format!("`daemon.listen` names {place} twice: the daemon cannot start"));
        }
    }
    if let Some(status) = daemon.status_address.value
        && listen.iter().any(|place| matches!(place, Listen::Tcp(address) if *address == status))
    {
        said.push(format!("`daemon.status-address`: {status} is in `listen`, too: give it another port"));
    }
    let has_unix = listen.iter().any(|place| matches!(place, Listen::Unix(_)));
    if has_unix && daemon.socket_mode.value.0 & 0o222 == 0 {
        said.push(
            "`daemon.socket-mode` lets nobody write: no mail server can ask; set `0660` or `0666`".into(),
        );
    }
}

#[cfg(test)]
mod keys_of_the_daemon {
    use crate::settings::Settings;
    use crate::settings::audit::warnings;

    fn said(daemon: &str) -> String {
        let home = starttls_testkit::world::directory().unwrap();
        let text = format!("state-dir = \".\"\n[daemon]\n{daemon}\n");
        warnings(&Settings::parse(&text, home.path()).unwrap()).join("\n")
    }

    #[test]
    fn fault_5_certificates_that_are_not_there_are_told_of() {
        let said = said(r#"ca-file = "/nope/ca.pem""#);
        assert!(said.contains("`daemon.ca-file`: /nope/ca.pem is not there"), "{said}");
    }

    #[test]
    fn fault_11_that_cannot_work_are_told_of() {
        for (daemon, want) in [
            (r#"store-password-file = "/nope""#, "`daemon.store-password-file` has no effect"),
            (r#"listen = ["127.0.0.1:1", "127.0.0.1:1"]"#, "names 127.0.0.1:1 twice"),
            ("listen = [\"127.0.0.1:1\"]\nstatus-address = \"127.0.0.1:1\"", "is in `listen`, too"),
            ("listen = []", "`daemon.listen` is empty"),
            (r#"postfix-chroot = "/nope""#, "`daemon.postfix-chroot`: /nope is not there"),
            ("listen = [\"unix:/x/y\"]\nsocket-mode = \"0000\"", "lets nobody write"),
            (r#"denial-probe = "test""#, "resolvers serve `test` themselves"),
            (r#"denial-probe = "foo.TEST.""#, "resolvers serve `TEST` themselves"),
            (r#"resolver = "192.0.2.1:53""#, "DANE is off"),
        ] {
            let said = said(daemon);
            assert!(said.contains(want), "{want} is not in:\n{said}");
        }
        for fine in ["resolver = \"192.0.2.1:53\"\ntrust-resolver = true", r#"resolver = "[::1]:53""#, ""] {
            assert_eq!(said(fine), "", "{fine}");
        }
    }

    #[test]
    fn fault_11_resolver_without_a_port_is_answered_with_the_port_of_the_dns() {
        let home = starttls_testkit::world::directory().unwrap();
        let text = "[daemon]\nresolver = \"127.0.0.1\"\n";
        let error = format!("{:?}", Settings::parse(text, home.path()).unwrap_err());
        assert!(error.contains("127.0.0.1:53"), "{error}");
    }
}
