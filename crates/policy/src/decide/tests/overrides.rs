//! The operator's word.

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
