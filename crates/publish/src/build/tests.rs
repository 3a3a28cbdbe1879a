//! What is built from which lists.
use super::*;
use proptest::prelude::*;

const BASE: &str = r#"{"version": "1", "author": "A", "serial": 42, "timestamp": "2026-11-20T00:00:00Z",
  "expires": "2026-12-20T00:00:00Z",
  "pinsets": {"p": {"kind": "leaf", "static_spki_hashes": ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256/BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}},
  "providers": {"big": {"mode": "enforce", "mx": ["mx.big.example"]}, "zeta": {"mode": "testing", "mx": ["mx.zeta.example"]}},
  "policies": {"a.example": {"provider": "big"}, "b.example": {"provider": "zeta"},
    "c.example": {"mode": "enforce", "mx": ["mx.c.example"], "pinset": "p"}}}"#;

const CHANGES: &str = r#"{"version": "1", "author": "B", "serial": 1, "timestamp": "2026-11-20T00:00:00Z",
  "expires": "2026-12-20T00:00:00Z",
  "pinsets": {"p": {"kind": "leaf", "static_spki_hashes": ["sha256/CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256/DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}},
  "providers": {"able": {"mode": "testing", "mx": ["mx.able.example"]}, "big": {"mode": "enforce", "mx": ["mx2.big.example"]}},
  "policies": {"b.example": {"mode": "none"}, "d.example": {"provider": "able"}, "e.example": {"provider": "big"}}}"#;

fn read(text: &str) -> List {
    starttls_policy::read::list(text.as_bytes()).unwrap()
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn order(sources: Vec<List>) -> Order {
    Order {
        sources,
        removed: Vec::new(),
        author: None,
        serial: Serial::Next,
        timestamp: time("2026-12-01T00:00:00Z"),
        expires: time("2027-03-01T00:00:00Z"),
        root: 1,
    }
}

fn previous() -> Previous {
    Previous { list: read(BASE), sha256: Digest::of(BASE.as_bytes()) }
}

mod sources {
    use super::*;

    #[test]
    fn replace_what_stands_before_them_by_name() {
        let built = build(order(vec![read(BASE), read(CHANGES)]), Some(&previous())).unwrap();
        let list = read(&built.text);
        let mx = |domain: &str| {
            let domain = Domain::parse(domain).unwrap();
            list.get(&domain).unwrap().policy.mx.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(list.entries.len(), 5);
        for (domain, want) in [
            ("a.example", "mx2.big.example"),
            ("c.example", "mx.c.example"),
            ("d.example", "mx.able.example"),
            ("e.example", "mx2.big.example"),
        ] {
            assert_eq!(mx(domain), [want], "{domain}");
        }
        assert!(mx("b.example").is_empty());
        assert!(built.text.contains("sha256/CAAA") && !built.text.contains("sha256/BAAA"));
        assert_eq!(list.head.author.as_deref(), Some("A"));
        assert_eq!((list.head.serial, list.head.expires), (43, Some(time("2027-03-01T00:00:00Z"))));
    }

    #[test]
    fn of_any_dialect_make_canonical_bytes() {
        let eff = r#"{"version": "0.1", "timestamp": "2020-01-01T00:00:00Z", "author": "EFF", "expires": "2020-02-01T00:00:00Z",
          "policies": {"a.example": {"mode": "enforce", "mxs": [".a.example"]}}}"#;
        let built = build(order(vec![read(eff)]), None).unwrap();
        assert_eq!((built.statement.serial, built.statement.entries), (1, 1));
        let again = read(&built.text);
        let mut text = String::new();
        write::one(&again, &mut text).unwrap();
        assert_eq!(text, built.text);
    }

    #[test]
    fn lose_the_domains_that_are_left_out() {
        let removed = vec![Domain::parse("a.example").unwrap()];
        let built = build(Order { removed, ..order(vec![read(BASE)]) }, Some(&previous())).unwrap();
        assert_eq!(built.statement.changes, Changes { removed: 1, ..Changes::default() });
        let removed = vec![Domain::parse("aa.example").unwrap()];
        let error = build(Order { removed, ..order(vec![read(BASE)]) }, None).unwrap_err();
        assert!(matches!(error, BuildError::NotThere { .. }), "{error}");
    }
}

mod statements {
    use super::*;

    #[test]
    fn say_what_is_true_of_the_list() {
        let built = build(order(vec![read(BASE), read(CHANGES)]), Some(&previous())).unwrap();
        let statement = built.statement;
        assert_eq!(statement.sha256, Digest::of(built.text.as_bytes()));
        assert_eq!(statement.size, number(built.text.len()));
        assert_eq!(statement.previous, Some(Digest::of(BASE.as_bytes())));
        let Changes { added, removed, relaxed, .. } = statement.changes;
        assert_eq!((added, removed, relaxed), (2, 0, 1));
    }
}

mod refused {
    use super::*;

    #[test]
    fn is_what_clients_would_refuse() {
        let with = |change: fn(&mut Order)| {
            let mut order = order(vec![read(BASE)]);
            change(&mut order);
            build(order, Some(&previous())).unwrap_err()
        };
        let error = with(|order| order.serial = Serial::Is(42));
        assert!(matches!(error, BuildError::SerialDoesNotGrow { serial: 42, previous: 42 }), "{error}");
        let error = with(|order| order.timestamp = time("2026-11-19T23:59:59Z"));
        assert!(matches!(error, BuildError::IssuedEarlier { .. }), "{error}");
        for expires in ["2026-12-01T00:00:00Z", "2028-01-05T00:00:01Z", "2026-01-01T00:00:00Z"] {
            let mut order = order(vec![read(BASE)]);
            order.expires = time(expires);
            let error = build(order, Some(&previous())).unwrap_err();
            assert!(matches!(error, BuildError::Life { .. }), "{expires}: {error}");
        }
        assert!(matches!(with(|order| order.sources.clear()), BuildError::NoSource));
    }
}

mod reproducible {
    use super::*;

    fn made_up() -> impl Strategy<Value = String> {
        let entry = ("[a-z]{1,8}", prop_oneof![Just("enforce"), Just("testing")], "[a-z]{1,8}");
        proptest::collection::btree_map("[a-z]{1,8}", entry, 0..12).prop_map(|entries| {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, (_, mode, mx))| {
                    format!(r#""{name}.example": {{"mode": "{mode}", "mx": ["{mx}.example"]}}"#)
                })
                .collect();
            format!(
                r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-20T00:00:00Z", "expires": "2026-12-20T00:00:00Z", "policies": {{{}}}}}"#,
                entries.join(",")
            )
        })
    }

    proptest! {
        #[test]
        fn is_every_build(base in made_up(), changes in made_up()) {
            let once = || build(order(vec![read(&base), read(&changes)]), None).unwrap();
            let (first, second) = (once(), once());
            prop_assert_eq!(&first.text, &second.text);
            prop_assert_eq!(first.statement, second.statement);
            // Built again from its own bytes, it is the same.
            let again = build(order(vec![read(&first.text)]), None).unwrap();
            prop_assert_eq!(again.text, first.text);
        }
    }
}
