//! What would change a decision: the same question with one thing otherwise, decided anew.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::evidence::{DaneEvidence, DaneHosts, Security, StsEvidence, StsPolicy, Tlsa};
use super::{Action, Decision, Question, decide};
use crate::mode::Mode;
use crate::timestamp::Timestamp;

/// One thing that may come to be otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Change {
    /// The operator's override ends.
    OverrideEnds {
        /// When it does by itself.
        until: Timestamp,
    },
    /// Usable TLSA records at every MX host, all of it signed.
    DaneEverywhere,
    /// It is proven that no MX host has TLSA records.
    DaneNowhere,
    /// The domain serves an MTA-STS policy of this mode.
    Sts(Mode),
    /// The MTA-STS policy ends and no other takes its place.
    StsEnds,
    /// No list names the domain any more.
    Unlisted {
        /// When the list ends that does, if it does.
        expires: Option<Timestamp>,
    },
}

/// How long a policy holds that is only supposed.
const SUPPOSED_AGE: Duration = Duration::from_hours(24);

/// Shows each change that another action would follow from, with the decision as it would be then.
pub fn prospects(question: &Question<'_>, see: &mut dyn FnMut(Change, &Decision<'_>)) {
    let now = decide(question);
    for change in conceivable(question) {
        supposing(question, change, &mut |then| {
            if !is_alike(&now.action, &then.action) {
                see(change, then);
            }
        });
    }
}

fn conceivable(question: &Question<'_>) -> Vec<Change> {
    let mut changes = Vec::with_capacity(8);
    if let Some(operator) = question.operator.filter(|operator| operator.until > question.now) {
        changes.push(Change::OverrideEnds { until: operator.until });
    }
    changes.push(Change::DaneEverywhere);
    if *question.dane != DaneEvidence::NotAsked {
        changes.push(Change::DaneNowhere);
    }
    changes.extend([Mode::Enforce, Mode::Testing, Mode::None].map(Change::Sts));
    if matches!(question.sts, StsEvidence::Found(_) | StsEvidence::Inconclusive { cached: Some(_), .. }) {
        changes.push(Change::StsEnds);
    }
    if let Some(entry) = question.listed {
        changes.push(Change::Unlisted { expires: entry.head.expires });
    }
    changes
}

/// Decides the question with the change made.
fn supposing(question: &Question<'_>, change: Change, see: &mut dyn FnMut(&Decision<'_>)) {
    let seen = question.now;
    let dane = |state| DaneEvidence::Found(DaneHosts { mx: Security::Secure, hosts: vec![state], seen });
    let policy =
        |mode| StsPolicy { mode, mx: Vec::new(), id: String::new(), fetched: seen, max_age: SUPPOSED_AGE };
    let mut supposed = question.clone();
    match change {
        Change::OverrideEnds { .. } => {
            supposed.operator = None;
            see(&decide(&supposed));
        }
        Change::DaneEverywhere => {
            let dane = dane(Tlsa::Usable);
            see(&decide(&Question { dane: &dane, ..supposed }));
        }
        Change::DaneNowhere => {
            let dane = dane(Tlsa::Absent);
            see(&decide(&Question { dane: &dane, ..supposed }));
        }
        Change::Sts(mode) => {
            let sts = StsEvidence::Found(policy(mode));
            see(&decide(&Question { sts: &sts, ..supposed }));
        }
        Change::StsEnds => {
            let sts = StsEvidence::Absent { seen };
            see(&decide(&Question { sts: &sts, ..supposed }));
        }
        Change::Unlisted { .. } => {
            supposed.listed = None;
            see(&decide(&supposed));
        }
    }
}

/// Tells whether a person would call two actions the same.
fn is_alike(one: &Action<'_>, other: &Action<'_>) -> bool {
    match (one, other) {
        (Action::LogOnly(one), Action::LogOnly(other)) | (Action::Require(one), Action::Require(other)) => {
            one.origin == other.origin
        }
        (Action::LogOnly(_) | Action::Require(_), _) | (_, Action::LogOnly(_) | Action::Require(_)) => false,
        (one, other) => one == other,
    }
}

impl Change {
    /// The rule by which it counts, as `RFC 8461 §5`.
    pub const fn spec(self) -> Option<&'static str> {
        match self {
            Self::DaneEverywhere | Self::DaneNowhere => Some("RFC 7672 §2.2"),
            Self::Sts(_) => Some("RFC 8461 §5"),
            Self::StsEnds => Some("RFC 8461 §3.2"),
            Self::OverrideEnds { .. } | Self::Unlisted { .. } => None,
        }
    }

    /// One word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverrideEnds { .. } => "override-ends",
            Self::DaneEverywhere => "dane-everywhere",
            Self::DaneNowhere => "dane-nowhere",
            Self::Sts(Mode::Enforce) => "mta-sts-enforce",
            Self::Sts(Mode::Testing) => "mta-sts-testing",
            Self::Sts(Mode::None) => "mta-sts-none",
            Self::StsEnds => "mta-sts-ends",
            Self::Unlisted { .. } => "unlisted",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverrideEnds { until } => write!(f, "your override ends, as it does at {until}"),
            Self::DaneEverywhere => f.write_str("usable TLSA records at every MX host, all of it signed"),
            Self::DaneNowhere => f.write_str("proof that no MX host has TLSA records"),
            Self::Sts(mode) => write!(f, "an MTA-STS policy of the domain that says `{mode}`"),
            Self::StsEnds => f.write_str("the end of its MTA-STS policy, with none in its place"),
            Self::Unlisted { expires: Some(end) } => {
                write!(f, "no list names the domain, or the one that does ends, as it does at {end}")
            }
            Self::Unlisted { expires: None } => f.write_str("no list names the domain"),
        }
    }
}
