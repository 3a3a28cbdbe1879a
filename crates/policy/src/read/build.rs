//! What all dialects share once their words are understood: names resolved, invariants held, entries sorted.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::error::{At, Failure, Fault, Step, shortened};
use super::json::TextOrNumber;
use super::{MAX_MX_PATTERNS, Read};
use crate::domain::Domain;
use crate::finding::{Finding, Names};
use crate::list::{Alias, Entry, Extensions, Head, List, Notes, Terms};
use crate::mx::MxPattern;
use crate::name::{NameError, is_printable};
use crate::pin::{Label, PinError, Pinset};
use crate::policy::Policy;
use crate::report_to::ReportTo;
use crate::timestamp::Timestamp;

/// A list in the making.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) pinsets: BTreeMap<Label, Arc<Pinset>>,
    pub(super) pinset_extensions: BTreeMap<Label, Extensions>,
    aliases: Vec<Slot>,
    alias_index: BTreeMap<Label, u32>,
    pub(super) entries: Vec<Entry>,
    pinned: Vec<(Owner, Label)>,
    pub(super) findings: Vec<Finding>,
}

/// A shared policy that was defined, or only mentioned so far.
struct Slot {
    name: Label,
    alias: Option<(Policy, Notes)>,
    mentioned_by: Option<Domain>,
}

/// Whose pinset is still to be looked up.
#[derive(Clone, Copy)]
enum Owner {
    Alias(u32),
    Entry(usize),
}

/// The words of the dialect, for paths and messages.
pub(super) struct Words {
    /// Where the mail domains stand.
    pub(super) entries: &'static str,
    /// Where shared policies are defined.
    pub(super) aliases: &'static str,
    /// What an entry's reference is called.
    pub(super) reference: &'static str,
    /// What a pinset's reference is called.
    pub(super) pinset: &'static str,
}

impl Builder {
    /// The place of a shared policy, defined already or to be defined later.
    pub(super) fn mention(&mut self, name: Label, domain: &Domain) -> u32 {
        let index = self.slot(name);
        if let Some(slot) = self.slot_mut(index) {
            slot.mentioned_by.get_or_insert_with(|| domain.clone());
        }
        index
    }

    /// Defines a shared policy; false if it is defined already.
    pub(super) fn define(
        &mut self,
        name: Label,
        policy: Policy,
        notes: Notes,
        pinset: Option<Label>,
    ) -> bool {
        let index = self.slot(name);
        if let Some(pinset) = pinset {
            self.pinned.push((Owner::Alias(index), pinset));
        }
        match self.slot_mut(index) {
            Some(Slot { alias: alias @ None, .. }) => {
                *alias = Some((policy, notes));
                true
            }
            _ => false,
        }
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, domain: Domain, terms: Terms, notes: Notes, pinset: Option<Label>) {
        if let Some(pinset) = pinset {
            self.pinned.push((Owner::Entry(self.entries.len()), pinset));
        }
        let notes = (notes != Notes::default()).then(|| Box::new(notes));
        self.entries.push(Entry { domain, terms, notes });
    }

    /// Resolves what was mentioned before it was defined, sorts, and refuses what stands twice.
    pub(super) fn finish(mut self, head: Head, words: &Words) -> Read<List> {
        self.resolve_pinsets(words)?;
        let place = self.sorted_aliases();
        let aliases = self.take_aliases(words)?;
        for entry in &mut self.entries {
            if let Terms::Alias(index) = &mut entry.terms {
                *index =
                    usize::try_from(*index).ok().and_then(|old| place.get(old).copied()).unwrap_or(*index);
            }
        }
        let mut entries = self.entries;
        if !entries.is_sorted_by(|one, next| one.domain < next.domain) {
            entries.sort_unstable_by(|one, next| one.domain.cmp(&next.domain));
        }
        if let Some(domain) = first_duplicate(&entries) {
            let path = [Step::Member(words.entries.into()), Step::Domain(domain.clone())];
            return Err(Failure::new(Fault::DuplicateDomain { domain }, At::Name, path));
        }
        entries.shrink_to_fit();
        let mut list = List {
            head,
            pinsets: self.pinsets,
            pinset_extensions: self.pinset_extensions,
            aliases,
            entries,
            findings: self.findings,
        };
        note_unused(&mut list, words);
        Ok(list)
    }

    /// A shared policy that was defined so far: its name as kept here, itself, its notes.
    pub(super) fn defined(&self, name: &Label) -> Option<(&Label, &Policy, &Notes)> {
        let index = usize::try_from(*self.alias_index.get(name)?).ok()?;
        let slot = self.aliases.get(index)?;
        slot.alias.as_ref().map(|(policy, notes)| (&slot.name, policy, notes))
    }

    fn slot(&mut self, name: Label) -> u32 {
        let next = u32::try_from(self.aliases.len()).unwrap_or(u32::MAX);
        *self.alias_index.entry(name).or_insert_with_key(|name| {
            self.aliases.push(Slot { name: name.clone(), alias: None, mentioned_by: None });
            next
        })
    }

    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot> {
        self.aliases.get_mut(usize::try_from(index).ok()?)
    }

    /// Looks up the pinsets that were named so far.
    pub(super) fn resolve_pinsets(&mut self, words: &Words) -> Read<()> {
        for (owner, name) in core::mem::take(&mut self.pinned) {
            let Some(pinset) = self.pinsets.get(&name).cloned() else {
                let path = self.pinset_path(owner, words);
                return Err(Failure::new(
                    Fault::UndefinedPinset { name: shortened(name.as_str()) },
                    At::Value,
                    path,
                ));
            };
            if let Some(policy) = self.policy_of(owner) {
                policy.pinset = Some(pinset);
            }
        }
        Ok(())
    }

    fn policy_of(&mut self, owner: Owner) -> Option<&mut Policy> {
        match owner {
            Owner::Alias(index) => self.slot_mut(index)?.alias.as_mut().map(|(policy, _)| policy),
            Owner::Entry(index) => match &mut self.entries.get_mut(index)?.terms {
                Terms::Own(policy) => Some(policy),
                Terms::Alias(_) => None,
            },
        }
    }

    fn pinset_path(&mut self, owner: Owner, words: &Words) -> Vec<Step> {
        let (section, who) = match owner {
            Owner::Alias(index) => {
                (words.aliases, self.slot_mut(index).map(|slot| Step::Member(slot.name.as_str().to_owned())))
            }
            Owner::Entry(index) => {
                (words.entries, self.entries.get(index).map(|entry| Step::Domain(entry.domain.clone())))
            }
        };
        let mut path = Vec::from([Step::Member(section.to_owned())]);
        path.extend(who);
        path.push(Step::Member(words.pinset.to_owned()));
        path
    }

    /// Where each shared policy will stand once they are sorted by name.
    fn sorted_aliases(&self) -> Vec<u32> {
        let mut place = vec![0; self.aliases.len()];
        for (new, old) in self.alias_index.values().enumerate() {
            if let Some(slot) = usize::try_from(*old).ok().and_then(|old| place.get_mut(old)) {
                *slot = u32::try_from(new).unwrap_or(u32::MAX);
            }
        }
        place
    }

    fn take_aliases(&mut self, words: &Words) -> Read<Vec<Alias>> {
        let mut slots = core::mem::take(&mut self.aliases);
        slots.sort_by(|one, next| one.name.cmp(&next.name));
        let defined = |slot: Slot| match (slot.alias, slot.mentioned_by) {
            (Some((policy, notes)), _) => Ok(Alias { name: slot.name, policy, notes }),
            (None, domain) => {
                let mut path = Vec::from([Step::Member(words.entries.to_owned())]);
                path.extend(domain.map(Step::Domain));
                path.push(Step::Member(words.reference.to_owned()));
                let name = shortened(slot.name.as_str());
                Err(Failure::new(Fault::UndefinedAlias { name, under: words.aliases }, At::Value, path))
            }
        };
        slots.into_iter().map(defined).collect()
    }
}

fn first_duplicate(entries: &[Entry]) -> Option<Domain> {
    entries.windows(2).find_map(|pair| match pair {
        [one, next] if one.domain == next.domain => Some(one.domain.clone()),
        _ => None,
    })
}

/// One finding for all of them: a list may have a million.
fn note_unused(list: &mut List, words: &Words) {
    let domains = list.domains_per_alias();
    let mut unused = Names::default();
    let unreferred = list.aliases.iter().zip(domains).filter(|(_, domains)| *domains == 0);
    unreferred.for_each(|(alias, _)| unused.add(alias.name.as_str()));
    if unused.count > 0 {
        let noun = if unused.count == 1 { "shared policy" } else { "shared policies" };
        let message = format!("no entry refers to {} {noun} ({unused})", unused.count);
        let cure = "remove them, or refer to them";
        let finding =
            Finding::info("list.unused-alias", format!("$.{}", words.aliases), message).with_cure(cure);
        list.findings.push(finding);
    }
}

/// Collects a policy's MX patterns.
pub(super) fn push_pattern(patterns: &mut Vec<MxPattern>, pattern: MxPattern) -> Result<(), Fault> {
    if patterns.len() >= MAX_MX_PATTERNS {
        return Err(Fault::TooManyMx);
    }
    if patterns.contains(&pattern) {
        return Err(Fault::DuplicateValue { value: format!("{pattern}") });
    }
    patterns.push(pattern);
    Ok(())
}

/// Reads an MX pattern as versions 1 and 0.1 write them.
pub(super) fn pattern(text: &str) -> Result<MxPattern, Fault> {
    MxPattern::parse(text).map_err(|cause| Fault::Mx { got: shortened(text), cause })
}

/// Reads a domain.
pub(super) fn domain(text: &str) -> Result<Domain, Fault> {
    Domain::parse(text).map_err(|cause: NameError| Fault::Domain { got: shortened(text), cause })
}

/// Reads the name of a pinset or shared policy.
pub(super) fn label(text: &str) -> Result<Label, Fault> {
    Label::parse(text).map_err(|cause| pin_fault(text, cause))
}

/// A pin, key or label that is none.
pub(super) fn pin_fault(text: &str, cause: PinError) -> Fault {
    Fault::Pin { got: shortened(text), cause }
}

/// Reads a report address.
pub(super) fn report_to(text: &str) -> Result<ReportTo, Fault> {
    ReportTo::parse(text).map_err(|cause| Fault::ReportTo { got: shortened(text), cause })
}

/// Reads either form of a time.
pub(super) fn time(value: &TextOrNumber<'_>) -> Result<Timestamp, Fault> {
    match value {
        TextOrNumber::Text(text) => {
            Timestamp::parse(text).map_err(|cause| Fault::Time { got: shortened(text), cause })
        }
        TextOrNumber::Number(seconds) => Timestamp::from_seconds(*seconds)
            .map_err(|cause| Fault::Time { got: format!("{seconds}"), cause }),
    }
}

/// Longest author, in characters.
pub(crate) const MAX_AUTHOR_CHARS: usize = 256;

/// Reads a text that people will see.
pub(super) fn author(text: &str) -> Result<alloc::string::String, Fault> {
    let good =
        !text.trim().is_empty() && text.chars().count() <= MAX_AUTHOR_CHARS && text.chars().all(is_printable);
    if good { Ok(text.to_owned()) } else { Err(Fault::Text { max: MAX_AUTHOR_CHARS }) }
}

/// Refuses a list that ends before it begins.
pub(super) fn check_times(timestamp: Option<Timestamp>, expires: Option<Timestamp>) -> Read<()> {
    match (timestamp, expires) {
        (Some(from), Some(end)) if end <= from => {
            Err(Failure::new(Fault::EndsBeforeItBegins, At::Value, [Step::Member("expires".into())]))
        }
        _ => Ok(()),
    }
}

/// A top-level member is missing.
pub(super) fn missing(name: &'static str) -> Failure {
    Failure::new(Fault::MissingMember { name }, At::Value, [])
}
