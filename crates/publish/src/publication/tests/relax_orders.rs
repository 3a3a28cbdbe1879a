//! Orders to relax, taken back and outlived.

use super::*;

#[test]
fn weaken_need_no_new_list_and_are_taken_back() {
    let world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    let order = relax("gamma", time(START), "a.example", &[3]);
    let sha256 = Digest::of(order.0.text().as_bytes());
    let published = world.publish(Submission { orders: vec![order], ..Submission::default() }).unwrap();
    assert_eq!(published.statement.serial, 1);
    let accepted = world.client(Some(&memory));
    assert_eq!(accepted.relaxations.len(), 1);
    let cancel = RelaxCancel {
        order: sha256,
        organisation: "beta".into(),
        timestamp: time(START),
        reason: "the certificate is back".into(),
    };
    let cancels = vec![(signed(cancel.clone(), &[2]), cancel)];
    world.publish(Submission { cancels, ..Submission::default() }).unwrap();
    assert!(world.client(Some(&accepted.memory)).relaxations.is_empty());
}

#[test]
fn that_would_be_void_are_refused() {
    let world = World::new();
    world.publish_list("one");
    let cases = [
        ("gamma", "a.example", 8),      // a stranger's key
        ("gamma", "a.example", 1),      // in the name of somebody else
        ("gamma", "c.example", 3),      // not enforced
        ("gamma", "nobody.example", 3), // not listed
    ];
    for (name, domain, seed) in cases {
        let orders = vec![relax(name, time(START), domain, &[seed])];
        let error = world.publish(Submission { orders, ..Submission::default() }).unwrap_err();
        assert!(matches!(error, PublishError::Relax { .. }), "{name} {domain} {seed}: {error}");
    }
}

#[test]
fn stay_for_ninety_days_after_their_end() {
    let world = World::new();
    world.publish_list("one");
    let orders = vec![relax("gamma", time(START), "a.example", &[3])];
    world.publish(Submission { orders, ..Submission::default() }).unwrap();
    let kept = || {
        let bundle = Bundle::parse(&fs::read(world.directory().join("proof.json")).unwrap()).unwrap();
        starttls_trust::document::RelaxSet::parse(&bundle.relax).unwrap().orders.len()
    };
    world.later(96);
    world.publish_list("two");
    assert_eq!(kept(), 1);
    world.later(2);
    world.publish_list("three");
    assert_eq!(kept(), 0);
}
