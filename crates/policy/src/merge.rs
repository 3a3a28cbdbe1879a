//! Several lists in the operator's order, seen as one: a later list replaces whole entries of an earlier one.
//!
//! An overlay may only tighten unless the operator allows more; what it may not do is kept beside the entry, so
//! that `why` can tell. Nothing is copied: the view walks the sorted lists side by side, be they in memory or compiled.
//!
//! Spec: docs/list-format.md, "Overlays".

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::domain::Domain;
use crate::index::IndexError;
use crate::list::Head;
use crate::lookup::{Entries, Found, Lookup};
use crate::mode::Mode;
use crate::name::{Name, NameError, printable};
use crate::pin::Label;
use crate::policy::{Policy, Strictness};
use crate::relaxed::{Relaxation, Relaxations, relaxed};
use crate::timestamp::Date;

/// One list and what the operator lets it do.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// What the operator calls it: its file name.
    pub name: &'a str,
    /// The list.
    pub list: &'a dyn Lookup,
    /// Its scope.
    pub scope: Scope,
}

/// What a list may say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Only these domains; empty for all.
    pub only: Vec<DomainPattern>,
    /// Entries count as of this mode at most.
    pub max_mode: Option<Mode>,
    /// Whether it may weaken what an earlier list says.
    pub relaxing: Relaxing,
}

/// Whether a list may weaken what an earlier list says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Relaxing {
    /// It may only tighten.
    #[default]
    Refused,
    /// It may do both.
    Allowed,
}

/// `example.org` for itself, `*.example.org` or `*.org` for everything below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DomainPattern {
    /// That domain alone.
    Exact(Domain),
    /// Whatever ends so: a dot and one label or more.
    Below(String),
}

/// All lists in force, as one.
#[derive(Clone, Debug)]
pub struct Merged<'a> {
    layers: Vec<Layer<'a>>,
    /// By name of the layer whose entries they are about.
    relaxed: Vec<(&'a str, &'a Relaxations)>,
}

/// One domain of the merged view.
#[derive(Clone, Debug)]
pub struct MergedEntry<'a> {
    /// The policy domain.
    pub domain: Cow<'a, Domain>,
    /// The policy that holds: the entry's, or one of lower mode.
    pub policy: Cow<'a, Policy>,
    /// The mode that the entry has in its list, whatever the scope makes of it.
    pub listed_mode: Mode,
    /// Name of the shared policy that the entry refers to.
    pub alias: Option<Cow<'a, Label>>,
    /// Since when the policy is as it stands in its list.
    pub since: Option<Date>,
    /// Name of the list that it comes from.
    pub layer: &'a str,
    /// What stands above that list's entries.
    pub head: &'a Head,
    /// The order by which the entry counts as `testing` for a while.
    pub relaxed: Option<&'a Relaxation>,
    /// Lists that name the domain too and do not hold.
    pub passed_over: Vec<PassedOver<'a>>,
}

/// A list that names a domain without effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PassedOver<'a> {
    /// Name of the list.
    pub layer: &'a str,
    /// Why.
    pub cause: PassedOverCause,
}

/// A compiled list that cannot be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {error}", printable(layer))]
pub struct LayerError {
    /// Name of the list.
    pub layer: String,
    /// What is wrong with it.
    pub error: IndexError,
}

/// Why a list's entry has no effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PassedOverCause {
    /// A later list replaced it.
    Replaced,
    /// It would have weakened what an earlier list says.
    WouldRelax,
    /// It is neither tighter nor weaker than what an earlier list says.
    Incomparable,
    /// Its mode is capped, and so it is not at least as strict as what an earlier list says.
    Capped,
    /// An order lets it count as `testing`, and so it is not at least as strict as what an earlier list says.
    Relaxed,
}

impl<'a> Merged<'a> {
    /// Puts the layers together, first the base; lists that have ended are to be left out before.
    pub fn new(layers: Vec<Layer<'a>>) -> Self {
        Self { layers, relaxed: Vec::new() }
    }

    /// Lets the entries of the layer of that name that `relaxations` has count as `testing`; those of other layers are left.
    /// Said twice of one layer, the latter holds.
    #[must_use]
    pub fn relaxed_by(mut self, layer: &'a str, relaxations: &'a Relaxations) -> Self {
        self.relaxed.push((layer, relaxations));
        self
    }

    /// The entry that holds for a domain.
    ///
    /// # Errors
    /// [`LayerError`] of a compiled list that is damaged; what the others say is not told then, since it may not hold.
    pub fn get(&self, domain: &Domain) -> Result<Option<MergedEntry<'a>>, LayerError> {
        let mut held = None;
        for layer in &self.layers {
            if let Some(found) = layer.list.find(domain).map_err(|error| layer.error(error))? {
                held = layer.replace(self.orders(layer), held, found);
            }
        }
        Ok(held)
    }

    /// All domains in order, each with the entry that holds; ends behind the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<MergedEntry<'a>, LayerError>> + '_ {
        let mut walks: Vec<_> =
            self.layers.iter().map(|layer| Walk::new(layer, self.orders(layer))).collect();
        let mut has_failed = false;
        core::iter::from_fn(move || {
            let next = if has_failed { None } else { next_entry(&mut walks).transpose() };
            has_failed |= next.as_ref().is_some_and(Result::is_err);
            next
        })
    }

    fn orders(&self, layer: &Layer<'_>) -> Option<&'a Relaxations> {
        self.relaxed.iter().rfind(|(name, _)| *name == layer.name).map(|(_, orders)| *orders)
    }

    /// The layers, base first.
    pub fn layers(&self) -> &[Layer<'a>] {
        &self.layers
    }
}

/// A layer's entries, of which the next one is at hand.
struct Walk<'a, 'b> {
    layer: &'b Layer<'a>,
    orders: Option<&'a Relaxations>,
    entries: Entries<'a>,
    next: Option<Found<'a>>,
    has_begun: bool,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn new(layer: &'b Layer<'a>, orders: Option<&'a Relaxations>) -> Self {
        Self { layer, orders, entries: layer.list.entries(), next: None, has_begun: false }
    }

    fn advance(&mut self) -> Result<Option<Found<'a>>, LayerError> {
        let next = self.entries.next().transpose().map_err(|error| self.layer.error(error))?;
        Ok(core::mem::replace(&mut self.next, next))
    }
}

/// The next domain, of which the walks are moved past it, with the entry that holds.
fn next_entry<'a>(walks: &mut [Walk<'a, '_>]) -> Result<Option<MergedEntry<'a>>, LayerError> {
    for walk in walks.iter_mut().filter(|walk| !walk.has_begun) {
        walk.has_begun = true;
        walk.advance()?;
    }
    loop {
        let domains = walks.iter().filter_map(|walk| walk.next.as_ref()).map(|found| &found.domain);
        let Some(domain) = domains.min().cloned() else { return Ok(None) };
        let mut held = None;
        let there = |walk: &&mut Walk<'a, '_>| walk.next.as_ref().is_some_and(|next| next.domain == domain);
        for walk in walks.iter_mut().filter(there) {
            if let Some(found) = walk.advance()? {
                held = walk.layer.replace(walk.orders, held, found);
            }
        }
        // Entries outside their list's scope hold nothing.
        if held.is_some() {
            return Ok(held);
        }
    }
}

impl<'a> Layer<'a> {
    fn error(&self, error: IndexError) -> LayerError {
        LayerError { layer: self.name.into(), error }
    }

    /// Lets an entry of this layer replace what holds so far, if it may.
    fn replace(
        &self,
        orders: Option<&'a Relaxations>,
        held: Option<MergedEntry<'a>>,
        found: Found<'a>,
    ) -> Option<MergedEntry<'a>> {
        if !self.scope.covers(&found.domain) {
            return held;
        }
        let listed_mode = found.policy.mode;
        let capped = self.scope.capped(found.policy);
        let order = orders.and_then(|orders| orders.get(found.domain.as_ref()));
        let (policy, relaxed) = match order.zip(relaxed(&capped)) {
            Some((order, relaxed)) => (relaxed, Some(order)),
            None => (capped, None),
        };
        let mut new = MergedEntry {
            domain: found.domain,
            listed_mode,
            policy,
            relaxed,
            alias: found.alias,
            since: found.since,
            layer: self.name,
            head: self.list.head(),
            passed_over: Vec::new(),
        };
        let Some(mut old) = held else { return Some(new) };
        if let Some(cause) = obstacle(&self.scope, &new, &old.policy) {
            old.passed_over.push(PassedOver { layer: self.name, cause });
            return Some(old);
        }
        new.passed_over = old.passed_over;
        new.passed_over.push(PassedOver { layer: old.layer, cause: PassedOverCause::Replaced });
        Some(new)
    }
}

fn obstacle(scope: &Scope, new: &MergedEntry<'_>, old: &Policy) -> Option<PassedOverCause> {
    let strictness = new.policy.compared_with(old);
    if matches!(strictness, Strictness::Same | Strictness::Tighter) {
        return None;
    }
    // An order acts on what the cap left of the mode, so it is never both.
    let was_capped = new.relaxed.is_none() && new.policy.mode < new.listed_mode;
    match (was_capped, scope.relaxing, strictness) {
        (true, _, _) => Some(PassedOverCause::Capped),
        (false, Relaxing::Allowed, _) => None,
        (false, Relaxing::Refused, _) if new.relaxed.is_some() => Some(PassedOverCause::Relaxed),
        (false, Relaxing::Refused, Strictness::Looser) => Some(PassedOverCause::WouldRelax),
        (false, Relaxing::Refused, _) => Some(PassedOverCause::Incomparable),
    }
}

impl Scope {
    fn covers(&self, domain: &Domain) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| pattern.covers(domain))
    }

    fn capped<'a>(&self, mut policy: Cow<'a, Policy>) -> Cow<'a, Policy> {
        if let Some(max) = self.max_mode.filter(|max| *max < policy.mode) {
            policy.to_mut().mode = max;
        }
        policy
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => domain.fmt(f),
            Self::Below(ending) => write!(f, "*{ending}"),
        }
    }
}

impl DomainPattern {
    /// Reads `example.org`, `*.example.org` or `*.org`.
    ///
    /// # Errors
    /// [`NameError`] when what stands behind `*.` is no name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let Some(parent) = text.strip_prefix("*.") else {
            return Domain::parse(text).map(Self::Exact);
        };
        // A top-level domain is one label, which is no name by itself.
        let with_child = Name::parse(&alloc::format!("x.{parent}"))?;
        Ok(Self::Below(with_child.as_str().trim_start_matches('x').into()))
    }

    /// Tells whether the domain is meant.
    pub fn covers(&self, domain: &Domain) -> bool {
        match self {
            Self::Exact(exact) => exact == domain,
            Self::Below(suffix) => {
                domain.as_str().len() > suffix.len() && domain.as_str().ends_with(suffix.as_str())
            }
        }
    }
}

impl fmt::Display for PassedOverCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "a later list replaces its entry",
            Self::WouldRelax => "it would relax what an earlier list says, and is not allowed to",
            Self::Incomparable => "it is neither tighter nor weaker than what an earlier list says",
            Self::Capped => {
                "its mode is capped, and with that it is not at least as strict as what an earlier list says"
            }
            Self::Relaxed => {
                "an order lets its entry count as `testing`, and with that it is not at least as strict as what an earlier list says"
            }
        })
    }
}

#[cfg(test)]
mod overlays {
    use super::*;
    use crate::List;
    use crate::index::{Index, build};
    use alloc::format;

    fn list(policies: &str) -> List {
        let text = format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999, "policies": {{{policies}}}}}"#
        );
        crate::read::list(text.as_bytes()).unwrap()
    }

    fn layer<'a>(name: &'a str, list: &'a List, scope: Scope) -> Layer<'a> {
        Layer { name, list, scope }
    }

    fn compiled(list: &List) -> Index<Vec<u8>> {
        Index::parse(build(list, 1, [0; 32]).unwrap()).unwrap()
    }

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    const BASE: &str = r#""a.example": {"mode": "enforce", "mx": [".a.example"]}, "b.example": {"mode": "testing", "mx": ["mx.b.example"]}"#;

    fn held(overlay: &str, scope: Scope, of: &str) -> (alloc::string::String, Mode, Vec<PassedOverCause>) {
        let (base, overlay) = (list(BASE), list(overlay));
        let entry_scope = scope.clone();
        let merged =
            Merged::new(alloc::vec![layer("base", &base, Scope::default()), layer("over", &overlay, scope)]);
        let entry = merged.get(&domain(of)).unwrap().unwrap();
        let walked = merged.iter().map(Result::unwrap).find(|entry| entry.domain.as_str() == of).unwrap();
        assert_eq!((walked.layer, &walked.policy), (entry.layer, &entry.policy), "get and iter must agree");
        let (base, overlay) = (compiled(&base), compiled(&overlay));
        let compiled = Merged::new(
            [("base", &base, Scope::default()), ("over", &overlay, entry_scope)]
                .map(|(name, list, scope)| Layer { name, list, scope })
                .into(),
        );
        let found = compiled.get(&domain(of)).unwrap().unwrap();
        assert_eq!((found.layer, &found.policy), (entry.layer, &entry.policy), "compiled lists say the same");
        assert_eq!(found.passed_over, entry.passed_over);
        (entry.layer.into(), entry.policy.mode, entry.passed_over.iter().map(|passed| passed.cause).collect())
    }

    #[test]
    fn tighten_whole_entries() {
        let over = r#""a.example": {"mode": "enforce", "mx": ["mx.a.example"]}"#;
        assert_eq!(
            held(over, Scope::default(), "a.example"),
            ("over".into(), Mode::Enforce, [PassedOverCause::Replaced].into())
        );
    }

    #[test]
    fn may_not_relax_unless_allowed() {
        let over = r#""a.example": {"mode": "testing", "mx": [".a.example"]}"#;
        assert_eq!(
            held(over, Scope::default(), "a.example"),
            ("base".into(), Mode::Enforce, [PassedOverCause::WouldRelax].into())
        );
        let may = Scope { relaxing: Relaxing::Allowed, ..Scope::default() };
        assert_eq!(
            held(over, may, "a.example"),
            ("over".into(), Mode::Testing, [PassedOverCause::Replaced].into())
        );
        let other = r#""a.example": {"mode": "enforce", "mx": ["mx.elsewhere.example"]}"#;
        assert_eq!(held(other, Scope::default(), "a.example").2, [PassedOverCause::Incomparable]);
    }

    #[test]
    fn with_a_capped_mode_never_replace_what_is_stricter() {
        let over = r#""a.example": {"mode": "enforce", "mx": ["mx.a.example"]}, "c.example": {"mode": "enforce", "mx": ["mx.c.example"]}"#;
        let scope = Scope { max_mode: Some(Mode::Testing), relaxing: Relaxing::Allowed, ..Scope::default() };
        assert_eq!(
            held(over, scope.clone(), "a.example"),
            ("base".into(), Mode::Enforce, [PassedOverCause::Capped].into())
        );
        assert_eq!(held(over, scope, "c.example"), ("over".into(), Mode::Testing, [].into()));
    }

    #[test]
    fn with_a_capped_mode_do_not_call_stricter_what_is_merely_different() {
        let over = r#""b.example": {"mode": "enforce", "mx": ["mx.elsewhere.example"]}"#;
        let scope = Scope { max_mode: Some(Mode::Testing), relaxing: Relaxing::Allowed, ..Scope::default() };
        let (layer, _, causes) = held(over, scope, "b.example");
        assert_eq!((layer.as_str(), causes.as_slice()), ("base", &[PassedOverCause::Capped][..]));
        assert!(!format!("{}", PassedOverCause::Capped).contains("is stricter"));
    }

    fn order(of: &str) -> Relaxations {
        let relaxation = Relaxation {
            until: crate::Timestamp::from_seconds(9).unwrap(),
            order: "0a".into(),
            by: "alpha".into(),
            reason: "certificate lost".into(),
        };
        [(domain(of), relaxation)].into()
    }

    fn relaxed_held(overlay: &str, scope: Scope, of: (&'static str, &str)) -> (alloc::string::String, Mode) {
        let (base, overlay) = (list(BASE), list(overlay));
        let order = order(of.1);
        let layers = alloc::vec![layer("base", &base, Scope::default()), layer("over", &overlay, scope)];
        let merged = Merged::new(layers).relaxed_by(of.0, &order);
        let entry = merged.get(&domain("a.example")).unwrap().unwrap();
        assert_eq!(entry.relaxed.is_some(), entry.policy.mode < entry.listed_mode);
        (entry.layer.into(), entry.policy.mode)
    }

    #[test]
    fn that_relax_an_entry_for_a_while_make_it_testing_and_no_other() {
        let base = list(BASE);
        for (of, mode) in
            [("a.example", Mode::Testing), ("b.example", Mode::Enforce), ("c.example", Mode::Enforce)]
        {
            let order = order(of);
            let merged = Merged::new(alloc::vec![layer("base", &base, Scope::default())]);
            let merged = merged.relaxed_by("base", &order);
            let entry = merged.get(&domain("a.example")).unwrap().unwrap();
            assert_eq!((entry.policy.mode, entry.relaxed.is_some()), (mode, mode == Mode::Testing), "{of}");
            let Policy { mode: _, mx, .. } = entry.policy.as_ref();
            assert_eq!(mx, &base.get(&domain("a.example")).unwrap().policy.mx);
        }
        let testing = order("b.example");
        let merged = Merged::new(alloc::vec![layer("base", &base, Scope::default())]);
        let merged = merged.relaxed_by("base", &testing);
        let entry = merged.get(&domain("b.example")).unwrap().unwrap();
        assert_eq!((entry.policy.mode, entry.relaxed), (Mode::Testing, None), "nothing to relax");
    }

    #[test]
    fn that_relax_an_entry_do_so_in_their_own_list_alone() {
        let over = r#""a.example": {"mode": "enforce", "mx": ["mx.a.example"]}"#;
        let may = Scope { relaxing: Relaxing::Allowed, ..Scope::default() };
        // The base's order leaves the overlay; the overlay's lets the stricter base hold, unless it may relax.
        assert_eq!(
            relaxed_held(over, Scope::default(), ("base", "a.example")),
            ("over".into(), Mode::Enforce)
        );
        assert_eq!(
            relaxed_held(over, Scope::default(), ("over", "a.example")),
            ("base".into(), Mode::Enforce)
        );
        assert_eq!(relaxed_held(over, may, ("over", "a.example")), ("over".into(), Mode::Testing));
        assert!(!format!("{}", PassedOverCause::Relaxed).contains("capped"));
    }

    #[test]
    fn stay_inside_their_scope() {
        let over = r#""b.example": {"mode": "enforce", "mx": ["mx.b.example"]}, "x.de": {"mode": "enforce", "mx": ["mx.x.de"]}"#;
        let scope = Scope { only: alloc::vec![DomainPattern::parse("*.de").unwrap()], ..Scope::default() };
        assert_eq!(held(over, scope.clone(), "b.example").0, "base");
        assert_eq!(held(over, scope, "x.de").0, "over");
    }

    #[test]
    fn walk_in_order_and_each_domain_once() {
        let (base, over) = (
            list(BASE),
            list(
                r#""0.example": {"mode": "none"}, "b.example": {"mode": "enforce", "mx": ["mx.b.example"]}"#,
            ),
        );
        let merged = Merged::new(alloc::vec![
            layer("base", &base, Scope::default()),
            layer("over", &over, Scope::default())
        ]);
        let seen: Vec<_> = merged
            .iter()
            .map(Result::unwrap)
            .map(|entry| (entry.domain.as_str().to_owned(), entry.layer))
            .collect();
        let want = [("0.example", "over"), ("a.example", "base"), ("b.example", "over")];
        assert_eq!(seen, want.map(|(domain, layer)| (domain.to_owned(), layer)));
    }

    #[test]
    fn end_where_a_compiled_list_is_damaged_and_do_not_take_it_for_silent() {
        let mut bytes = build(&list(BASE), 1, [0; 32]).unwrap();
        // The first name's first letter.
        bytes[crate::index::HEADER_BYTES + 2] ^= 1;
        let damaged = Index::parse(bytes).unwrap();
        let over = list(r#""c.example": {"mode": "none"}"#);
        let layers = alloc::vec![
            Layer { name: "base", list: &damaged, scope: Scope::default() },
            layer("over", &over, Scope::default())
        ];
        let merged = Merged::new(layers);
        assert!(merged.get(&domain("a.example")).is_err());
        assert_eq!(merged.get(&domain("c.example")).unwrap().unwrap().layer, "over");
        let walked: Vec<_> = merged.iter().collect();
        assert!(matches!(walked.as_slice(), [Err(LayerError { error: IndexError::Damaged { .. }, .. })]));
    }

    #[test]
    fn scope_patterns_reach_below_but_not_themselves() {
        let de = DomainPattern::parse("*.DE").unwrap();
        assert!(
            de.covers(&domain("a.de"))
                && de.covers(&domain("b.a.de"))
                && !de.covers(&domain("a.ode.example"))
        );
        let org = DomainPattern::parse("*.example.org").unwrap();
        assert!(!org.covers(&domain("example.org")) && !org.covers(&domain("badexample.org")));
        for bad in ["*", "*.", "*.*.de", "de", ".de"] {
            assert!(DomainPattern::parse(bad).is_err(), "{bad}");
        }
        for text in ["*.de", "*.example.org", "example.org"] {
            assert_eq!(DomainPattern::parse(text).unwrap().to_string(), text);
        }
    }
}
