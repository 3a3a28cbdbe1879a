//! What the table becomes as lists, orders and overrides expire: the same inputs rendered as of each expiry, and compared.

use std::collections::{BTreeMap, BTreeSet};

use starttls_apply::validity::{Change, Effect, Expiries, Step};
use starttls_mta::{Facts, Mta};
use starttls_policy::decide::Choices;
use starttls_policy::{Domain, Timestamp};

use super::lines::{Lines, of_domains};
use crate::generation::RenderError;
use crate::known::Known;
use crate::lists::merged_at;

/// Expiries of lists for which the whole table is rendered twice to be compared; past them the last step takes the table
/// out.
const MAX_COMPARISONS: usize = 8;

/// Bytes of changed lines that are kept; past them the step takes the table out.
const MAX_BYTES: usize = 8 << 20;

/// How a policy is rendered.
#[derive(Clone, Copy)]
pub(crate) struct Rendering<'a> {
    pub(crate) mta: &'a dyn Mta,
    pub(crate) facts: &'a Facts,
    pub(crate) choices: Choices,
}

/// The steps of a table, and key files that lines of later steps name.
pub(crate) struct Foreseen {
    pub(crate) expiries: Expiries,
    pub(crate) keys: BTreeMap<String, String>,
}

/// Works out what the table becomes with each expiry after `now`, up to `until` if the operator ends it all then.
pub(crate) fn foresee(
    rendering: Rendering<'_>,
    known: &Known,
    now: Timestamp,
    until: Option<Timestamp>,
) -> Result<Foreseen, RenderError> {
    let mut work = Work { rendering, known, keys: BTreeMap::new(), comparisons: 0, bytes: 0 };
    let (mut steps, mut before) = (Vec::new(), now);
    for at in instants(known, now).into_iter().filter(|at| until.is_none_or(|until| *at < until)) {
        let effect = work.effect(before, at)?;
        let is_last = effect == Effect::TakeOut;
        steps.push(Step { at, effect });
        before = at;
        if is_last {
            break;
        }
    }
    steps.extend(until.map(|at| Step { at, effect: Effect::TakeOut }));
    Ok(Foreseen { expiries: Expiries::new(steps), keys: work.keys })
}

/// The moments at which something expires or a relax order changes.
fn instants(known: &Known, now: Timestamp) -> BTreeSet<Timestamp> {
    let lists = known.lists.iter().flat_map(|list| list.until.into_iter().chain(list.relax_changes()));
    let overrides = known.overrides.in_force(now).map(|standing| standing.operator.until);
    lists.chain(overrides).filter(|at| *at > now).collect()
}

struct Work<'a> {
    rendering: Rendering<'a>,
    known: &'a Known,
    keys: BTreeMap<String, String>,
    comparisons: usize,
    bytes: usize,
}

impl Work<'_> {
    /// What happens to the table between two moments.
    fn effect(&mut self, before: Timestamp, at: Timestamp) -> Result<Effect, RenderError> {
        let known = self.known;
        let lists_left = known.lists.iter().filter(|list| !list.has_expired(at)).count();
        if lists_left == 0 && known.overrides.in_force(at).next().is_none() {
            return Ok(Effect::TakeOut);
        }
        let ends = |list: &&crate::lists::Loaded| !list.has_expired(before) && list.has_expired(at);
        let effect = if !known.lists.iter().any(|list| ends(&list)) {
            Effect::Change(self.changes_of_domains(before, at)?)
        } else if lists_left == 0 {
            Effect::Only(self.lines_left(at)?)
        } else if self.comparisons < MAX_COMPARISONS {
            self.comparisons += 1;
            self.comparison(before, at)?.map_or(Effect::TakeOut, Effect::Change)
        } else {
            Effect::TakeOut
        };
        self.bytes = self.bytes.saturating_add(bytes(&effect));
        Ok(if self.bytes > MAX_BYTES { Effect::TakeOut } else { effect })
    }

    /// Without the end of a list, only domains change whose override ends or whose entry is relaxed otherwise.
    fn changes_of_domains(
        &mut self,
        before: Timestamp,
        at: Timestamp,
    ) -> Result<BTreeMap<String, Change>, RenderError> {
        let known = self.known;
        let ended = known.overrides.in_force(before).filter(|standing| standing.operator.until <= at);
        let mut domains: BTreeSet<&Domain> = ended.map(|standing| &standing.operator.domain).collect();
        for list in known.lists.iter().filter(|list| list.relax_changes().any(|then| then == at)) {
            domains.extend(list.relaxed_at(before).keys().chain(list.relaxed_at(at).keys()));
        }
        let mut old = self.lines_of(&domains, before)?;
        let mut changes = BTreeMap::new();
        for (domain, line) in self.lines_of(&domains, at)? {
            if old.remove(&domain).as_ref() != Some(&line) {
                changes.insert(domain, Change::Line(line));
            }
        }
        changes.extend(old.into_keys().map(|domain| (domain, Change::Gone)));
        Ok(changes)
    }

    fn lines_of(
        &mut self,
        domains: &BTreeSet<&Domain>,
        then: Timestamp,
    ) -> Result<BTreeMap<String, String>, RenderError> {
        let Rendering { mta, facts, choices } = self.rendering;
        let merged = merged_at(&self.known.lists, then);
        let found = of_domains(mta, facts, &merged, &self.known.overrides, choices, then, domains)?;
        self.keys.extend(found.keys);
        Ok(found.lines)
    }

    /// All lines, where overrides alone are left.
    fn lines_left(&mut self, at: Timestamp) -> Result<BTreeMap<String, String>, RenderError> {
        let standing = self.known.overrides.in_force(at);
        let domains: BTreeSet<&Domain> = standing.map(|standing| &standing.operator.domain).collect();
        self.lines_of(&domains, at)
    }

    /// Compares the whole table of two moments line by line; `None` when too much changes.
    fn comparison(
        &mut self,
        before: Timestamp,
        at: Timestamp,
    ) -> Result<Option<BTreeMap<String, Change>>, RenderError> {
        let Rendering { mta, facts, choices } = self.rendering;
        let known = self.known;
        let (old, new) = (merged_at(&known.lists, before), merged_at(&known.lists, at));
        let mut old = Lines::new(mta, facts, &old, &known.overrides, choices, before)?;
        let mut new = Lines::new(mta, facts, &new, &known.overrides, choices, at)?;
        let (mut changes, mut bytes) = (BTreeMap::new(), 0);
        loop {
            let (left, right) = (old.peek()?, new.peek()?);
            let order = match (left, right) {
                (None, None) => break,
                (Some((left, _)), Some((right, _))) => left.cmp(right),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
            };
            let is_same = left == right;
            let left = if order.is_le() { old.take() } else { None };
            let right = if order.is_ge() { new.take() } else { None };
            let change = match (left, right) {
                _ if is_same => continue,
                (_, Some((domain, line))) => (domain, Change::Line(line)),
                (Some((domain, _)), None) => (domain, Change::Gone),
                (None, None) => break,
            };
            bytes += size(&change.0, &change.1);
            if bytes > MAX_BYTES {
                return Ok(None);
            }
            changes.insert(change.0, change.1);
        }
        self.keys.extend(new.keys());
        Ok(Some(changes))
    }
}

fn size(domain: &str, change: &Change) -> usize {
    domain.len()
        + match change {
            Change::Gone => 1,
            Change::Line(line) => line.len() + 2,
        }
}

fn bytes(effect: &Effect) -> usize {
    match effect {
        Effect::Change(changes) => changes.iter().map(|(domain, change)| size(domain, change)).sum(),
        Effect::Only(lines) => lines.iter().map(|(domain, line)| domain.len() + line.len() + 2).sum(),
        Effect::TakeOut => 0,
    }
}
