//! Domains that DANE protects: which they are, and for how long, while the resolver cannot prove what it answers.
//!
//! The end of the protection is stored as wall-clock time. It counts by the wall clock or by the steady one, and within the
//! longest time alone that it can be away: a clock that is set wrongly, and set right again, neither ends it nor makes it last.
//!
//! Spec: RFC 7672 §2.1.1 (only validated answers count).

use std::time::Duration;

use starttls_discover::{Discovering, Validation};
use starttls_policy::Timestamp;
use starttls_policy::decide::evidence::{DaneEvidence, Tlsa};
use tokio::time::Instant;

use super::dane::{DaneBranch, Outlook};
use super::validation::Standing;
use super::{Inner, Known, Memory, Route, Target};

/// DANE protects a domain for at least that long after its last answer by DANE.
pub(crate) const LEAST_DANE: Duration = Duration::from_hours(1);

/// What a stored end means at this moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protection {
    /// It lies ahead, and no further than it may.
    Lasts,
    /// It lies further ahead than any answer puts it: one of two clocks was wrong.
    TooFar,
    /// It has passed.
    Ended,
}

impl Protection {
    fn of(until: Timestamp, clocks: [Timestamp; 2], longest: Duration) -> Self {
        let is_within = |now: &Timestamp| *now < until && until <= after(*now, longest);
        if clocks.iter().any(is_within) {
            return Self::Lasts;
        }
        if clocks.iter().all(|now| *now < until) { Self::TooFar } else { Self::Ended }
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Tells whether the last answer for the domain was by DANE, and its time has not passed.
    pub(crate) async fn is_protected(&self, target: &Target) -> bool {
        let cached = self.dane.get(target).filter(|cached| cached.until > Instant::now());
        if cached.is_some_and(|cached| has_records(&cached.evidence)) {
            return true;
        }
        let now = self.clock.now();
        let Some(until) = self.memory.recall(&target.domain, now).await.dane_until else { return false };
        let longest = self.settings.longest.max(LEAST_DANE);
        match Protection::of(until, [now, self.clock.steady()], longest) {
            Protection::Lasts => true,
            Protection::TooFar => {
                // Stored by a clock that was ahead, or this one is behind: in both cases no more than this time is left.
                let now = Instant::now();
                let first_seen = self.stored_ahead.get(&target.domain).unwrap_or(now);
                if first_seen == now {
                    self.stored_ahead.insert(target.domain.clone(), now);
                }
                now.saturating_duration_since(first_seen) < longest
            }
            Protection::Ended => false,
        }
    }

    /// The answer for a domain while the resolver cannot prove anything; `None` where the DNS is to be asked all the same.
    pub(crate) async fn without_proof(&self, target: &Target, beyond: Instant) -> Option<DaneBranch> {
        let standing = self.validation.get();
        if standing == Standing::Proven {
            return None;
        }
        if self.is_protected(target).await {
            return Some(self.unproven(target, standing.name()));
        }
        // While the proof is open, answers are taken as they come.
        if standing == Standing::Unknown {
            return None;
        }
        Some(self.without_dane_but_mx(target, beyond).await)
    }

    /// Asks for the MX records of a domain alone, while DANE is not available: that a look-up is inconclusive counts in any case, and
    /// its mail could not be delivered anyway (RFC 7672 §2.1.2).
    async fn without_dane_but_mx(&self, target: &Target, beyond: Instant) -> DaneBranch {
        let brief = self.briefly(DaneEvidence::NotAsked);
        if target.route == Route::Host || self.dane.get(target).is_some_and(|kept| kept.until > beyond) {
            return brief;
        }
        match self.ask_mx(target).await {
            Outlook::Known(branch) if matches!(*branch.evidence, DaneEvidence::MxInconclusive { .. }) => {
                branch
            }
            Outlook::Known(_) => brief,
            Outlook::Hosts(hosts) => {
                // Whether it is protected is asked anew after a short time, where its mail goes is not.
                let branch = DaneBranch { until: hosts.until, ..brief.clone() };
                self.dane.insert(target.clone(), branch);
                if self.validation.epoch() != hosts.epoch {
                    self.dane.remove(target);
                }
                brief
            }
        }
    }

    /// Decides about an answer that protects less than DANE did before: only a resolver that proves itself now may take
    /// protection away, and only with an answer that it gives after that.
    pub(crate) async fn confirmed(self: &std::sync::Arc<Self>, target: &Target) -> DaneBranch {
        if self.prove_after(Instant::now()).await != Validation::Proven {
            return self.unproven(target, "not proven");
        }
        let branch = match self.ask_mx(target).await {
            Outlook::Known(branch) => branch,
            Outlook::Hosts(hosts) => {
                // Nothing from before the proof counts.
                for host in &hosts.names {
                    self.hosts.remove(&(host.clone(), target.port));
                }
                self.of_hosts(target, &hosts, Instant::now()).await
            }
        };
        if is_proven_absent(&branch.evidence) {
            self.memory.end_dane(&target.domain);
            self.stored_ahead.remove(&target.domain);
        }
        branch
    }

    fn unproven(&self, target: &Target, state: &str) -> DaneBranch {
        let words = format!(
            "DANE protected this domain, and the resolver's DNSSEC validation is {state}: mail waits"
        );
        self.failed(&target.domain, "dane", &words);
        self.briefly(DaneEvidence::Unproven)
    }
}

/// Tells whether some host has TLSA records, or may have.
pub(crate) fn has_records(evidence: &DaneEvidence) -> bool {
    matches!(evidence, DaneEvidence::Found(found) if found.hosts.iter().any(|tlsa| *tlsa != Tlsa::Absent))
}

/// Tells whether TLSA records of some host were seen, and were secure.
pub(crate) fn has_seen_records(evidence: &DaneEvidence) -> bool {
    let is_seen = |tlsa: &Tlsa| matches!(tlsa, Tlsa::Usable | Tlsa::Unusable);
    matches!(evidence, DaneEvidence::Found(found) if found.hosts.iter().any(is_seen))
}

/// Tells whether there are no TLSA records at all.
fn is_proven_absent(evidence: &DaneEvidence) -> bool {
    matches!(evidence, DaneEvidence::Found(found) if found.hosts.iter().all(|tlsa| *tlsa == Tlsa::Absent))
}

/// A time that much later.
pub(crate) fn after(time: Timestamp, span: Duration) -> Timestamp {
    let seconds = time.seconds().saturating_add(span.as_secs());
    Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod stored_end {
    use super::*;

    #[test]
    fn fault_10_counts_by_either_clock_and_never_longer_than_an_answer_may_last() {
        use Protection::{Ended, Lasts, TooFar};
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let longest = Duration::from_hours(1);
        // The end, the wall clock, the steady clock.
        for (until, wall, steady, want) in [
            (10_000, 9_000, 9_000, Lasts),
            (10_000, 10_000, 10_000, Ended),
            // Years ahead for a minute, then back.
            (10_000, 900_000_000, 9_000, Lasts),
            (900_003_600, 9_000, 9_000, TooFar),
            (900_003_600, 900_000_000, 9_000, Lasts),
            // Started with a clock that was ahead, then set right.
            (10_000, 9_000, 900_000_000, Lasts),
            (10_000, 11_000, 900_000_000, Ended),
            // Started with a clock that was behind.
            (900_003_600, 900_000_000, 60, Lasts),
            (900_003_600, 900_003_600, 60, Ended),
        ] {
            let clocks = [at(wall), at(steady)];
            assert_eq!(Protection::of(at(until), clocks, longest), want, "{until} {wall} {steady}");
        }
    }
}
