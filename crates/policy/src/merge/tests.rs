//! Overlays, and what their scopes reach.

use alloc::format;

use super::*;
use crate::List;
use crate::index::{Index, IndexError, build};

mod overlays {
    use super::*;

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
