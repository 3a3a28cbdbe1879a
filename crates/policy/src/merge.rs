//! Several lists in the operator's order, seen as one: a later list replaces whole entries of an earlier one.
//!
//! An overlay may only tighten unless the operator allows more; what it may not do is kept beside the entry, so
//! that `why` can tell. Nothing is copied: the view walks the sorted lists side by side.
//!
//! Spec: docs/list-format.md, "Overlays".

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::domain::Domain;
use crate::list::{List, Listed};
use crate::mode::Mode;
use crate::name::{Name, NameError};
use crate::policy::{Policy, Strictness};
use crate::relaxed::{Relaxation, Relaxations, relaxed};

/// One list and what the operator lets it do.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// What the operator calls it: its file name.
    pub name: &'a str,
    /// The list.
    pub list: &'a List,
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
    pub domain: &'a Domain,
    /// The entry that holds, as it stands in its list.
    pub listed: Listed<'a>,
    /// The policy that holds: the entry's, or a copy of lower mode.
    pub policy: Cow<'a, Policy>,
    /// Name of the list that it comes from.
    pub layer: &'a str,
    /// That list.
    pub list: &'a List,
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
    #[must_use]
    pub fn relaxed_by(mut self, layer: &'a str, relaxations: &'a Relaxations) -> Self {
        self.relaxed.push((layer, relaxations));
        self
    }

    /// The entry that holds for a domain.
    pub fn get(&self, domain: &Domain) -> Option<MergedEntry<'a>> {
        let candidates = self.layers.iter().filter_map(|layer| Some((layer, layer.list.get(domain)?)));
        self.resolve(candidates)
    }

    /// All domains in order, each with the entry that holds.
    pub fn iter(&self) -> impl Iterator<Item = MergedEntry<'a>> + '_ {
        let mut at: Vec<usize> = self.layers.iter().map(|_| 0).collect();
        core::iter::from_fn(move || {
            loop {
                let heads =
                    || self.layers.iter().zip(&at).filter_map(|(layer, at)| layer.list.entries.get(*at));
                let domain = heads().map(|entry| &entry.domain).min()?.clone();
                let mut candidates = Vec::with_capacity(self.layers.len());
                for (layer, at) in self.layers.iter().zip(&mut at) {
                    if let Some(entry) = layer.list.entries.get(*at).filter(|entry| entry.domain == domain) {
                        *at += 1;
                        candidates.extend(layer.list.listed(entry).map(|listed| (layer, listed)));
                    }
                }
                if let Some(entry) = self.resolve(candidates.into_iter()) {
                    return Some(entry);
                }
            }
        })
    }

    /// The layers, base first.
    pub fn layers(&self) -> &[Layer<'a>] {
        &self.layers
    }
}

impl<'a> Merged<'a> {
    /// Lets each candidate, base first, replace what holds so far if it may.
    fn resolve<'b>(
        &self,
        candidates: impl Iterator<Item = (&'b Layer<'a>, Listed<'a>)>,
    ) -> Option<MergedEntry<'a>>
    where
        'a: 'b,
    {
        let mut held: Option<MergedEntry<'a>> = None;
        for (layer, listed) in candidates.filter(|(layer, listed)| layer.scope.covers(listed.domain)) {
            let mut new = self.entry(layer, listed);
            held = Some(match held {
                None => new,
                Some(mut old) => match obstacle(&layer.scope, &new, &old.policy) {
                    Some(cause) => {
                        old.passed_over.push(PassedOver { layer: layer.name, cause });
                        old
                    }
                    None => {
                        new.passed_over = old.passed_over;
                        new.passed_over
                            .push(PassedOver { layer: old.layer, cause: PassedOverCause::Replaced });
                        new
                    }
                },
            });
        }
        held
    }

    /// One list's entry, as the operator's cap and the list's own orders leave it.
    fn entry(&self, layer: &Layer<'a>, listed: Listed<'a>) -> MergedEntry<'a> {
        let capped = layer.scope.capped(listed.policy);
        let order = self.relaxed.iter().filter(|(name, _)| *name == layer.name);
        let order = order.filter_map(|(_, orders)| orders.get(listed.domain)).max_by_key(|order| order.until);
        let (policy, relaxed) = match order.zip(relaxed(&capped)) {
            Some((order, relaxed)) => (relaxed, Some(order)),
            None => (capped, None),
        };
        MergedEntry {
            domain: listed.domain,
            listed,
            policy,
            layer: layer.name,
            list: layer.list,
            relaxed,
            passed_over: Vec::new(),
        }
    }
}

fn obstacle(scope: &Scope, new: &MergedEntry<'_>, old: &Policy) -> Option<PassedOverCause> {
    let strictness = new.policy.compared_with(old);
    if matches!(strictness, Strictness::Same | Strictness::Tighter) {
        return None;
    }
    // An order acts on what the cap left of the mode, so it is never both.
    let was_capped = new.relaxed.is_none() && new.policy.mode < new.listed.policy.mode;
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

    fn capped<'a>(&self, policy: &'a Policy) -> Cow<'a, Policy> {
        match self.max_mode {
            Some(max) if max < policy.mode => Cow::Owned(Policy { mode: max, ..policy.clone() }),
            _ => Cow::Borrowed(policy),
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

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    const BASE: &str = r#""a.example": {"mode": "enforce", "mx": [".a.example"]}, "b.example": {"mode": "testing", "mx": ["mx.b.example"]}"#;

    fn held(overlay: &str, scope: Scope, of: &str) -> (alloc::string::String, Mode, Vec<PassedOverCause>) {
        let (base, overlay) = (list(BASE), list(overlay));
        let merged =
            Merged::new(alloc::vec![layer("base", &base, Scope::default()), layer("over", &overlay, scope)]);
        let entry = merged.get(&domain(of)).unwrap();
        let walked = merged.iter().find(|entry| entry.domain.as_str() == of).unwrap();
        assert_eq!((walked.layer, &walked.policy), (entry.layer, &entry.policy), "get and iter must agree");
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
        let entry = merged.get(&domain("a.example")).unwrap();
        assert_eq!(entry.relaxed.is_some(), entry.policy.mode < entry.listed.policy.mode);
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
            let entry = merged.get(&domain("a.example")).unwrap();
            assert_eq!((entry.policy.mode, entry.relaxed.is_some()), (mode, mode == Mode::Testing), "{of}");
            let Policy { mode: _, mx, .. } = entry.policy.as_ref();
            assert_eq!(mx, &entry.listed.policy.mx);
        }
        let testing = order("b.example");
        let merged = Merged::new(alloc::vec![layer("base", &base, Scope::default())]);
        let merged = merged.relaxed_by("base", &testing);
        let entry = merged.get(&domain("b.example")).unwrap();
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
        let seen: Vec<_> = merged.iter().map(|entry| (entry.domain.as_str(), entry.layer)).collect();
        assert_eq!(seen, [("0.example", "over"), ("a.example", "base"), ("b.example", "over")]);
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
    }
}
