//! MTA-STS, and what it releases.

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
