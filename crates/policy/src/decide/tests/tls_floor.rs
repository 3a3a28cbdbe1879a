//! The operator's lowest TLS version.

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
        elsewhere: None,
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
