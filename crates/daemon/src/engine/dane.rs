//! The branch of DANE: MX hosts and their TLSA records, kept apart from MTA-STS. Hosts are shared between domains.
//!
//! Spec: RFC 7672 §2.1 (look-ups that fail), §2.2 (which hosts), §2.2.2 and §2.2.3 (where TLSA records lie).

use std::sync::Arc;

use futures_util::future::join_all;
use starttls_discover::{Discovering, MxState, TlsaLookup, findings};
use starttls_policy::MxHost;
use starttls_policy::decide::evidence::{DaneEvidence, DaneHosts, Security, Tlsa};
use tokio::time::Instant;

use super::{Inner, Known, Memory, Route, Target, What, ended};

/// What DANE says of a target, and how long.
#[derive(Clone, Debug)]
pub(crate) struct DaneBranch {
    pub(crate) evidence: Arc<DaneEvidence>,
    pub(crate) until: Instant,
}

/// A host's TLSA records, and how long.
#[derive(Clone, Debug)]
pub(crate) struct HostBranch {
    lookup: Arc<TlsaLookup>,
    until: Instant,
}

/// A host at a port.
pub(crate) type HostKey = (MxHost, u16);

/// How far DANE is known once the MX records are.
pub(crate) enum Outlook {
    /// All of it.
    Known(DaneBranch),
    /// The hosts have to be asked yet.
    Hosts(MxHosts),
}

/// Where mail for a target goes.
pub(crate) struct MxHosts {
    /// State of the MX RRset.
    security: Security,
    /// The hosts whose records are looked up.
    pub(crate) names: Vec<MxHost>,
    /// How many further hosts are left out.
    further: usize,
    /// How long the MX records hold.
    pub(crate) until: Instant,
    /// State of validation when they were asked for.
    pub(crate) epoch: u64,
}

impl HostBranch {
    /// Tells whether the look-up was answered.
    pub(crate) fn is_known(&self) -> bool {
        self.lookup.state != Tlsa::Inconclusive
    }

    /// Tells whether there are TLSA records, or may be.
    pub(crate) fn has_records(&self) -> bool {
        self.lookup.state != Tlsa::Absent
    }
}

impl Outlook {
    /// Tells whether DANE may yet settle the matter, so that MTA-STS need not be asked.
    pub(crate) fn may_settle(&self) -> bool {
        match self {
            Self::Known(branch) => branch.evidence.settles(),
            Self::Hosts(hosts) => hosts.security == Security::Secure && !hosts.names.is_empty(),
        }
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// What DANE says of a target so far; at hand, or good beyond that moment.
    pub(crate) async fn dane_outlook(self: &Arc<Self>, target: &Target, beyond: Instant) -> Outlook {
        if let Some(branch) = self.without_proof(target, beyond).await {
            return Outlook::Known(branch);
        }
        if let Some(kept) = self.dane.get(target).filter(|kept| kept.until > beyond) {
            return Outlook::Known(kept);
        }
        self.ask_mx(target).await
    }

    /// Asks where mail for a target goes, whatever is cached.
    pub(crate) async fn ask_mx(&self, target: &Target) -> Outlook {
        let epoch = self.validation.epoch();
        if target.route == Route::Host {
            let Ok(host) = MxHost::parse(target.domain.as_str()) else {
                return Outlook::Known(self.briefly(DaneEvidence::NotAsked));
            };
            let until = Instant::now() + self.settings.longest;
            return Outlook::Hosts(MxHosts {
                security: Security::Secure,
                names: vec![host],
                further: 0,
                until,
                epoch,
            });
        }
        let lookup = self.discovering.mx(&target.domain).await;
        self.metrics.looked_up(What::Mx, ended(!matches!(lookup.state, MxState::Inconclusive(_))));
        for finding in findings(&target.domain, Some(&lookup), None) {
            self.failed(&target.domain, finding.code, &finding.message);
        }
        let (security, names, further) = match lookup.state {
            MxState::Hosts { security, hosts, beyond } => (security, hosts, beyond),
            MxState::Implicit { security } => {
                (security, MxHost::parse(target.domain.as_str()).into_iter().collect(), 0)
            }
            MxState::Nowhere { security } | MxState::NoUsableName { security } => (security, Vec::new(), 0),
            MxState::Inconclusive(failure) => {
                self.failed(&target.domain, "mx", &failure.words);
                self.mx_failed(&target.domain, &failure.words);
                // Asked before its end, and in vain: what was known holds until then.
                let kept = self.dane.get(target).filter(|kept| kept.until > Instant::now());
                let evidence = DaneEvidence::MxInconclusive { cause: failure.cause };
                return Outlook::Known(kept.unwrap_or_else(|| self.briefly(evidence)));
            }
        };
        self.mx_answered();
        if security == Security::Insecure {
            self.validation.doubt();
        }
        let until = Instant::now() + lookup.ttl.clamp(self.settings.shortest, self.settings.longest);
        Outlook::Hosts(MxHosts { security, names, further, until, epoch })
    }

    /// What DANE says of a target.
    pub(crate) async fn dane(
        self: &Arc<Self>,
        target: &Target,
        outlook: Outlook,
        beyond: Instant,
    ) -> DaneBranch {
        let hosts = match outlook {
            Outlook::Known(branch) => return branch,
            Outlook::Hosts(hosts) => hosts,
        };
        let mut branch = self.of_hosts(target, &hosts, beyond).await;
        if !branch.evidence.settles() && self.is_protected(target).await {
            branch = self.confirmed(target).await;
        }
        // A failure is asked about again; what was known before lasts its time.
        if matches!(&*branch.evidence, DaneEvidence::Found(_)) {
            self.dane.insert(target.clone(), branch.clone());
            if self.validation.epoch() != hosts.epoch {
                self.dane.remove(target);
            }
        }
        branch
    }

    /// Asks for the TLSA records of a target's hosts.
    pub(crate) async fn of_hosts(
        self: &Arc<Self>,
        target: &Target,
        mx: &MxHosts,
        beyond: Instant,
    ) -> DaneBranch {
        let mut until = mx.until;
        let asked = join_all(mx.names.iter().map(|host| self.host(host, target.port, beyond)));
        let mut hosts = Vec::with_capacity(mx.names.len() + mx.further);
        for host in asked.await {
            if let Some(failed) = &host.lookup.failure {
                self.failed(&target.domain, "tlsa", &failed.words);
            }
            until = until.min(host.until);
            hosts.push(host.lookup.state);
        }
        hosts.extend(std::iter::repeat_n(Tlsa::Inconclusive, mx.further));
        let found = DaneHosts { mx: mx.security, hosts, seen: self.clock.now() };
        DaneBranch { evidence: Arc::new(DaneEvidence::Found(found)), until }
    }

    /// What may be another thing a moment later.
    pub(crate) fn briefly(&self, evidence: DaneEvidence) -> DaneBranch {
        let until = Instant::now() + self.settings.failure;
        DaneBranch { evidence: Arc::new(evidence), until }
    }

    /// A host's TLSA records; shared with whoever asks for the same host.
    fn host(
        self: &Arc<Self>,
        host: &MxHost,
        port: u16,
        beyond: Instant,
    ) -> impl Future<Output = HostBranch> + use<D, K, M> {
        let key: HostKey = (host.clone(), port);
        let kept = self.hosts.get(&key).filter(|kept| kept.until > beyond);
        let asked = kept.is_none().then(|| {
            let inner = Arc::clone(self);
            self.host_flights.join(key.clone(), move || inner.ask_host(key))
        });
        async move {
            match (kept, asked) {
                (Some(host), _) => host,
                (None, Some(asked)) => asked.await.unwrap_or_else(died),
                (None, None) => died(),
            }
        }
    }

    async fn ask_host(self: Arc<Self>, key: HostKey) -> HostBranch {
        let epoch = self.validation.epoch();
        let lookup = Arc::new(self.discovering.tlsa(&key.0, key.1).await);
        let is_known = lookup.state != Tlsa::Inconclusive;
        self.metrics.looked_up(What::Tlsa, ended(is_known));
        if !is_known && let Some(kept) = self.hosts.get(&key).filter(|kept| kept.until > Instant::now()) {
            // Asked before its end, and in vain: it holds until then.
            return kept;
        }
        if lookup.state == Tlsa::Absent {
            self.validation.doubt();
        }
        let kept_for = if is_known { lookup.ttl } else { self.settings.failure };
        let until = Instant::now() + kept_for.clamp(self.settings.shortest, self.settings.longest);
        let host = HostBranch { lookup, until };
        self.hosts.insert(key.clone(), host.clone());
        if self.validation.epoch() != epoch {
            self.hosts.remove(&key);
        }
        host
    }
}

/// What a look-up that broke off tells: nothing, which never reads as "no records".
fn died() -> HostBranch {
    let lookup = TlsaLookup { state: Tlsa::Inconclusive, failure: None, ttl: std::time::Duration::ZERO };
    HostBranch { lookup: Arc::new(lookup), until: Instant::now() }
}
