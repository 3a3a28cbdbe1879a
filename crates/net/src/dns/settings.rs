//! Whom to ask, how long to wait, and whose word on signatures counts.
//!
//! Spec: resolv.conf(5), RFC 4035 §4.9.3.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::{PORT, ResolvConf};

/// Everything a [`Resolver`](super::Resolver) is made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResolverSettings {
    /// The resolvers, in the order in which they are asked; at least one.
    pub servers: Vec<SocketAddr>,
    /// Whose AD bit is believed.
    pub trust: Trust,
    /// How long one server may take for one attempt.
    pub attempt_timeout: Duration,
    /// How many attempts are made for one question, over all servers.
    pub attempts: usize,
    /// For one question, with all its attempts and aliases.
    pub deadline: Duration,
    /// How many questions are out at once; others wait, within their deadline.
    pub max_parallel: usize,
    /// A name whose SOA record shows whether a server that failed answers at all.
    pub check_name: String,
    /// How long a server that does not answer is left alone before it is checked again.
    pub retry_after: Duration,
}

/// Whose AD bit is believed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// Of 127.0.0.1 and ::1 alone: on any other way somebody could set it, and other addresses of the loopback network are
    /// taken by forwarders that pass on the bit of whatever is upstream (a container's 127.0.0.11). Where one of the two is
    /// named, no other is asked, since its silence would turn every signed domain into an unsigned one.
    #[default]
    LoopbackOnly,
    /// Of all: the operator vouches for the resolvers and for the network in between.
    Always,
}

impl Trust {
    pub(super) fn believes(self, server: SocketAddr) -> bool {
        let address = server.ip().to_canonical();
        self == Self::Always || address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
    }
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            servers: vec![(Ipv4Addr::LOCALHOST, PORT).into()],
            trust: Trust::default(),
            // A resolver that has to ask around the world needs about one.
            attempt_timeout: Duration::from_secs(2),
            attempts: 3,
            deadline: Duration::from_secs(5),
            // Each holds a socket; a thousand files are what a process may open by default.
            max_parallel: 256,
            check_name: ".".to_owned(),
            retry_after: Duration::from_secs(5),
        }
    }
}

impl ResolverSettings {
    /// The servers that a resolv.conf(5) names, or 127.0.0.1 if it names none; all else as by default.
    pub fn from_resolv_conf(file: &ResolvConf) -> Self {
        let default = Self::default();
        if file.servers.is_empty() { default } else { Self { servers: file.servers.clone(), ..default } }
    }

    /// The servers that are asked, each with what its AD bit is worth.
    pub(super) fn asked(&self) -> Vec<(SocketAddr, bool)> {
        let rated = || self.servers.iter().map(|server| (*server, self.trust.believes(*server)));
        let trusted: Vec<_> = rated().filter(|(_, is_trusted)| *is_trusted).collect();
        if trusted.is_empty() { rated().collect() } else { trusted }
    }

    /// The servers that are never asked, since they are not believed and another one is.
    pub fn ignored(&self) -> Vec<SocketAddr> {
        let asked = self.asked();
        let is_asked = |server: &SocketAddr| asked.iter().any(|(other, _)| other == server);
        self.servers.iter().copied().filter(|server| !is_asked(server)).collect()
    }
}

#[cfg(test)]
mod resolv_conf {
    use super::*;

    fn named(text: &str) -> ResolverSettings {
        ResolverSettings::from_resolv_conf(&ResolvConf::parse(text))
    }

    fn servers(text: &str) -> Vec<String> {
        named(text).servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_up_to_three_servers() {
        let text = "# nameserver 192.0.2.9\n; x\nsearch example.org\nnameserver 127.0.0.53\n nameserver\t::1 # local\n\
                    nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions edns0 trust-ad\n";
        assert_eq!(servers(text), ["127.0.0.53:53", "[::1]:53", "192.0.2.1:53"]);
    }

    #[test]
    fn without_a_server_means_this_machine() {
        for text in ["", "nameserver", "nameserver localhost\n", "nameservers 192.0.2.1", "\0\n\u{fffd}"] {
            assert_eq!(servers(text), ["127.0.0.1:53"], "{text:?}");
        }
    }

    #[test]
    fn cannot_make_a_resolver_elsewhere_trusted() {
        let settings = named("nameserver 192.0.2.1\noptions trust-ad\n");
        assert_eq!(settings.asked(), [("192.0.2.1:53".parse().unwrap(), false)]);
    }

    #[test]
    fn fault_12_other_loopback_addresses_are_not_trusted() {
        for forwarder in ["127.0.0.11", "127.0.0.53", "127.1.0.1", "::ffff:127.0.0.11"] {
            let settings = named(&format!("nameserver {forwarder}\n"));
            assert!(settings.asked().iter().all(|(_, is_trusted)| !is_trusted), "{forwarder}");
        }
        for own in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let settings = named(&format!("nameserver {own}\n"));
            assert!(settings.asked().iter().all(|(_, is_trusted)| *is_trusted), "{own}");
        }
    }

    #[test]
    fn untrusted_servers_are_not_asked_where_a_trusted_one_is() {
        let settings = named("nameserver 192.0.2.1\nnameserver ::ffff:127.0.0.1\n");
        assert_eq!(settings.asked(), [("[::ffff:127.0.0.1]:53".parse().unwrap(), true)]);
        assert_eq!(settings.ignored(), ["192.0.2.1:53".parse().unwrap()]);
        let vouched = ResolverSettings { trust: Trust::Always, ..settings };
        assert_eq!((vouched.asked().len(), vouched.ignored().len()), (2, 0));
        assert_eq!(named("nameserver 192.0.2.1\n").ignored(), []);
    }
}
