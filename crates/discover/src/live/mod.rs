//! The real outside: the DNS through one resolver, and policy hosts over HTTPS.
//!
//! Each file answers one question; what can be said without asking is plain functions in them.

mod denial;
mod mx;
mod sts;
mod tlsa;
mod validation;

use std::net::SocketAddr;

use starttls_net::dns::{DnsFailure, Resolver, ResolverSettings};
use starttls_net::policy_host::{PolicyHostSettings, PolicyHosts};
use starttls_net::roots::RootsError;
use starttls_policy::{Domain, MxHost};
use starttls_proto::mta_sts::PolicyFile;

use crate::answer::{
    Denial, Failure, MxLookup, PolicyFailure, RecordLookup, ResolverState, TlsaLookup, Validation,
};
use crate::discovering::Discovering;

/// How everything is asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LiveSettings {
    /// Whom to ask in the DNS.
    pub resolver: ResolverSettings,
    /// How to fetch policies; the addresses of their hosts come from the same resolver.
    pub policy_host: PolicyHostSettings,
    /// How to find out whether the resolver validates.
    pub probe: Probe,
}

/// Names that show whether a resolver validates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// A name whose zone is signed: the root, unless the network has a DNS of its own.
    pub signed: String,
    /// A name whose signatures do not hold, if one is known: a resolver that validates refuses to answer.
    pub bogus: Option<String>,
    /// A signed zone in which denials are tried; without it `arpa`, or [`Probe::signed`] where that is not the root.
    pub denial: Option<String>,
}

/// Asks the real outside; cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    resolver: Resolver,
    policy_hosts: PolicyHosts,
    probe: Probe,
}

impl Default for Probe {
    fn default() -> Self {
        Self { signed: ".".to_owned(), bogus: None, denial: None }
    }
}

impl Live {
    /// Nothing is asked or read yet.
    pub fn new(settings: LiveSettings) -> Self {
        let resolver = Resolver::new(&settings.resolver);
        let policy_hosts = PolicyHosts::new(settings.policy_host, resolver.clone());
        Self { resolver, policy_hosts, probe: settings.probe }
    }

    /// Reads the roots of policy hosts' certificates; else the first fetch does.
    ///
    /// # Errors
    /// [`RootsError`] when there is nobody whose certificates could be trusted.
    pub async fn prepare(&self) -> Result<(), RootsError> {
        self.policy_hosts.prepare().await
    }

    /// The addresses of the resolvers that are asked, in that order.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.resolver.servers().map(|(server, _)| server).collect()
    }

    /// Asks the servers of these settings from now on, for all clones; all else stays as it is.
    pub fn replace_servers(&self, resolver: &ResolverSettings) {
        self.resolver.replace_servers(resolver);
    }

    /// Reads the roots of policy hosts' certificates anew. Where that fails, those that were read before are trusted on, or the
    /// fallback of the settings.
    ///
    /// # Errors
    /// [`RootsError`].
    pub async fn reload_roots(&self) -> Result<(), RootsError> {
        self.policy_hosts.reload_roots().await
    }
}

impl Discovering for Live {
    async fn mx(&self, domain: &Domain) -> MxLookup {
        mx::look_up(&self.resolver, domain).await
    }

    async fn tlsa(&self, host: &MxHost, port: u16) -> TlsaLookup {
        tlsa::look_up(&self.resolver, host, port).await
    }

    async fn sts_record(&self, domain: &Domain) -> RecordLookup {
        sts::look_up(&self.resolver, domain).await
    }

    async fn sts_policy(&self, domain: &Domain) -> Result<PolicyFile, PolicyFailure> {
        sts::fetch(&self.policy_hosts, domain).await
    }

    async fn validation(&self) -> Validation {
        validation::probe(&self.resolver, &self.probe).await
    }

    async fn denial(&self) -> Denial {
        denial::probe(&self.resolver, &self.probe).await
    }

    fn resolvers(&self) -> Vec<ResolverState> {
        let state =
            |(server, failure): (SocketAddr, _)| ResolverState { server: server.to_string(), failure };
        self.resolver.states().into_iter().map(state).collect()
    }
}

/// A failure of the DNS with what was asked.
fn failure(error: &DnsFailure, name: &str, kind: &str) -> Failure {
    Failure { cause: error.cause, words: format!("{kind} of `{name}`: {error}") }
}
