//! EFF's format 0.1, for programs that read nothing newer, and what it has no words for.
//!
//! What belongs to a policy and cannot be said refuses the whole list, since half a policy under the same
//! name would mislead. What is only noted beside a policy is left out and told.
//!
//! Spec: docs/list-format.md, "0.1".

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::json::{Document, Object};
use super::{WriteError, check};
use crate::domain::Domain;
use crate::list::{Dialect, List, Notes, Terms};
use crate::mode::{Mode, Requirement};
use crate::mx::Reach;
use crate::pin::Label;
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// Most subjects that a [`Loss`] names; the rest are counted.
pub const MAX_LOSS_SUBJECTS: usize = 10;

/// Something that 0.1 cannot say, and where a list says it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loss {
    /// What cannot be said.
    pub feature: Feature,
    /// Who says it, at most [`MAX_LOSS_SUBJECTS`]: shared policies first, then domains, each in the list's order.
    pub subjects: Vec<Subject>,
    /// How many say it, those not named included.
    pub count: usize,
    /// How many domains that concerns: those of a shared policy count each.
    pub domains: usize,
}

/// Who says something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// The head of the list.
    Head,
    /// A pinset.
    Pinset(Label),
    /// A shared policy.
    Provider {
        /// Its name.
        name: Label,
        /// How many domains refer to it.
        domains: usize,
    },
    /// An entry.
    Domain(Domain),
}

/// What 0.1 has no words for; policy features first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Feature {
    /// `*.x`, one label; a leading dot would admit more hosts.
    OneLabelPattern,
    /// Mode `none`.
    ModeNone,
    /// `require` `tls`: 0.1 always asks for a certificate.
    RequireTls,
    /// `min-tls-version`.
    MinTlsVersion,
    /// A pinset that a policy refers to.
    Pinset,
    /// `report-to`.
    ReportTo,
    /// A top-level domain with a hyphen, as all in A-labels: the schema of 0.1 has none.
    HyphenTopLabel,
    /// A serial other than the timestamp.
    Serial,
    /// A `since` date.
    Since,
    /// `evidence`.
    Evidence,
    /// `x-` members.
    Extensions,
    /// A pinset that no policy refers to.
    UnusedPinset,
}

impl Feature {
    /// All, those of policies first.
    pub const ALL: [Self; 12] = [
        Self::OneLabelPattern,
        Self::ModeNone,
        Self::RequireTls,
        Self::MinTlsVersion,
        Self::Pinset,
        Self::ReportTo,
        Self::HyphenTopLabel,
        Self::Serial,
        Self::Since,
        Self::Evidence,
        Self::Extensions,
        Self::UnusedPinset,
    ];

    /// Tells whether it belongs to a policy, so that a list that has it cannot be written as 0.1.
    pub fn is_of_policy(self) -> bool {
        self < Self::Serial
    }

    /// What it is, in words that follow "cannot say".
    pub const fn words(self) -> &'static str {
        match self {
            Self::OneLabelPattern => "patterns of one label (`*.`)",
            Self::ModeNone => "mode `none`",
            Self::RequireTls => "`require` `tls`",
            Self::MinTlsVersion => "`min-tls-version`",
            Self::Pinset => "`pinset`",
            Self::ReportTo => "`report-to`",
            Self::HyphenTopLabel => "top-level domains with a hyphen (`xn--…`)",
            Self::Serial => "a serial other than the timestamp",
            Self::Since => "`since`",
            Self::Evidence => "`evidence`",
            Self::Extensions => "`x-` members",
            Self::UnusedPinset => "pinsets that no policy refers to",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("the list"),
            Self::Pinset(name) => write!(f, "pinset `{name}`"),
            Self::Provider { name, domains: 1 } => write!(f, "provider `{name}` (1 domain)"),
            Self::Provider { name, domains } => write!(f, "provider `{name}` ({domains} domains)"),
            Self::Domain(domain) => write!(f, "`{domain}`"),
        }
    }
}

/// The losses that refuse, each with its first subjects.
pub(super) fn in_prose(losses: &[Loss]) -> String {
    let clauses = losses.iter().filter(|loss| loss.feature.is_of_policy()).map(|loss| {
        let named: Vec<String> = loss.subjects.iter().map(|subject| format!("{subject}")).collect();
        let more = loss.count.saturating_sub(named.len());
        let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}: {}{tail}", loss.feature.words(), named.join(", "))
    });
    clauses.collect::<Vec<_>>().join("; ")
}

/// As [`super::eff`].
pub(super) fn write(list: &List, out: &mut dyn fmt::Write) -> Result<Vec<Loss>, WriteError> {
    let head = check::head(list, Dialect::Eff)?;
    check::entries(list)?;
    let losses = losses(list);
    if losses.iter().any(|loss| loss.feature.is_of_policy()) {
        return Err(WriteError::Inexpressible(losses));
    }
    let mut document = Document::new(out);
    document.plain("timestamp", format_args!("\"{}\"", head.timestamp))?;
    document.plain("expires", format_args!("\"{}\"", head.expires))?;
    document.text("version", "0.1")?;
    document.text("author", head.author)?;
    document.section("policy-aliases", list.aliases.iter(), |alias, line| {
        write_policy(&alias.policy, line.named(alias.name.as_str())?)
    })?;
    document.section("policies", list.entries.iter(), |entry, line| {
        let mut object = line.named(entry.domain.as_str())?;
        match (&entry.terms, list.listed(entry).and_then(|listed| listed.alias)) {
            (Terms::Own(policy), _) => write_policy(policy, object),
            (Terms::Alias(_), alias) => {
                object.word("policy-alias", alias.ok_or(fmt::Error)?.as_str())?;
                object.end()
            }
        }
    })?;
    document.end()?;
    Ok(losses)
}

fn write_policy(policy: &Policy, mut object: Object<'_>) -> fmt::Result {
    object.word("mode", policy.mode.name())?;
    object.patterns("mxs", &policy.mx)?;
    object.end()
}

/// What the list says and 0.1 cannot, in the order of [`Feature::ALL`].
fn losses(list: &List) -> Vec<Loss> {
    let mut losses = Losses::default();
    if Some(list.head.serial) != list.head.timestamp.map(Timestamp::seconds) {
        losses.add(Feature::Serial, 0, || Subject::Head);
    }
    if !list.head.extensions.is_empty() {
        losses.add(Feature::Extensions, 0, || Subject::Head);
    }
    add_pinsets(list, &mut losses);
    let domains = list.domains_per_alias();
    for (alias, domains) in list.aliases.iter().zip(domains) {
        let subject = || Subject::Provider { name: alias.name.clone(), domains };
        losses.add_policy(&alias.policy, domains, subject);
        losses.add_notes(&alias.notes, domains, subject);
    }
    for entry in &list.entries {
        let subject = || Subject::Domain(entry.domain.clone());
        if has_hyphen_top_label(entry.domain.as_str()) {
            losses.add(Feature::HyphenTopLabel, 1, subject);
        }
        if let Terms::Own(policy) = &entry.terms {
            losses.add_policy(policy, 1, subject);
        }
        if let Some(notes) = &entry.notes {
            losses.add_notes(notes, 1, subject);
        }
    }
    losses.0
}

fn add_pinsets(list: &List, losses: &mut Losses) {
    for name in list.pinset_extensions.keys() {
        losses.add(Feature::Extensions, 0, || Subject::Pinset(name.clone()));
    }
    let mut unused = list.pinsets.clone();
    let own = list.entries.iter().filter_map(|entry| match &entry.terms {
        Terms::Own(policy) => policy.pinset.as_ref(),
        Terms::Alias(_) => None,
    });
    let shared = list.aliases.iter().filter_map(|alias| alias.policy.pinset.as_ref());
    own.chain(shared).for_each(|pinset| drop(unused.remove(&pinset.name)));
    for name in unused.into_keys() {
        losses.add(Feature::UnusedPinset, 0, || Subject::Pinset(name));
    }
}

#[derive(Default)]
struct Losses(Vec<Loss>);

impl Losses {
    fn add(&mut self, feature: Feature, domains: usize, subject: impl FnOnce() -> Subject) {
        let at = self.0.binary_search_by_key(&feature, |loss| loss.feature).unwrap_or_else(|at| {
            self.0.insert(at, Loss { feature, subjects: Vec::new(), count: 0, domains: 0 });
            at
        });
        if let Some(loss) = self.0.get_mut(at) {
            loss.count += 1;
            loss.domains += domains;
            if loss.subjects.len() < MAX_LOSS_SUBJECTS {
                loss.subjects.push(subject());
            }
        }
    }

    fn add_policy(&mut self, policy: &Policy, domains: usize, subject: impl Fn() -> Subject) {
        let said = [
            (Feature::OneLabelPattern, policy.mx.iter().any(|mx| mx.reach() == Reach::OneLabel)),
            (Feature::ModeNone, policy.mode == Mode::None),
            (Feature::RequireTls, policy.requirement == Requirement::Tls),
            (Feature::MinTlsVersion, policy.min_tls.is_some()),
            (Feature::Pinset, policy.pinset.is_some()),
            (Feature::ReportTo, !policy.report_to.is_empty()),
            (Feature::HyphenTopLabel, policy.mx.iter().any(|mx| has_hyphen_top_label(mx.name()))),
        ];
        for (feature, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
            self.add(feature, domains, &subject);
        }
    }

    fn add_notes(&mut self, notes: &Notes, domains: usize, subject: impl Fn() -> Subject) {
        let said = [
            (Feature::Since, notes.since.is_some()),
            (Feature::Evidence, !notes.evidence.is_empty()),
            (Feature::Extensions, !notes.extensions.is_empty()),
        ];
        for (feature, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
            self.add(feature, domains, &subject);
        }
    }
}

fn has_hyphen_top_label(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|top| top.contains('-'))
}
