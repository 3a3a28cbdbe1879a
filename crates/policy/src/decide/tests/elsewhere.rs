//! A policy that another node says it fetched adds where nothing else is demanded, and changes nothing else.

use super::*;
use crate::mx::MxPattern;

fn policy(mode: Mode) -> StsPolicy {
    let fetched = Timestamp::from_seconds(NOW - 100).unwrap();
    let mx = vec![MxPattern::parse("mx.elsewhere.example").unwrap()];
    StsPolicy { mode, mx, id: "1".into(), fetched, max_age: Duration::from_secs(1_000) }
}

/// The decision without the policy, and with it.
fn both(case: &Case, policy: &StsPolicy) -> (String, String) {
    with_question(case, |question| {
        let told = |question: &Question<'_>| alloc::format!("{:?}", decide(question).action);
        (told(question), told(&Question { elsewhere: Some(policy), ..question.clone() }))
    })
}

#[test]
fn fault_a_policy_seen_elsewhere_changes_nothing_that_is_demanded_or_known() {
    let hosts = |mx, hosts: &[Tlsa]| dane(mx, hosts);
    let found = |mode| StsEvidence::Found(policy(mode));
    let release = Some(StsRelease { mode: ReleasingMode::None, at: now() });
    let cases = [
        case(Some(ENFORCE)),
        case(Some(TESTING)),
        Case { release, ..case(Some(ENFORCE)) },
        Case { release, ..case(None) },
        Case { dane: hosts(Secure, &[Usable, Absent]), ..case(None) },
        Case { dane: hosts(Secure, &[Unusable]), ..case(None) },
        Case { dane: DaneEvidence::MxInconclusive { cause: Cause::Timeout }, ..case(None) },
        Case { sts: found(Mode::None), ..case(None) },
        Case { sts: found(Mode::Testing), ..case(None) },
        Case { sts: found(Mode::Enforce), ..case(None) },
        Case { sts: StsEvidence::Absent { seen: now() }, ..case(None) },
    ];
    for case in cases {
        for mode in [Mode::Enforce, Mode::Testing, Mode::None] {
            let (without, with) = both(&case, &policy(mode));
            assert_eq!(without, with, "{mode:?}");
        }
    }
}

#[test]
fn fault_a_policy_seen_elsewhere_protects_where_nothing_else_does_and_until_its_end() {
    let inconclusive = StsEvidence::Inconclusive { cause: Cause::Timeout, cached: None };
    for sts in [StsEvidence::NotAsked, inconclusive] {
        let case = Case { sts, ..case(None) };
        let (without, with) = both(&case, &policy(Mode::Enforce));
        assert_eq!(without, "Opportunistic");
        assert!(with.starts_with("Require") && with.contains("Elsewhere"), "{with}");
        for mode in [Mode::Testing, Mode::None] {
            assert_eq!(both(&case, &policy(mode)).1, without);
        }
        let ended = StsPolicy { max_age: Duration::from_secs(100), ..policy(Mode::Enforce) };
        assert_eq!(both(&case, &ended).1, without);
        with_question(&case, |question| {
            let policy = policy(Mode::Enforce);
            let decision = decide(&Question { elsewhere: Some(&policy), ..question.clone() });
            assert_eq!(decision.valid_until, Some(policy.ends()));
            let reasons: Vec<String> =
                decision.reasons.iter().map(alloc::string::ToString::to_string).collect();
            assert!(reasons.iter().any(|reason| reason.contains("seen by another node")), "{reasons:?}");
        });
    }
}
