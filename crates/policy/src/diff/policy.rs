//! What changed in one policy and in what is noted beside it.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::head::extensions;
use crate::list::Notes;
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::mx::MxPattern;
use crate::pin::{Label, Pinset};
use crate::policy::{Policy, Strictness};
use crate::report_to::ReportTo;
use crate::timestamp::Date;

/// What differs about a policy that stood before and stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Alteration<'a> {
    /// How the newer policy stands to the older one.
    pub strictness: Strictness,
    /// What differs; never empty.
    pub facts: Vec<Fact<'a>>,
}

/// One difference, the older value first.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact<'a> {
    /// The shared policy that is referred to, if any: a move alone admits the same sessions.
    Alias(Option<&'a Label>, Option<&'a Label>),
    /// The mode.
    Mode(Mode, Mode),
    /// The MX patterns.
    Mx(MxEdit<'a>),
    /// What a session must show.
    Requirement(Requirement, Requirement),
    /// The oldest TLS version.
    MinTls(Option<TlsVersion>, Option<TlsVersion>),
    /// The pinset; under one name in both, it is the pinset that changed.
    Pinset(Option<&'a Pinset>, Option<&'a Pinset>),
    /// Where failures are reported.
    ReportTo(&'a [ReportTo], &'a [ReportTo]),
    /// The date.
    Since(Option<Date>, Option<Date>),
    /// The evidence.
    Evidence(&'a [String], &'a [String]),
    /// `x-` members that differ, by name.
    Extensions(Vec<&'a str>),
}

/// MX patterns that came and went; both empty if only their order changed.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct MxEdit<'a> {
    /// Sorted by name.
    pub added: Vec<&'a MxPattern>,
    /// Sorted by name.
    pub removed: Vec<&'a MxPattern>,
}

/// What an entry or a shared policy says, with what is noted beside it.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) alias: Option<&'a Label>,
    pub(super) policy: &'a Policy,
    pub(super) notes: Option<&'a Notes>,
}

/// What differs between the two; `None` if nothing does.
pub(super) fn altered<'a>(old: Said<'a>, new: Said<'a>) -> Option<Alteration<'a>> {
    let mut facts = Vec::new();
    if old.alias != new.alias {
        facts.push(Fact::Alias(old.alias, new.alias));
    }
    let mut strictness = Strictness::Same;
    if old.policy != new.policy {
        strictness = new.policy.compared_with(old.policy);
        push_policy_facts(old.policy, new.policy, &mut facts);
    }
    push_note_facts(old.notes, new.notes, &mut facts);
    (!facts.is_empty()).then_some(Alteration { strictness, facts })
}

/// What differs in the notes of an entry that follows the same shared policy as before.
pub(super) fn renoted<'a>(old: Option<&'a Notes>, new: Option<&'a Notes>) -> Option<Alteration<'a>> {
    let mut facts = Vec::new();
    push_note_facts(old, new, &mut facts);
    (!facts.is_empty()).then_some(Alteration { strictness: Strictness::Same, facts })
}

fn push_policy_facts<'a>(old: &'a Policy, new: &'a Policy, facts: &mut Vec<Fact<'a>>) {
    let mut push = |differs: bool, fact: &dyn Fn() -> Fact<'a>| {
        if differs {
            facts.push(fact());
        }
    };
    push(old.mode != new.mode, &|| Fact::Mode(old.mode, new.mode));
    push(old.mx != new.mx, &|| Fact::Mx(mx_edit(&old.mx, &new.mx)));
    push(old.requirement != new.requirement, &|| Fact::Requirement(old.requirement, new.requirement));
    push(old.min_tls != new.min_tls, &|| Fact::MinTls(old.min_tls, new.min_tls));
    push(old.pinset != new.pinset, &|| Fact::Pinset(old.pinset.as_deref(), new.pinset.as_deref()));
    push(old.report_to != new.report_to, &|| Fact::ReportTo(&old.report_to, &new.report_to));
}

fn mx_edit<'a>(old: &'a [MxPattern], new: &'a [MxPattern]) -> MxEdit<'a> {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    MxEdit {
        added: new.difference(&old).copied().collect(),
        removed: old.difference(&new).copied().collect(),
    }
}

fn push_note_facts<'a>(old: Option<&'a Notes>, new: Option<&'a Notes>, facts: &mut Vec<Fact<'a>>) {
    let since = |notes: Option<&Notes>| notes.and_then(|notes| notes.since);
    let evidence =
        |notes: Option<&'a Notes>| notes.map(|notes| notes.evidence.as_slice()).unwrap_or_default();
    if since(old) != since(new) {
        facts.push(Fact::Since(since(old), since(new)));
    }
    if evidence(old) != evidence(new) {
        facts.push(Fact::Evidence(evidence(old), evidence(new)));
    }
    let names = extensions(old.map(|notes| &notes.extensions), new.map(|notes| &notes.extensions));
    if !names.is_empty() {
        facts.push(Fact::Extensions(names));
    }
}
