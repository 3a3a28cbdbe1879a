//! The diff against a naive one over arbitrary lists; how each kind of change is told.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::format;

use proptest::prelude::*;

use super::*;
use crate::list::arbitrary::similar_lists;
use crate::{Mode, Strictness, read, write};

fn list(members: &str) -> List {
    let head = r#""version": "1", "author": "A", "serial": 1, "timestamp": 1, "expires": 2"#;
    read::list(format!("{{{head}, {members}}}").as_bytes())
        .unwrap_or_else(|error| panic!("{error} {members}"))
}

fn entries(entries: &str) -> List {
    list(&format!(r#""policies": {{{entries}}}"#))
}

fn canonical(list: &List) -> String {
    let mut text = String::new();
    write::one(list, &mut text).unwrap();
    text
}

fn texts(patterns: &[&crate::MxPattern]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

mod entry_changes {
    use super::*;

    #[test]
    fn say_who_came_went_and_how_the_rest_fared() {
        let old = entries(
            r#""gone.example": {"mode": "none"},
            "looser.example": {"mode": "enforce", "mx": ["mx.a.example"]},
            "other.example": {"mode": "enforce", "mx": ["mx1.a.example"]},
            "reported.example": {"mode": "testing", "mx": ["mx.a.example"]},
            "same.example": {"mode": "testing", "mx": ["mx.a.example"]},
            "tighter.example": {"mode": "testing", "mx": ["mx.a.example"]}"#,
        );
        let new = entries(
            r#""added.example": {"mode": "testing", "mx": ["mx.a.example"]},
            "looser.example": {"mode": "enforce", "mx": ["mx.a.example", "mx.b.example"]},
            "other.example": {"mode": "enforce", "mx": ["mx2.a.example"]},
            "reported.example": {"mode": "testing", "mx": ["mx.a.example"], "report-to": ["mailto:a@a.example"], "since": "2026-01-01"},
            "same.example": {"mode": "testing", "mx": ["mx.a.example"]},
            "tighter.example": {"mode": "enforce", "mx": ["mx.a.example"]}"#,
        );
        let diff = between(&old, &new);
        let told: Vec<_> = diff
            .entries
            .iter()
            .map(|entry| match &entry.change {
                Change::Added(_) => (entry.domain.as_str(), None, 0),
                Change::Removed(policy) => {
                    (entry.domain.as_str(), None, usize::from(policy.mode == Mode::None))
                }
                Change::Altered(alteration) => {
                    (entry.domain.as_str(), Some(alteration.strictness), alteration.facts.len())
                }
            })
            .collect();
        assert_eq!(
            told,
            [
                ("added.example", None, 0),
                ("gone.example", None, 1),
                ("looser.example", Some(Strictness::Looser), 1),
                ("other.example", Some(Strictness::Incomparable), 1),
                ("reported.example", Some(Strictness::Same), 2),
                ("tighter.example", Some(Strictness::Tighter), 1),
            ]
        );
        let totals = Totals {
            added: 1,
            removed: 1,
            tightened: 1,
            relaxed: 1,
            incomparable: 1,
            restated: 1,
            untouched: 1,
        };
        assert_eq!(diff.totals, totals);
    }

    #[test]
    fn tell_a_move_to_a_shared_policy_that_says_the_same() {
        let old = entries(r#""a.example": {"mode": "testing", "mx": ["mx.a.example"]}"#);
        let new = list(
            r#""providers": {"p": {"mode": "testing", "mx": ["mx.a.example"]}}, "policies": {"a.example": {"provider": "p"}}"#,
        );
        let diff = between(&old, &new);
        let Change::Altered(alteration) = &diff.entries[0].change else { panic!() };
        assert_eq!(alteration.strictness, Strictness::Same);
        assert_eq!(alteration.facts, [Fact::Alias(None, Some(&new.aliases[0].name))]);
        assert!(matches!(diff.shared[0], SharedChange { change: Change::Added(_), domains: 1, .. }));
    }

    #[test]
    fn of_a_renamed_pinset_admit_the_same() {
        let text = |name: &str| {
            list(&format!(
                r#""pinsets": {{"{name}": {{"kind": "leaf", "static_spki_hashes": ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256/LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="]}}}},
                "policies": {{"a.example": {{"mode": "testing", "mx": ["mx.a.example"], "pinset": "{name}"}}}}"#
            ))
        };
        let (old, new) = (text("p"), text("q"));
        let diff = between(&old, &new);
        assert_eq!(diff.totals, Totals { restated: 1, ..Totals::default() });
        let told: Vec<_> = diff.pinsets.iter().map(|one| (one.name.as_str(), one.domains)).collect();
        assert_eq!(told, [("p", 1), ("q", 1)]);
    }
}

mod shared_policies {
    use super::*;

    fn provider(mx: &str, note: &str) -> List {
        let followers: Vec<String> =
            (0..249).map(|n| format!(r#""d{n:03}.example": {{"provider": "google"{note}}}"#)).collect();
        list(&format!(
            r#""providers": {{"google": {{"mode": "enforce", "mx": [{mx}]}}}},
            "policies": {{{}, "own.example": {{"mode": "enforce", "mx": [{mx}]}} }}"#,
            followers.join(", ")
        ))
    }

    #[test]
    fn change_once_with_all_their_domains() {
        let old = provider(r#""mx.example", "mx2.example.net""#, "").clone();
        let new = provider(r#""mx2.example.net", "*.x.example.net""#, "");
        let diff = between(&old, &new);
        assert_eq!((diff.shared.len(), diff.shared[0].domains), (1, 249));
        let listed: Vec<_> = diff.entries.iter().map(|entry| entry.domain.as_str()).collect();
        assert_eq!(listed, ["own.example"]);
        let [mx] = diff.mx.as_slice() else { panic!("{:?}", diff.mx) };
        assert_eq!(
            (texts(&mx.edit.added), texts(&mx.edit.removed)),
            (Vec::from(["*.x.example.net".to_string()]), Vec::from(["mx.example".to_string()]))
        );
        assert_eq!((mx.domains, mx.shared.len(), mx.examples.len()), (250, 1, 1));
        assert_eq!(diff.totals, Totals { incomparable: 250, ..Totals::default() });
    }

    #[test]
    fn and_notes_of_their_entries_are_told_apart() {
        let old = provider(r#""mx.example.net""#, "");
        let new = provider(r#""mx.example.net", "mx2.example.net""#, r#", "since": "2026-01-01""#);
        let diff = between(&old, &new);
        assert_eq!(diff.entries.len(), 250);
        assert_eq!(diff.totals, Totals { relaxed: 250, ..Totals::default() });
    }
}

mod mx_changes {
    use super::*;

    #[test]
    fn stand_widest_first_with_a_few_examples() {
        let text = |wide: &str, narrow: &str| {
            let many: Vec<String> = (0..12)
                .map(|n| format!(r#""d{n:02}.example": {{"mode": "testing", "mx": ["{wide}"]}}"#))
                .collect();
            entries(&format!(
                r#"{}, "a.example": {{"mode": "testing", "mx": ["{narrow}"]}}"#,
                many.join(", ")
            ))
        };
        let (old, new) = (text("z1.example", "a1.example"), text("z2.example", "a2.example"));
        let diff = between(&old, &new);
        let told: Vec<_> = diff.mx.iter().map(|mx| (mx.domains, mx.examples.len())).collect();
        assert_eq!(told, [(12, MAX_MX_EXAMPLES), (1, 1)]);
    }

    #[test]
    fn of_order_alone_are_told_at_the_entry_only() {
        let old = entries(r#""a.example": {"mode": "testing", "mx": ["a.example", "b.example"]}"#);
        let new = entries(r#""a.example": {"mode": "testing", "mx": ["b.example", "a.example"]}"#);
        let diff = between(&old, &new);
        assert_eq!(diff.totals, Totals { restated: 1, ..Totals::default() });
        assert!(diff.mx.is_empty());
    }
}

mod any_two_lists {
    use super::*;

    fn fate(old: Option<crate::Listed<'_>>, new: Option<crate::Listed<'_>>) -> Option<Strictness> {
        let (old, new) = (old?, new?);
        Some(if old.policy == new.policy { Strictness::Same } else { new.policy.compared_with(old.policy) })
    }

    proptest! {
        #[test]
        fn differ_in_what_the_diff_says_and_in_nothing_else(old in similar_lists(), new in similar_lists()) {
            let diff = between(&old, &new);
            prop_assert_eq!(diff.is_empty(), canonical(&old) == canonical(&new));
            let fates = |wanted| new.iter().filter(|listed| fate(old.get(listed.domain), Some(*listed)) == wanted).count();
            let totals = diff.totals;
            prop_assert_eq!(totals.added, fates(None));
            prop_assert_eq!(totals.removed, old.iter().filter(|listed| new.get(listed.domain).is_none()).count());
            prop_assert_eq!(totals.tightened, fates(Some(Strictness::Tighter)));
            prop_assert_eq!(totals.relaxed, fates(Some(Strictness::Looser)));
            prop_assert_eq!(totals.incomparable, fates(Some(Strictness::Incomparable)));
            prop_assert_eq!(totals.restated + totals.untouched, fates(Some(Strictness::Same)));
        }

        #[test]
        fn that_are_the_same_differ_in_nothing(list in similar_lists()) {
            let diff = between(&list, &list);
            prop_assert!(diff.is_empty() && diff.mx.is_empty());
            prop_assert_eq!(diff.totals, Totals { untouched: list.entries.len(), ..Totals::default() });
        }

        #[test]
        fn that_differ_in_one_place_are_told_apart(list in similar_lists(), at in 0_usize..6) {
            let mut other = list.clone();
            match at {
                0 => other.head.serial ^= 1,
                1 => drop(other.head.extensions.insert("x-new-one".into(), 1.into())),
                2 => drop(other.pinsets.insert(Label::parse("new-one").unwrap(), {
                    let Some(pinset) = list.pinsets.values().next() else { return Ok(()) };
                    Pinset { name: Label::parse("new-one").unwrap(), ..Pinset::clone(pinset) }.into()
                })),
                3 => drop(other.aliases.pop().map(|_| other.entries.clear())),
                4 => drop(other.entries.pop()),
                _ => {
                    let Some(entry) = other.entries.first_mut() else { return Ok(()) };
                    entry.notes.get_or_insert_default().evidence.push("https://new.example".into());
                }
            }
            prop_assert_eq!(between(&list, &other).is_empty(), canonical(&list) == canonical(&other));
        }
    }
}
