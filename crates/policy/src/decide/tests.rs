//! The decision, row by row of the design's table.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::evidence::{Cause, DaneHosts, ReleasingMode, Security, Security::*, StsPolicy, Tlsa, Tlsa::*};
use super::overrides::Ruling;
use super::*;
use crate::list::List;
use crate::merge::{Layer, Merged, Scope};
use crate::mode::{Mode, TlsVersion};
use crate::policy::Policy;

const NOW: u64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

fn list(entry: &str) -> List {
    let text = alloc::format!(
        r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
        "policies": {{"a.example": {entry}}}}}"#
    );
    crate::read::list(text.as_bytes()).unwrap()
}

const ENFORCE: &str = r#"{"mode": "enforce", "mx": ["mx.a.example"], "min-tls-version": "TLSv1.3"}"#;
const TESTING: &str = r#"{"mode": "testing", "mx": ["mx.a.example"]}"#;

#[derive(Clone)]
struct Case {
    entry: Option<&'static str>,
    dane: DaneEvidence,
    sts: StsEvidence,
    release: Option<StsRelease>,
    operator: Option<Override>,
    choices: Choices,
}

fn case(entry: Option<&'static str>) -> Case {
    Case {
        entry,
        dane: DaneEvidence::NotAsked,
        sts: StsEvidence::NotAsked,
        release: None,
        operator: None,
        choices: Choices::default(),
    }
}

/// The action's name, whose demand it is, and the reasons in words.
fn decided(case: &Case) -> (&'static str, Option<Origin>, Vec<String>) {
    with_decision(case, |decision| {
        assert!(!decision.reasons.is_empty());
        let reasons = decision.reasons.iter().map(alloc::string::ToString::to_string).collect();
        let (name, demand) = match &decision.action {
            Action::Opportunistic => ("opportunistic", None),
            Action::Relaxed => ("relaxed", None),
            Action::LogOnly(demand) => ("log-only", Some(demand.origin)),
            Action::Require(demand) => ("require", Some(demand.origin)),
            Action::Dane => ("dane", None),
            Action::DaneOnly => ("dane-only", None),
            Action::Defer => ("defer", None),
        };
        (name, demand, reasons)
    })
}

fn valid_until(case: &Case) -> Option<Timestamp> {
    with_decision(case, |decision| decision.valid_until)
}

fn with_decision<T>(case: &Case, view: impl FnOnce(&Decision<'_>) -> T) -> T {
    let domain = Domain::parse("a.example").unwrap();
    let list = case.entry.map(list);
    let merged =
        Merged::new(list.iter().map(|list| Layer { name: "test", list, scope: Scope::default() }).collect());
    let listed = merged.get(&domain).unwrap();
    let decision = decide(&Question {
        domain: &domain,
        operator: case.operator.as_ref(),
        dane: &case.dane,
        sts: &case.sts,
        release: case.release,
        listed: listed.as_ref(),
        choices: case.choices,
        now: now(),
    });
    view(&decision)
}

fn dane(mx: Security, hosts: &[Tlsa]) -> DaneEvidence {
    DaneEvidence::Found(DaneHosts { mx, hosts: hosts.into(), seen: now() })
}

fn sts(mode: Mode, fetched: u64, max_age: u64) -> StsPolicy {
    StsPolicy {
        mode,
        mx: vec![MxPattern::parse("*.sts.example").unwrap()],
        id: "1".into(),
        fetched: Timestamp::from_seconds(fetched).unwrap(),
        max_age: Duration::from_secs(max_age),
    }
}

fn found(mode: Mode) -> StsEvidence {
    StsEvidence::Found(sts(mode, NOW - 60, 86_400))
}

mod dane_table {
    use super::*;

    #[test]
    fn holds_row_by_row() {
        let none = || StsEvidence::Absent { seen: now() };
        for (mx, hosts, sts, entry, want) in [
            (Secure, &[Usable, Usable][..], none(), None, "dane-only"),
            (Secure, &[Usable, Usable], none(), Some(ENFORCE), "dane-only"),
            (Secure, &[Usable, Absent], none(), None, "dane"),
            (Secure, &[Usable, Absent], none(), Some(TESTING), "dane"),
            (Secure, &[Usable, Absent], none(), Some(ENFORCE), "dane-only"),
            (Secure, &[Usable, Absent], found(Mode::Enforce), None, "dane-only"),
            (Secure, &[Usable, Unusable], none(), None, "dane"),
            (Secure, &[Unusable, Absent], none(), None, "dane"),
            (Secure, &[Unusable], none(), Some(ENFORCE), "require"),
            (Secure, &[Unusable], found(Mode::Enforce), None, "require"),
            (Insecure, &[Usable], none(), None, "dane"),
            (Insecure, &[Usable], none(), Some(ENFORCE), "require"),
            (Insecure, &[Usable], found(Mode::Enforce), Some(TESTING), "require"),
            (Insecure, &[Absent, Absent], none(), None, "opportunistic"),
            (Secure, &[Absent], none(), None, "opportunistic"),
            (Secure, &[Absent], none(), Some(ENFORCE), "require"),
            (Secure, &[Absent], none(), Some(TESTING), "log-only"),
            (Secure, &[], none(), Some(ENFORCE), "require"),
        ] {
            let dane = dane(mx, hosts);
            assert_eq!(decided(&Case { dane, sts, ..case(entry) }).0, want, "{mx} {hosts:?} {entry:?}");
        }
    }

    #[test]
    fn takes_what_is_inconclusive_for_present() {
        for (mx, hosts, entry, want) in [
            (Secure, &[Inconclusive][..], None, "dane-only"),
            (Secure, &[Inconclusive, Absent], None, "dane"),
            (Secure, &[Inconclusive, Absent], Some(ENFORCE), "dane-only"),
            (Insecure, &[Inconclusive], None, "dane"),
        ] {
            assert_eq!(decided(&Case { dane: dane(mx, hosts), ..case(entry) }).0, want, "{mx} {hosts:?}");
        }
        let cause = Cause::Bogus;
        let bogus = Case { dane: DaneEvidence::MxInconclusive { cause }, ..case(Some(ENFORCE)) };
        assert_eq!(decided(&bogus).0, "defer");
    }
}

mod mta_sts {
    use super::*;

    #[test]
    fn enforce_decides_names_and_keeps_the_lists_version() {
        let case = Case { sts: found(Mode::Enforce), ..case(Some(ENFORCE)) };
        let (action, origin, reasons) = decided(&case);
        assert_eq!((action, origin), ("require", Some(Origin::MtaSts)));
        assert!(reasons.iter().any(|reason| reason.contains("hold beside")), "{reasons:?}");
    }

    #[test]
    fn enforce_ends_with_the_list_where_that_adds_to_it() {
        let list_end = 9_999_999_999;
        let plain = r#"{"mode": "enforce", "mx": ["mx.a.example"]}"#;
        for (entry, sts_end, want) in [
            (Some(ENFORCE), NOW + 100, NOW + 100),
            (Some(ENFORCE), list_end + 100, list_end),
            (Some(plain), list_end + 100, list_end + 100),
            (Some(TESTING), list_end + 100, list_end + 100),
            (None, list_end + 100, list_end + 100),
        ] {
            let sts = StsEvidence::Found(sts(Mode::Enforce, NOW - 60, sts_end - NOW + 60));
            assert_eq!(
                valid_until(&Case { sts, ..case(entry) }),
                Timestamp::from_seconds(want).ok(),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn inconclusive_is_never_absent_and_never_defers() {
        let cause = Cause::Timeout;
        let cached = Some(sts(Mode::Enforce, NOW - 60, 86_400));
        let with = Case { sts: StsEvidence::Inconclusive { cause, cached }, ..case(None) };
        assert_eq!(decided(&with).1, Some(Origin::MtaSts));
        let without = Case { sts: StsEvidence::Inconclusive { cause, cached: None }, ..case(Some(ENFORCE)) };
        let (_, origin, reasons) = decided(&without);
        assert_eq!(origin, Some(Origin::List));
        assert!(reasons.iter().any(|reason| reason.contains("inconclusive")), "{reasons:?}");
    }

    #[test]
    fn that_has_ended_no_longer_holds() {
        for (max_age, want) in [(60, Some(Origin::List)), (61, Some(Origin::MtaSts))] {
            let sts = StsEvidence::Found(sts(Mode::Enforce, NOW - 60, max_age));
            assert_eq!(decided(&Case { sts, ..case(Some(ENFORCE)) }).1, want, "end == now has ended");
        }
    }

    #[test]
    fn none_and_testing_release_an_entry_that_enforces() {
        for (mode, released, want) in [
            (Mode::None, ReleasingMode::None, "opportunistic"),
            (Mode::Testing, ReleasingMode::Testing, "log-only"),
        ] {
            assert_eq!(decided(&Case { sts: found(mode), ..case(Some(ENFORCE)) }).0, want);
            let at = Timestamp::from_seconds(NOW - 9).unwrap();
            let remembered = Case { release: Some(StsRelease { mode: released, at }), ..case(Some(ENFORCE)) };
            assert_eq!(decided(&remembered).0, want, "the release outlasts the policy");
        }
    }

    #[test]
    fn cannot_release_an_entry_that_is_newer() {
        let entry = r#"{"mode": "enforce", "mx": ["mx.a.example"], "since": "2030-01-01"}"#;
        let case = Case { sts: found(Mode::None), ..case(Some(entry)) };
        assert_eq!(decided(&case).0, "require");
    }

    #[test]
    fn testing_leaves_the_list_standing_if_the_operator_says_so() {
        let choices = Choices { sts_testing: StsTesting::ListStands, ..Choices::default() };
        let case = Case { sts: found(Mode::Testing), choices, ..case(Some(ENFORCE)) };
        assert_eq!(decided(&case).1, Some(Origin::List));
        let none = Case { sts: found(Mode::None), ..case };
        assert_eq!(decided(&none).0, "opportunistic", "only `testing` can be stood against");
    }
}

mod overrides {
    use super::*;

    fn ruled(ruling: Ruling, until: u64) -> Override {
        let domain = Domain::parse("a.example").unwrap();
        Override { domain, ruling, until: Timestamp::from_seconds(until).unwrap(), reason: "ticket 7".into() }
    }

    #[test]
    fn win_over_everything_until_they_end() {
        let all = Case { dane: dane(Secure, &[Usable]), sts: found(Mode::Enforce), ..case(Some(ENFORCE)) };
        let relaxed = Case { operator: Some(ruled(Ruling::Relax, NOW + 1)), ..all.clone() };
        assert_eq!(decided(&relaxed).0, "relaxed");
        let ended = Case { operator: Some(ruled(Ruling::Relax, NOW)), ..all };
        let (action, _, reasons) = decided(&ended);
        assert_eq!(action, "dane-only");
        assert!(reasons[0].contains("ended"), "{reasons:?}");
    }

    #[test]
    fn of_testing_note_what_would_have_been_demanded() {
        let dane_only = Case { dane: dane(Secure, &[Usable]), ..case(None) };
        let dane_some = Case { dane: dane(Secure, &[Usable, Absent]), ..case(None) };
        let unknown = DaneEvidence::MxInconclusive { cause: Cause::Timeout };
        for (case, want) in [
            (case(Some(ENFORCE)), ("log-only", Some(Origin::List))),
            (case(Some(TESTING)), ("log-only", Some(Origin::List))),
            (Case { sts: found(Mode::Enforce), ..case(None) }, ("log-only", Some(Origin::MtaSts))),
            (dane_only, ("relaxed", None)),
            (dane_some, ("relaxed", None)),
            (Case { dane: unknown, ..case(Some(ENFORCE)) }, ("relaxed", None)),
            (case(None), ("opportunistic", None)),
        ] {
            let case = Case { operator: Some(ruled(Ruling::Testing, NOW + 1)), ..case };
            let (action, origin, reasons) = decided(&case);
            assert_eq!((action, origin), want, "{reasons:?}");
            assert!(reasons[0].contains("your override `testing`") && reasons.len() > 1, "{reasons:?}");
        }
    }

    #[test]
    fn hold_no_longer_than_what_they_stand_on() {
        let list_end = 9_999_999_999;
        for (until, want) in [(NOW + 1, NOW + 1), (list_end + 1, list_end)] {
            let case = Case { operator: Some(ruled(Ruling::Testing, until)), ..case(Some(ENFORCE)) };
            assert_eq!(valid_until(&case), Timestamp::from_seconds(want).ok());
        }
        let relaxed = Case { operator: Some(ruled(Ruling::Relax, list_end + 1)), ..case(Some(ENFORCE)) };
        assert_eq!(valid_until(&relaxed), Timestamp::from_seconds(list_end + 1).ok());
    }

    #[test]
    fn can_require_what_nobody_publishes() {
        let policy = Policy::new(Mode::Enforce, [MxPattern::parse("mx.partner.example").unwrap()]);
        let case = Case { operator: Some(ruled(Ruling::Require(policy), NOW + 1)), ..case(None) };
        assert_eq!(decided(&case).1, Some(Origin::Override));
    }
}

mod relax_orders {
    use super::*;

    #[test]
    fn make_an_entry_log_only_until_their_end_and_are_named() {
        let (domain, list) = (Domain::parse("a.example").unwrap(), list(ENFORCE));
        let order = crate::Relaxation {
            until: Timestamp::from_seconds(NOW + 60).unwrap(),
            order: "0123456789abcdef0123".into(),
            by: "alpha".into(),
            reason: "certificate lost".into(),
        };
        let orders = [(domain.clone(), order)].into();
        let merged = Merged::new(vec![Layer { name: "test", list: &list, scope: Scope::default() }]);
        let merged = merged.relaxed_by("test", &orders);
        let listed = merged.get(&domain).unwrap();
        let decision = decide(&Question {
            domain: &domain,
            operator: None,
            dane: &DaneEvidence::NotAsked,
            sts: &StsEvidence::NotAsked,
            release: None,
            listed: listed.as_ref(),
            choices: Choices::default(),
            now: now(),
        });
        assert!(matches!(decision.action, Action::LogOnly(_)), "{:?}", decision.action);
        assert_eq!(decision.valid_until.map(Timestamp::seconds), Some(NOW + 60));
        let says = decision.reasons.iter().find(|reason| matches!(reason, Reason::Relaxed { .. })).unwrap();
        let says = says.to_string();
        assert!(says.starts_with("alpha ordered that the entry counts as `testing` until "), "{says}");
        assert!(says.ends_with("(order 0123456789abcdef): certificate lost"), "{says}");
    }
}

mod tls_floor {
    use super::*;

    fn demanded(entry: &'static str, floor: TlsFloor) -> (Option<TlsVersion>, usize) {
        let domain = Domain::parse("a.example").unwrap();
        let list = list(entry);
        let merged = Merged::new(vec![Layer { name: "test", list: &list, scope: Scope::default() }]);
        let listed = merged.get(&domain).unwrap();
        let decision = decide(&Question {
            domain: &domain,
            operator: None,
            dane: &DaneEvidence::NotAsked,
            sts: &StsEvidence::NotAsked,
            release: None,
            listed: listed.as_ref(),
            choices: Choices { floor, ..Choices::default() },
            now: now(),
        });
        let raised = decision.reasons.iter().filter(|reason| matches!(reason, Reason::FloorRaised { .. }));
        let raised = raised.count();
        match decision.action {
            Action::Require(demand) => (demand.min_tls, raised),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn raises_what_is_lower_and_says_so() {
        let old = r#"{"mode": "enforce", "mx": ["mx.a.example"], "min-tls-version": "TLSv1"}"#;
        let unsaid = r#"{"mode": "enforce", "mx": ["mx.a.example"]}"#;
        let floor = TlsFloor::default();
        assert_eq!(demanded(old, floor), (Some(TlsVersion::Tls12), 1));
        assert_eq!(demanded(unsaid, floor), (Some(TlsVersion::Tls12), 0));
        assert_eq!(demanded(ENFORCE, floor), (Some(TlsVersion::Tls13), 0));
        assert_eq!(demanded(old, TlsFloor::AsListed), (Some(TlsVersion::Tls10), 0));
        assert_eq!(demanded(unsaid, TlsFloor::AsListed), (None, 0));
    }
}

#[test]
fn dane_that_settles_the_matter_leaves_nothing_for_mta_sts_and_lists_to_change() {
    let states = [Usable, Unusable, Absent, Inconclusive];
    let pairs = states.iter().flat_map(|one| states.iter().map(|other| vec![*one, *other]));
    let sets: Vec<Vec<Tlsa>> = pairs.chain(states.iter().map(|one| vec![*one])).chain([vec![]]).collect();
    let hosts_with = |mx| {
        sets.iter().map(move |hosts| DaneEvidence::Found(DaneHosts { mx, hosts: hosts.clone(), seen: now() }))
    };
    let inconclusive = DaneEvidence::MxInconclusive { cause: Cause::Timeout };
    let all = hosts_with(Secure).chain(hosts_with(Insecure)).chain([DaneEvidence::NotAsked, inconclusive]);
    let mut settled = 0;
    for dane in all {
        let mut actions: Vec<&str> = Vec::new();
        for entry in [None, Some(ENFORCE), Some(TESTING)] {
            for mode in [None, Some(Mode::Enforce), Some(Mode::Testing), Some(Mode::None)] {
                let mut case = case(entry);
                case.dane = dane.clone();
                if let Some(mode) = mode {
                    case.sts = found(mode);
                }
                actions.push(decided(&case).0);
            }
        }
        actions.dedup();
        assert_eq!(dane.settles(), actions.len() == 1, "{dane:?}: {actions:?}");
        settled += usize::from(dane.settles());
    }
    assert!(settled > 3);
}
