//! What is remembered of one domain.

use std::time::Duration;

use starttls_policy::decide::evidence::{StsPolicy, StsRelease};
use starttls_policy::{Mode, Timestamp};

/// Off-spec: RFC 8461 §3.2 allows a `max_age` down to 0. A policy that ended before it may be fetched again would leave
/// holes through which mail goes unprotected, so it holds as long as that.
pub(crate) const SHORTEST_POLICY: Duration = Duration::from_mins(5);

/// How long a policy that another node fetched may hold here from when this node first saw it, while this node cannot tell what the
/// domain publishes: time enough for an outage of its policy host or of our resolver.
const ELSEWHERE_HOLDS: Duration = Duration::from_hours(24);

/// A policy is fetched anew after a day, or half its life: long before its end (RFC 8461 §10.2).
const OLDEST_POLICY: Duration = Duration::from_hours(24);

/// Everything that is remembered of one domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remembered {
    /// The MTA-STS policy that was fetched last; it may have ended.
    pub policy: Option<KeptPolicy>,
    /// A `none` or `testing` that releases a list entry.
    pub release: Option<StsRelease>,
    /// The domain was answered by DANE, which counts until then should the resolver stop validating.
    pub dane_until: Option<Timestamp>,
}

/// A fetched policy and what is known of its freshness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptPolicy {
    /// The policy.
    pub policy: StsPolicy,
    /// When the record's `id` was last seen to be the policy's; of what another node fetched, when this node first saw that.
    pub confirmed: Timestamp,
    /// Who fetched it.
    pub origin: Learnt,
}

/// Who learnt something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Learnt {
    /// This node itself.
    Here,
    /// Another node says so: it may add protection for a while, until this node has seen for itself.
    Elsewhere,
}

/// An answer from memory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recall {
    /// What is remembered. A release stands here only if this node saw it.
    pub remembered: Remembered,
    /// A release that another node saw, and this one has to see before it counts.
    pub release_elsewhere: Option<StsRelease>,
    /// How much of memory was asked.
    pub reach: Reach,
}

/// How much of memory was asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All there is: what is not in the answer is not remembered.
    #[default]
    Complete,
    /// A store could not be asked: what is not in the answer may be remembered there.
    Partial,
}

/// Clocks of nodes, and one clock before and after it was set, may differ by so many seconds.
const SKEW: u64 = 300;

/// DANE was proven for its records' TTL, an hour in most cases; no record counts for longer than a day.
const LONGEST_DANE: u64 = 86_400;

impl Remembered {
    /// Bounds what was written by a clock that was ahead of `now`: a policy holds for `max_age` from now at most and is to be verified
    /// at once; a release counts only where nothing enforces; DANE counts for a day at most. Tells whether a policy was bounded.
    pub(crate) fn bound(&mut self, now: Timestamp) -> bool {
        let is_ahead = |time: Timestamp| time.seconds() > now.seconds().saturating_add(SKEW);
        let mut is_bounded = false;
        if let Some(kept) = &mut self.policy
            && (is_ahead(kept.policy.fetched) || is_ahead(kept.confirmed))
        {
            kept.policy.fetched = kept.policy.fetched.min(now);
            // As if confirmed long ago: whoever asks verifies it. Another node's counts for a day from now.
            kept.confirmed = match kept.origin {
                Learnt::Here => Timestamp::from_seconds(0).unwrap_or(now),
                Learnt::Elsewhere => kept.confirmed.min(now),
            };
            is_bounded = true;
        }
        let enforces = self.policy.as_ref().is_some_and(|kept| kept.policy.mode == Mode::Enforce);
        if let Some(release) = self.release.filter(|release| is_ahead(release.at)) {
            self.release = (!enforces).then_some(StsRelease { at: now, ..release });
        }
        if let Ok(longest) = Timestamp::from_seconds(now.seconds().saturating_add(LONGEST_DANE)) {
            self.dane_until = self.dane_until.map(|until| until.min(longest));
        }
        is_bounded
    }

    /// The policy that this node fetched itself, if it holds.
    pub fn standing_policy(&self, now: Timestamp) -> Option<&KeptPolicy> {
        self.own_policy().filter(|kept| kept.holds(now))
    }

    /// The policy that this node fetched itself, expired or not.
    pub(crate) fn own_policy(&self) -> Option<&KeptPolicy> {
        self.policy.as_ref().filter(|kept| kept.origin == Learnt::Here)
    }

    /// The policy that another node says it fetched, if it enforces and holds: for a day from when this node first saw it,
    /// whatever stands in it. It may add to what else is known of the domain, and this node looks for itself.
    pub fn policy_elsewhere(&self, now: Timestamp) -> Option<StsPolicy> {
        let kept = self.policy.as_ref().filter(|kept| kept.origin == Learnt::Elsewhere)?;
        let policy = kept.while_it_counts();
        (policy.mode == Mode::Enforce && policy.ends() > now).then_some(policy)
    }

    /// The same as it counts here: a policy of another node ends when it no longer counts, and is left out after that.
    #[must_use]
    pub fn as_it_counts(&self, now: Timestamp) -> Self {
        let policy = match &self.policy {
            Some(kept) if kept.origin == Learnt::Elsewhere => {
                self.policy_elsewhere(now).map(|policy| KeptPolicy { policy, ..kept.clone() })
            }
            other => other.clone(),
        };
        Self { policy, ..self.clone() }
    }

    /// The release, unless the domain has enforced again since.
    pub fn standing_release(&self) -> Option<StsRelease> {
        // What another node says takes no release back that this node saw.
        let enforced =
            self.own_policy().map(|kept| &kept.policy).filter(|policy| policy.mode == Mode::Enforce);
        self.release.filter(|release| enforced.is_none_or(|policy| policy.fetched < release.at))
    }
}

impl KeptPolicy {
    /// The policy with the end until which it counts here: its own, or a day from when another node's was first seen.
    fn while_it_counts(&self) -> StsPolicy {
        let mut policy = self.policy.clone();
        if self.origin == Learnt::Elsewhere {
            let last = self.confirmed.seconds().saturating_add(ELSEWHERE_HOLDS.as_secs());
            let longest = Duration::from_secs(last.saturating_sub(policy.fetched.seconds()));
            policy.max_age = policy.max_age.min(longest);
        }
        policy
    }

    /// A policy of another node that counts no longer, since this node saw that the domain publishes none. It stays stored, so that
    /// the same row is not taken for a new one.
    pub(crate) fn refuted(self) -> Self {
        let long_ago = Timestamp::from_seconds(0).unwrap_or(self.confirmed);
        Self { confirmed: long_ago, origin: Learnt::Elsewhere, ..self }
    }

    /// Tells whether the policy still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.policy.ends() > now
    }

    /// Tells whether a record with this `id` confirms it, so that it need not be fetched anew.
    pub(crate) fn is_confirmed_by(&self, id: &str, now: Timestamp) -> bool {
        self.origin == Learnt::Here && id == self.policy.id && !self.is_old(now)
    }

    /// Tells whether it is time to fetch it anew, whatever the record says.
    pub(crate) fn is_old(&self, now: Timestamp) -> bool {
        self.policy.fetched.until(now) >= OLDEST_POLICY.min(self.policy.max_age / 2)
    }
}

#[cfg(test)]
mod a_policy_of_another_node {
    use starttls_policy::MxPattern;

    use super::*;

    #[test]
    fn fault_ends_a_day_after_it_was_first_seen_and_is_left_out_then() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let first_seen = 1_000_000;
        // Fetched before it was first seen, or, by a row that was written anew, after.
        for (fetched, max_age, ends) in [
            (first_seen - 500, 31_557_600, first_seen + 86_400),
            (first_seen + 80_000, 31_557_600, first_seen + 86_400),
            (first_seen - 500, 600, first_seen + 100),
        ] {
            let mx = vec![MxPattern::parse("mx.example.org").unwrap()];
            let max_age = Duration::from_secs(max_age);
            let policy = StsPolicy { mode: Mode::Enforce, mx, id: "1".into(), fetched: at(fetched), max_age };
            let kept = KeptPolicy { policy, confirmed: at(first_seen), origin: Learnt::Elsewhere };
            let remembered = Remembered { policy: Some(kept.clone()), ..Remembered::default() };
            let shown = remembered.as_it_counts(at(ends - 1));
            assert_eq!(shown.policy.map(|kept| kept.policy.ends()), Some(at(ends)), "{fetched}");
            assert_eq!(remembered.as_it_counts(at(ends)), Remembered::default(), "{fetched}");
            assert_eq!(remembered.policy_elsewhere(at(ends)), None, "{fetched}");
            // What this node fetched itself is as it was fetched.
            let own = Remembered { policy: Some(KeptPolicy { origin: Learnt::Here, ..kept }), ..remembered };
            assert_eq!(own.as_it_counts(at(ends)), own);
        }
    }
}
