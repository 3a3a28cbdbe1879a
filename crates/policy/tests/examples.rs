//! The lists that ship with the project say what they are meant to say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a list that cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::path::Path;

use starttls_policy::{
    Dialect, Domain, List, Mode, MxPattern, PinKind, Reach, Requirement, Severity, Terms, TlsVersion, read,
    write,
};

fn example() -> List {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policy-list.json");
    let bytes = std::fs::read(path).unwrap();
    read::list(&bytes).unwrap_or_else(|error| panic!("{error} at {}:{}", error.line, error.column))
}

mod the_example_list {
    use super::*;

    #[test]
    fn loads_without_findings() {
        let list = example();
        assert_eq!(list.head.dialect, Dialect::One);
        let found: Vec<_> = list.findings.iter().filter(|one| one.severity >= Severity::Warning).collect();
        assert!(found.is_empty(), "{found:#?}");
        assert!(list.findings.is_empty(), "{:#?}", list.findings);
    }

    #[test]
    fn has_dozens_of_domains_most_of_them_through_providers() {
        let list = example();
        let shared = list.entries.iter().filter(|entry| matches!(entry.terms, Terms::Alias(_))).count();
        assert!(list.entries.len() >= 36 && shared >= 30 && list.aliases.len() >= 10);
    }

    #[test]
    fn shows_every_feature_of_the_format() {
        let list = example();
        let policies: Vec<_> = list.iter().map(|listed| listed.policy).collect();
        let reaches: BTreeSet<_> =
            policies.iter().flat_map(|policy| &policy.mx).map(MxPattern::reach).collect();
        assert_eq!(reaches, [Reach::Exact, Reach::OneLabel, Reach::AnyDepth].into());
        let modes: BTreeSet<_> = policies.iter().map(|policy| policy.mode).collect();
        assert_eq!(modes, Mode::ALL.into());
        let kinds: BTreeSet<_> =
            policies.iter().filter_map(|policy| policy.pinset.as_ref()).map(|pinset| pinset.kind).collect();
        assert_eq!(kinds, [PinKind::TrustAnchor, PinKind::Leaf].into());
        assert!(list.pinsets.values().any(|pinset| !pinset.bad.is_empty()));
        assert!(policies.iter().any(|policy| policy.requirement == Requirement::Tls));
        assert!(policies.iter().any(|policy| policy.min_tls == Some(TlsVersion::Tls13)));
        assert!(policies.iter().any(|policy| policy.report_to.len() == 2));
        let notes = || list.entries.iter().filter_map(|entry| entry.notes.as_ref());
        assert!(notes().any(|notes| notes.since.is_some()));
        assert!(notes().any(|notes| !notes.evidence.is_empty()));
        assert!(notes().any(|notes| !notes.extensions.is_empty()));
        assert!(!list.head.extensions.is_empty());
        assert!(list.get(&Domain::parse("xn--bcher-kva.example").unwrap()).is_some());
    }

    #[test]
    fn enforces_only_what_the_provider_publishes_or_what_is_reserved() {
        let list = example();
        let enforced: Vec<_> = list
            .iter()
            .filter(|listed| listed.policy.mode == Mode::Enforce)
            .filter(|listed| !listed.domain.as_str().starts_with("example."))
            .map(|listed| listed.alias.map_or("", |alias| alias.as_str()))
            .collect();
        assert!(enforced.iter().all(|alias| ["google", "proton"].contains(alias)), "{enforced:?}");
    }

    #[test]
    fn can_be_written_and_read_again() {
        let list = example();
        let mut text = String::new();
        write::one(&list, &mut text).unwrap();
        assert_eq!(read::list(text.as_bytes()).unwrap(), list);
    }
}
