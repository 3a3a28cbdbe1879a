//! The weighing itself: each layer asks those below it, and leaves its reasons behind.
//!
//! Spec: RFC 7672 §2.1 and §2.2 (DANE), RFC 8461 §2 (DANE before MTA-STS), §3.3 and §5; docs/decision.md.

use alloc::vec::Vec;

use super::evidence::{DaneEvidence, ReleasingMode, Security, StsEvidence, StsPolicy, StsRelease};
use super::overrides::Ruling;
use super::reason::Reason;
use super::tally::Tally;
use super::{Action, Decision, Demand, Origin, Question, StsTesting};
use crate::merge::MergedEntry;
use crate::mode::{Mode, Requirement, TlsFloor, TlsVersion};
use crate::policy::Policy;
use crate::relaxed::Relaxation;
use crate::timestamp::Timestamp;

/// Decides what holds for one domain.
pub fn decide<'a>(question: &Question<'a>) -> Decision<'a> {
    let mut weighing =
        Weighing { question: question.clone(), reasons: Vec::with_capacity(3), valid_until: None };
    let action = weighing.operator().unwrap_or_else(|| weighing.published_here_or_elsewhere());
    Decision { domain: question.domain, action, reasons: weighing.reasons, valid_until: weighing.valid_until }
}

struct Weighing<'a> {
    question: Question<'a>,
    reasons: Vec<Reason<'a>>,
    valid_until: Option<Timestamp>,
}

impl<'a> Weighing<'a> {
    fn because(&mut self, reason: Reason<'a>) {
        self.reasons.push(reason);
    }

    fn operator(&mut self) -> Option<Action<'a>> {
        let operator = self.question.operator?;
        if operator.until <= self.question.now {
            self.because(Reason::OverrideEnded { until: operator.until });
            return None;
        }
        let ruling = operator.ruling.name();
        self.because(Reason::Override { ruling, until: operator.until, reason: &operator.reason });
        let action = match &operator.ruling {
            Ruling::Relax => Action::Relaxed,
            Ruling::Testing => self.only_noted(),
            Ruling::Require(policy) => self.by_policy(policy, Origin::Override),
        };
        // What is weighed below may end earlier, and is weighed anew then.
        self.valid_until = Some(self.valid_until.map_or(operator.until, |end| end.min(operator.until)));
        Some(action)
    }

    /// What would hold without the override, and mail is delivered in any case.
    fn only_noted(&mut self) -> Action<'a> {
        match self.published_here_or_elsewhere() {
            Action::Require(demand) | Action::LogOnly(demand) => Action::LogOnly(demand),
            // Whoever asks DANE waits where it fails; only the exemption delivers.
            Action::Dane | Action::DaneOnly | Action::Defer | Action::Relaxed => Action::Relaxed,
            Action::Opportunistic => Action::Opportunistic,
        }
    }

    /// What another node saw counts where nothing is demanded, and where this node does not know better: neither a policy nor its
    /// proven absence, and no release.
    fn published_here_or_elsewhere(&mut self) -> Action<'a> {
        let action = self.published();
        let Question { elsewhere, sts, release, listed, now, .. } = &self.question;
        let is_unknown =
            matches!(sts, StsEvidence::NotAsked | StsEvidence::Inconclusive { cached: None, .. });
        let counts = |policy: &&StsPolicy| policy.mode == Mode::Enforce && policy.ends() > *now;
        let policy = match elsewhere.filter(counts) {
            Some(policy)
                if action == Action::Opportunistic && is_unknown && release.is_none() && listed.is_none() =>
            {
                policy
            }
            _ => return action,
        };
        self.because(Reason::StsElsewhere { fetched: policy.fetched, ends: policy.ends() });
        self.valid_until = Some(policy.ends());
        Action::Require(Demand { origin: Origin::Elsewhere, ..self.sts_demand(policy) })
    }

    /// DANE first, but it has to know whether anything below enforces.
    fn published(&mut self) -> Action<'a> {
        let question = &self.question;
        match question.dane {
            DaneEvidence::MxInconclusive { cause } => {
                self.because(Reason::MxInconclusive { cause: *cause });
                Action::Defer
            }
            DaneEvidence::Unproven => {
                self.because(Reason::DaneUnproven);
                Action::Defer
            }
            DaneEvidence::NotAsked => {
                self.because(Reason::DaneNotAsked);
                self.below_dane()
            }
            DaneEvidence::Found(hosts) => {
                let tally = Tally::of(hosts);
                self.because(tally.reason(hosts));
                let below = self.below_dane();
                self.dane(&tally, hosts.mx, below)
            }
        }
    }

    /// RFC 7672 §2.2 and §2.2.1, as the table of the design has it.
    fn dane(&mut self, tally: &Tally, mx: Security, below: Action<'a>) -> Action<'a> {
        let enforces = matches!(below, Action::Require(_));
        if tally.usable_or_unknown == 0 && tally.unusable == 0 {
            return below;
        }
        let action = match mx {
            Security::Secure if tally.usable_or_unknown == tally.hosts => Action::DaneOnly,
            Security::Secure if tally.usable_or_unknown > 0 && enforces => Action::DaneOnly,
            Security::Secure if tally.usable_or_unknown > 0 => Action::Dane,
            Security::Secure | Security::Insecure if enforces => return below,
            Security::Secure | Security::Insecure => Action::Dane,
        };
        if enforces {
            self.because(Reason::DaneLeavesNoRoom);
        }
        self.valid_until = None;
        action
    }

    fn below_dane(&mut self) -> Action<'a> {
        let now = self.question.now;
        let policy = match self.question.sts {
            StsEvidence::NotAsked => {
                self.because(Reason::StsNotAsked);
                None
            }
            StsEvidence::Absent { seen } => {
                self.because(Reason::StsAbsent { seen: *seen });
                None
            }
            StsEvidence::Inconclusive { cause, cached } => {
                self.because(Reason::StsInconclusive { cause: *cause });
                cached.as_ref()
            }
            StsEvidence::Found(policy) => Some(policy),
        };
        match policy {
            Some(policy) if policy.ends() <= now => {
                self.because(Reason::StsEnded { ends: policy.ends() });
                self.list(self.question.release)
            }
            Some(policy) => {
                self.because(Reason::Sts { mode: policy.mode, fetched: policy.fetched, ends: policy.ends() });
                self.sts(policy)
            }
            None => self.list(self.question.release),
        }
    }

    fn sts(&mut self, policy: &'a StsPolicy) -> Action<'a> {
        let release = |mode| Some(StsRelease { mode, at: policy.fetched });
        match policy.mode {
            Mode::None => self.list(release(ReleasingMode::None)),
            Mode::Testing => match self.list(release(ReleasingMode::Testing)) {
                held @ Action::Require(_) => held,
                _ => {
                    self.valid_until = Some(policy.ends());
                    Action::LogOnly(self.sts_demand(policy))
                }
            },
            Mode::Enforce => {
                self.valid_until = Some(policy.ends());
                let demand = self.sts_demand(policy);
                Action::Require(demand)
            }
        }
    }

    /// MX names and certificate by MTA-STS; TLS version and pins of an enforcing list entry on top.
    fn sts_demand(&mut self, policy: &'a StsPolicy) -> Demand<'a> {
        let extra = self.question.listed.filter(|entry| adds_to(policy, &entry.policy));
        if let Some(entry) = extra {
            self.because(Reason::ListAdds);
            // The demand as a whole ends with whichever of its two grounds ends first.
            self.valid_until = [self.valid_until, entry.head.expires].into_iter().flatten().min();
        }
        let extra = extra.map(|entry| entry.policy.as_ref());
        Demand {
            origin: Origin::MtaSts,
            requirement: Requirement::Certificate,
            mx: &policy.mx,
            min_tls: self.floored(extra.and_then(|listed| listed.min_tls)),
            pinset: extra.and_then(|listed| listed.pinset.as_deref()),
        }
    }

    fn list(&mut self, release: Option<StsRelease>) -> Action<'a> {
        let Some(entry) = self.question.listed else {
            self.because(Reason::NotListed);
            return Action::Opportunistic;
        };
        self.because(Reason::Listed {
            list: entry.layer,
            author: entry.head.author.as_deref(),
            serial: entry.head.serial,
            expires: entry.head.expires,
            mode: entry.policy.mode,
            alias: entry.alias.as_deref(),
            since: entry.since,
        });
        if let Some(relaxed) = entry.relaxed {
            let Relaxation { until, order, by, reason } = relaxed;
            self.because(Reason::Relaxed { by, order, until: *until, reason });
        }
        for passed in &entry.passed_over {
            self.because(Reason::PassedOver { list: passed.layer, cause: passed.cause });
        }
        if let Some(release) = release.filter(|release| !self.stands_against(*release, entry)) {
            self.because(Reason::StsReleases { mode: release.mode, at: release.at });
            return match release.mode {
                ReleasingMode::Testing => self.log_only(entry.policy.as_ref()),
                ReleasingMode::None => Action::Opportunistic,
            };
        }
        let relaxed_until = entry.relaxed.map(|relaxed| relaxed.until);
        self.valid_until = [entry.head.expires, relaxed_until].into_iter().flatten().min();
        self.by_policy(entry.policy.as_ref(), Origin::List)
    }

    /// A release lasts until the entry is renewed after it.
    fn stands_against(&mut self, release: StsRelease, entry: &MergedEntry<'a>) -> bool {
        if let Some(since) = entry.since.filter(|since| since.start() > release.at) {
            self.because(Reason::ListedAfterRelease { since, at: release.at });
            return true;
        }
        match release.mode {
            ReleasingMode::Testing if self.question.choices.sts_testing == StsTesting::ListStands => {
                self.because(Reason::ListStandsAgainstTesting);
                true
            }
            ReleasingMode::Testing | ReleasingMode::None => false,
        }
    }

    fn log_only(&mut self, policy: &'a Policy) -> Action<'a> {
        match policy.mode {
            Mode::None => Action::Opportunistic,
            Mode::Testing | Mode::Enforce => Action::LogOnly(self.demand(policy, Origin::List)),
        }
    }

    fn by_policy(&mut self, policy: &'a Policy, origin: Origin) -> Action<'a> {
        match policy.mode {
            Mode::None => Action::Opportunistic,
            Mode::Testing => Action::LogOnly(self.demand(policy, origin)),
            Mode::Enforce => Action::Require(self.demand(policy, origin)),
        }
    }

    fn demand(&mut self, policy: &'a Policy, origin: Origin) -> Demand<'a> {
        Demand {
            origin,
            requirement: policy.requirement,
            mx: &policy.mx,
            min_tls: self.floored(policy.min_tls),
            pinset: policy.pinset.as_deref(),
        }
    }

    /// The operator's floor holds for every policy; that it raises a listed version is worth saying.
    fn floored(&mut self, listed: Option<TlsVersion>) -> Option<TlsVersion> {
        let TlsFloor::AtLeast(floor) = self.question.choices.floor else { return listed };
        if let Some(listed) = listed.filter(|listed| *listed < floor) {
            self.because(Reason::FloorRaised { listed, floor });
        }
        listed.max(Some(floor))
    }
}

/// Tells whether a list entry asks for more than the domain's own policy can.
fn adds_to(policy: &StsPolicy, listed: &Policy) -> bool {
    let both_enforce = policy.mode == Mode::Enforce && listed.mode == Mode::Enforce;
    both_enforce && (listed.min_tls.is_some() || listed.pinset.is_some())
}
