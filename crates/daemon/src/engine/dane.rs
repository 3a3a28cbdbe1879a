//! The branch of DANE: MX hosts and their TLSA records, kept apart from MTA-STS. Hosts are shared between domains.
//!
//! Spec: RFC 7672 §2.1 (look-ups that fail), §2.2 (which hosts), §2.2.2 and §2.2.3 (where TLSA records lie).

use std::sync::Arc;

use starttls_discover::{Discovering, MxState, TlsaLookup};
use starttls_policy::MxHost;
use starttls_policy::decide::evidence::{Cause, DaneEvidence, DaneHosts, Security, Tlsa};
use tokio::time::Instant;

use super::validation::Standing;
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

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// What DANE says of a target; at hand, or good beyond that moment.
    pub(crate) async fn dane(self: &Arc<Self>, target: &Target, beyond: Instant) -> DaneBranch {
        match self.validation.get() {
            Standing::Proven | Standing::Unknown => {}
            Standing::Refuted => {
                return self.briefly(DaneEvidence::NotAsked);
            }
            Standing::Lost => return self.after_loss(target).await,
        }
        let kept = self.dane.get(target);
        if let Some(kept) = kept.clone().filter(|kept| kept.until > beyond) {
            return kept;
        }
        let branch = self.ask_dane(target, beyond).await;
        if matches!(*branch.evidence, DaneEvidence::MxInconclusive { .. })
            && let Some(kept) = kept.filter(|kept| kept.until > Instant::now())
        {
            // Asked before its end, and in vain: it holds until then.
            return kept;
        }
        self.dane.insert(target.clone(), branch.clone());
        branch
    }

    /// What may be another thing a moment later.
    fn briefly(&self, evidence: DaneEvidence) -> DaneBranch {
        let until = Instant::now() + self.settings.failure;
        DaneBranch { evidence: Arc::new(evidence), until }
    }

    /// The resolver stopped validating: nobody can say whether records are still there.
    async fn after_loss(&self, target: &Target) -> DaneBranch {
        let remembered = self.memory.recall(&target.domain, self.clock.now()).await;
        let evidence = match remembered.dane_until.filter(|until| *until > self.clock.now()) {
            Some(_) => DaneEvidence::MxInconclusive { cause: Cause::Failure },
            None => DaneEvidence::NotAsked,
        };
        self.briefly(evidence)
    }

    async fn ask_dane(self: &Arc<Self>, target: &Target, beyond: Instant) -> DaneBranch {
        let (security, names, mut kept_for) = match target.route {
            Route::Host => match MxHost::parse(target.domain.as_str()) {
                Ok(host) => (Security::Secure, vec![host], self.settings.longest),
                Err(_) => return self.briefly(DaneEvidence::NotAsked),
            },
            Route::Mx => {
                let lookup = self.discovering.mx(&target.domain).await;
                self.metrics.looked_up(What::Mx, ended(!matches!(lookup.state, MxState::Inconclusive(_))));
                match lookup.state {
                    MxState::Hosts { security, hosts } => (security, hosts, lookup.ttl),
                    MxState::Implicit { security } => {
                        let host = MxHost::parse(target.domain.as_str());
                        (security, host.into_iter().collect(), lookup.ttl)
                    }
                    MxState::Nowhere { security } => (security, Vec::new(), lookup.ttl),
                    MxState::Inconclusive(failure) => {
                        let evidence = DaneEvidence::MxInconclusive { cause: failure.cause };
                        self.failed(&target.domain, "mx", &failure.words);
                        return self.briefly(evidence);
                    }
                }
            }
        };
        // All are asked at once, then awaited.
        let asked: Vec<_> = names.iter().map(|host| self.host(host, target.port, beyond)).collect();
        let mut hosts = Vec::with_capacity(names.len());
        for asked in asked {
            let lookup = asked.await;
            kept_for = kept_for.min(if lookup.state == Tlsa::Inconclusive {
                self.settings.failure
            } else {
                lookup.ttl
            });
            if let Some(failed) = &lookup.failure {
                self.failed(&target.domain, "tlsa", &failed.words);
            }
            hosts.push(lookup.state);
        }
        let evidence = DaneEvidence::Found(DaneHosts { mx: security, hosts, seen: self.clock.now() });
        let until = Instant::now() + kept_for.clamp(self.settings.shortest, self.settings.longest);
        DaneBranch { evidence: Arc::new(evidence), until }
    }

    /// A host's TLSA records; begun at once, shared with whoever asks for the same host.
    fn host(
        self: &Arc<Self>,
        host: &MxHost,
        port: u16,
        beyond: Instant,
    ) -> impl Future<Output = Arc<TlsaLookup>> + use<D, K, M> {
        let key: HostKey = (host.clone(), port);
        let kept = self.hosts.get(&key).filter(|kept| kept.until > beyond).map(|kept| kept.lookup);
        let asked = kept.is_none().then(|| {
            let inner = Arc::clone(self);
            self.host_flights.join(key.clone(), move || inner.ask_host(key))
        });
        async move {
            match (kept, asked) {
                (Some(lookup), _) => lookup,
                (None, Some(asked)) => asked.await.unwrap_or_else(died),
                (None, None) => died(),
            }
        }
    }

    async fn ask_host(self: Arc<Self>, key: HostKey) -> Arc<TlsaLookup> {
        let lookup = Arc::new(self.discovering.tlsa(&key.0, key.1).await);
        let is_known = lookup.state != Tlsa::Inconclusive;
        self.metrics.looked_up(What::Tlsa, ended(is_known));
        if !is_known && let Some(kept) = self.hosts.get(&key).filter(|kept| kept.until > Instant::now()) {
            // Asked before its end, and in vain: it holds until then.
            return kept.lookup;
        }
        let kept_for = if is_known { lookup.ttl } else { self.settings.failure };
        let until = Instant::now() + kept_for.clamp(self.settings.shortest, self.settings.longest);
        self.hosts.insert(key, HostBranch { lookup: Arc::clone(&lookup), until });
        lookup
    }
}

/// What a look-up that broke off tells: nothing, which never reads as "no records".
fn died() -> Arc<TlsaLookup> {
    Arc::new(TlsaLookup { state: Tlsa::Inconclusive, failure: None, ttl: std::time::Duration::ZERO })
}
