//! What would change a decision.

use super::*;

/// Names of the changes, and of the actions that follow.
fn seen(case: &Case) -> Vec<(&'static str, &'static str)> {
    let mut seen = Vec::new();
    with_question(case, |question| {
        prospects(question, &mut |change, then| seen.push((change.name(), then.action.name())));
    });
    seen
}

#[test]
fn of_a_listed_domain_are_dane_its_own_policy_and_the_end_of_the_list() {
    assert_eq!(
        seen(&case(Some(ENFORCE))),
        [
            ("dane-everywhere", "dane-only"),
            // The same action, by the domain's own word.
            ("mta-sts-enforce", "require"),
            ("mta-sts-testing", "log-only"),
            ("mta-sts-none", "opportunistic"),
            ("unlisted", "opportunistic"),
        ]
    );
}

#[test]
fn of_a_domain_that_nobody_knows_are_what_would_protect_it() {
    let unknown =
        Case { dane: dane(Insecure, &[Absent]), sts: StsEvidence::Absent { seen: now() }, ..case(None) };
    assert_eq!(
        seen(&unknown),
        [("dane-everywhere", "dane-only"), ("mta-sts-enforce", "require"), ("mta-sts-testing", "log-only")]
    );
}

#[test]
fn of_dane_that_settles_the_matter_is_its_end_alone() {
    let settled = Case { dane: dane(Secure, &[Usable]), sts: found(Mode::Enforce), ..case(Some(ENFORCE)) };
    assert_eq!(seen(&settled), [("dane-nowhere", "require")]);
    let waiting = Case { dane: DaneEvidence::MxInconclusive { cause: Cause::Timeout }, ..case(None) };
    assert_eq!(seen(&waiting), [("dane-everywhere", "dane-only"), ("dane-nowhere", "opportunistic")]);
}

#[test]
fn of_an_override_is_its_end() {
    let until = Timestamp::from_seconds(NOW + 60).unwrap();
    let relaxed = Override {
        domain: Domain::parse("a.example").unwrap(),
        ruling: Ruling::Relax,
        until,
        reason: "why".into(),
    };
    let exempt = Case { operator: Some(relaxed.clone()), ..case(Some(ENFORCE)) };
    assert_eq!(seen(&exempt), [("override-ends", "require")]);
    let ended = Case { operator: Some(Override { until: now(), ..relaxed }), ..case(None) };
    assert_eq!(seen(&ended), seen(&case(None)));
}

#[test]
fn of_a_policy_in_use_is_that_it_ends() {
    let own = Case { sts: found(Mode::Enforce), ..case(Some(ENFORCE)) };
    let seen = seen(&own);
    assert!(seen.contains(&("mta-sts-ends", "require")), "{seen:?}");
    assert!(!seen.iter().any(|(change, _)| ["mta-sts-enforce", "unlisted"].contains(change)), "{seen:?}");
}
