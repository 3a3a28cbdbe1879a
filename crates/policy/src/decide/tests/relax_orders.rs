//! Entries that an order relaxes.

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
        elsewhere: None,
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
