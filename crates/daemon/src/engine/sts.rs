//! The branch of MTA-STS: policies kept, confirmed by their `id`, fetched anew, and never lost to a failure.
//!
//! ```text
//! kept and confirmed lately ───────────────────────────► holds
//! kept, not confirmed lately ──► holds, and meanwhile: ─┐
//! none kept ───────────────────────────────────────────►┴─► TXT record ─► same id: confirmed
//!                                                            │           └ other id, or old: fetched ─► kept
//!                                                            └─ none, or failed: what is kept holds until its end
//! ```
//!
//! Spec: RFC 8461 §3.1 (record), §3.3 (fetching), §5.1 (applying a kept policy), §10.2 (refreshing before the end).

use std::sync::Arc;
use std::time::Duration;

use starttls_discover::{Discovering, MxState, PolicyFailure, RecordState, findings, suitable};
use starttls_policy::decide::evidence::{Cause, ReleasingMode, StsEvidence, StsPolicy, StsRelease};
use starttls_policy::{Domain, Mode, Timestamp};
use starttls_proto::mta_sts::PolicyFile;
use tokio::time::{Instant, timeout};

use super::budget::Grant;
use super::revisions::Revision;
use super::{Inner, Known, Memory, What, ended};
use crate::learned::{KeptPolicy, Learnt, Remembered, SHORTEST_POLICY};

/// The share of the time for an answer after which the policy of another node is taken rather than waiting for our own look.
const ELSEWHERE_AFTER: f64 = 0.8;

/// What MTA-STS says of a domain, and how long.
#[derive(Clone, Debug)]
pub(crate) struct StsBranch {
    pub(crate) evidence: Arc<StsEvidence>,
    pub(crate) release: Option<StsRelease>,
    /// A policy that another node fetched, while this one cannot tell.
    pub(crate) elsewhere: Option<Arc<StsPolicy>>,
    pub(crate) until: Instant,
    /// The revision before it was read: a change in between voids what is made of it.
    pub(crate) made: Revision,
}

/// What is known of a domain before it is looked at.
#[derive(Clone)]
struct Before {
    /// The policy that holds.
    kept: Option<KeptPolicy>,
    release: Option<StsRelease>,
    made: Revision,
    charge: Charge,
}

/// Whether the budget of new domains has been charged for a look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Charge {
    Due,
    Paid,
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// What MTA-STS says of a domain; shared with whoever asks for the same domain.
    pub(crate) fn sts(
        self: &Arc<Self>,
        domain: &Domain,
    ) -> impl Future<Output = Option<StsBranch>> + use<D, K, M> {
        let inner = Arc::clone(self);
        let asked = domain.clone();
        self.sts_flights.join(domain.clone(), move || async move { inner.sts_branch(&asked).await })
    }

    async fn sts_branch(self: &Arc<Self>, domain: &Domain) -> StsBranch {
        if let Some(kept) = self.sts.get(domain).filter(|kept| kept.until > Instant::now()) {
            return kept;
        }
        let made = self.hot.revision();
        let remembered = self.memory.recall(domain, self.clock.now()).await;
        let now = self.clock.now();
        let release = remembered.standing_release();
        match self.standing_policy(&remembered).cloned() {
            None => {
                let before = Before { kept: None, release, made, charge: Charge::Due };
                match remembered.policy_elsewhere(now) {
                    None => self.look(domain, before).await,
                    Some(elsewhere) => {
                        let branch = self.look_beside(domain, Arc::new(elsewhere), before).await;
                        self.refute(domain, remembered, &branch);
                        branch
                    }
                }
            }
            Some(kept) => {
                if self.is_to_be_confirmed(&kept, now) {
                    // It holds meanwhile: nobody waits for a policy host that we know.
                    drop(self.look_again(domain, kept.clone(), release));
                }
                self.holds(kept.policy, release, made)
            }
        }
    }

    /// Looks at a domain of which another node has a policy. That holds only while this node cannot tell; looking goes on when nobody
    /// waits for it any more.
    async fn look_beside(
        self: &Arc<Self>,
        domain: &Domain,
        elsewhere: Arc<StsPolicy>,
        before: Before,
    ) -> StsBranch {
        let (release, made) = (before.release, before.made);
        let (inner, asked) = (Arc::clone(self), domain.clone());
        let looking = tokio::spawn(async move { inner.look(&asked, before).await });
        let branch = match timeout(self.settings.answer_within.mul_f64(ELSEWHERE_AFTER), looking).await {
            Ok(Ok(branch)) => branch,
            Ok(Err(_)) | Err(_) => {
                let evidence = Arc::new(StsEvidence::Inconclusive { cause: Cause::Timeout, cached: None });
                let until = Instant::now() + self.settings.failure;
                StsBranch { evidence, release, elsewhere: None, until, made }
            }
        };
        if !matches!(*branch.evidence, StsEvidence::Inconclusive { .. }) {
            return branch;
        }
        let branch = StsBranch { elsewhere: Some(elsewhere), ..branch };
        // Unless it was purged meanwhile.
        if self.hot.is_current(domain, made) {
            self.sts.insert(domain.clone(), branch.clone());
        }
        branch
    }

    /// Notes that a policy of another node counts no longer: this node saw that the domain publishes none.
    fn refute(&self, domain: &Domain, remembered: Remembered, branch: &StsBranch) {
        let is_absent = matches!(*branch.evidence, StsEvidence::Absent { .. });
        // Unless it was purged meanwhile.
        if let Some(kept) = remembered.policy
            && is_absent
            && self.hot.is_current(domain, branch.made)
        {
            self.memory.keep_policy(domain, &kept.refuted());
        }
    }

    /// Looks at a domain again although its policy still holds; another one voids the cached answers.
    pub(crate) fn look_again(
        self: &Arc<Self>,
        domain: &Domain,
        kept: KeptPolicy,
        release: Option<StsRelease>,
    ) -> impl Future<Output = Option<()>> + use<D, K, M> {
        let (inner, asked) = (Arc::clone(self), domain.clone());
        self.look_flights.join(domain.clone(), move || async move {
            let before = kept.policy.clone();
            let made = inner.hot.revision();
            let branch =
                inner.look(&asked, Before { kept: Some(kept), release, made, charge: Charge::Due }).await;
            if !matches!(&*branch.evidence, StsEvidence::Found(policy) if says_the_same(policy, &before)) {
                inner.hot.void(&asked);
            }
        })
    }

    /// Looks at a domain that has waited for its turn, and for which the budget is charged already.
    pub(crate) fn look_in_turn(
        self: &Arc<Self>,
        domain: Domain,
    ) -> impl Future<Output = Option<()>> + use<D, K, M> {
        let (inner, asked) = (Arc::clone(self), domain.clone());
        self.look_flights.join(domain, move || async move {
            let made = inner.hot.revision();
            let remembered = inner.memory.recall(&asked, inner.clock.now()).await;
            if inner.standing_policy(&remembered).is_none() {
                let release = remembered.standing_release();
                let before = Before { kept: None, release, made, charge: Charge::Paid };
                inner.look(&asked, before).await;
            }
        })
    }

    /// Asks the DNS, and the policy host if there is something new.
    async fn look(self: &Arc<Self>, domain: &Domain, before: Before) -> StsBranch {
        let record = self.discovering.sts_record(domain).await;
        self.metrics.looked_up(What::Record, ended(!matches!(record.state, RecordState::Inconclusive(_))));
        let now = self.clock.now();
        match (record.state, &before.kept) {
            // RFC 8461 §5.1: without a record, a kept policy holds until its end.
            (RecordState::Absent, Some(kept)) => self.holds(kept.policy.clone(), before.release, before.made),
            (RecordState::Absent, None) => {
                let kept_for = record.ttl.clamp(self.settings.shortest, self.settings.longest);
                self.put_aside(domain, StsEvidence::Absent { seen: now }, &before, kept_for)
            }
            (RecordState::Inconclusive(failure), _) => {
                self.failed(domain, "mta-sts record", &failure.words);
                self.inconclusive(domain, failure.cause, &before, self.settings.failure)
            }
            (RecordState::Id(id), Some(kept)) if kept.is_confirmed_by(&id, now) => {
                let kept = KeptPolicy { confirmed: now, origin: Learnt::Here, ..kept.clone() };
                // Unless it was purged meanwhile.
                if self.hot.is_current(domain, before.made) {
                    self.memory.keep_policy(domain, &kept);
                }
                self.holds(kept.policy, before.release, before.made)
            }
            (RecordState::Id(id), _) => self.fetch(domain, id, before).await,
        }
    }

    async fn fetch(self: &Arc<Self>, domain: &Domain, id: String, before: Before) -> StsBranch {
        if before.kept.is_none() && before.charge == Charge::Due {
            let grant = self.budget.grants(domain, Instant::now());
            if grant != Grant::Granted {
                self.over_budget(domain, grant);
                return self.inconclusive(domain, Cause::OverBudget, &before, self.settings.failure);
            }
        }
        let place = self.fetching.acquire().await;
        let fetched = self.discovering.sts_policy(domain).await;
        drop(place);
        let fetched = match fetched {
            Ok(file) => self.judged(domain, file).await,
            failed => failed,
        };
        self.metrics.looked_up(What::Policy, ended(fetched.is_ok()));
        match fetched {
            Ok(file) => self.take_in(domain, id, file, &before),
            Err(failed) => {
                self.metrics.policy_failure(failed.result_type);
                self.failed(domain, failed.result_type, &failed.failure.words);
                self.inconclusive(domain, failed.failure.cause, &before, self.settings.fetch_failure)
            }
        }
    }

    /// Notes what is left out of a policy, and judges by the MX hosts whether the rest may count.
    async fn judged(&self, domain: &Domain, file: PolicyFile) -> Result<PolicyFile, PolicyFailure> {
        if file.left_out.count() == 0 {
            return Ok(file);
        }
        for finding in findings(domain, None, Some(&file)) {
            self.failed(domain, finding.code, &finding.message);
        }
        let mx = self.discovering.mx(domain).await;
        self.metrics.looked_up(What::Mx, ended(!matches!(mx.state, MxState::Inconclusive(_))));
        suitable(domain, file, &mx)
    }

    /// Keeps a policy that was validly fetched, and what it releases; the first one replaces all cached answers that were given
    /// without it.
    fn take_in(&self, domain: &Domain, id: String, file: PolicyFile, before: &Before) -> StsBranch {
        let now = self.clock.now();
        let PolicyFile { mode, mx, max_age, .. } = file;
        let policy = StsPolicy { mode, mx, id, fetched: now, max_age: max_age.max(SHORTEST_POLICY) };
        self.memory.keep_policy(
            domain,
            &KeptPolicy { policy: policy.clone(), confirmed: now, origin: Learnt::Here },
        );
        let releasing = match mode {
            Mode::Enforce => None,
            Mode::Testing => Some(ReleasingMode::Testing),
            Mode::None => Some(ReleasingMode::None),
        };
        let new = releasing.map(|mode| StsRelease { mode, at: now });
        if let Some(release) = new {
            self.memory.keep_release(domain, release);
        }
        self.sts.remove(domain);
        self.waiting.remove(domain);
        if before.kept.is_none() {
            self.hot.void(domain);
        }
        self.holds(policy, new.or(before.release), self.hot.revision())
    }

    fn holds(&self, policy: StsPolicy, release: Option<StsRelease>, made: Revision) -> StsBranch {
        let now = self.clock.now();
        let left = self.clock.dated(&policy).map_or(Duration::ZERO, |dated| now.until(dated.ends()));
        let kept_for = jittered(self.settings.recheck).min(left).min(self.settings.longest);
        let evidence = Arc::new(StsEvidence::Found(policy));
        StsBranch { evidence, release, elsewhere: None, until: Instant::now() + kept_for, made }
    }

    /// What could not be told is not asked again at once; what is kept holds on.
    fn inconclusive(&self, domain: &Domain, cause: Cause, before: &Before, kept_for: Duration) -> StsBranch {
        let cached = before.kept.as_ref().map(|kept| kept.policy.clone());
        self.put_aside(domain, StsEvidence::Inconclusive { cause, cached }, before, kept_for)
    }

    fn put_aside(
        &self,
        domain: &Domain,
        evidence: StsEvidence,
        before: &Before,
        kept_for: Duration,
    ) -> StsBranch {
        let (release, made) = (before.release, before.made);
        let until = Instant::now() + jittered(kept_for);
        let branch = StsBranch { evidence: Arc::new(evidence), release, elsewhere: None, until, made };
        self.sts.insert(domain.clone(), branch.clone());
        branch
    }

    pub(crate) fn is_to_be_confirmed(&self, kept: &KeptPolicy, now: Timestamp) -> bool {
        // A clock that was set back would else keep it unquestioned for as long.
        kept.confirmed > now || kept.confirmed.until(now) >= self.settings.recheck || kept.is_old(now)
    }
}

fn says_the_same(one: &StsPolicy, other: &StsPolicy) -> bool {
    (one.mode, &one.mx) == (other.mode, &other.mx)
}

/// Up to a fifth less, so that what was learnt together is not asked again together.
pub(crate) fn jittered(span: Duration) -> Duration {
    span.mul_f64(1.0 - fastrand::f64() / 5.0)
}
