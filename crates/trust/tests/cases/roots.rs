//! What is wrong with the chain of roots.

use super::*;
use crate::world::{key, signed};

pub(super) fn all() -> Vec<Attack> {
    let list = Listing::new(year(2), &["alpha", "beta"]);
    let rotated = |by: &[&str]| {
        let mut world = World::new();
        world.rotate(|root| drop(root.organisations.get_mut("alpha").unwrap().keys.pop()), by);
        let bundle = world.publish(&list, &none(), TODAY);
        (world, bundle)
    };
    let mut all = Vec::new();

    let (mut world, _) = rotated(&["alpha", "beta"]);
    world.rotate(|root| root.quorum = 1, &["alpha", "beta"]);
    let mut bundle = world.publish(&list, &none(), TODAY);
    bundle.roots.remove(1);
    all.push(attack(
        "rotated-root-skipped",
        "rotated root skipped: after version 1 comes version 3",
        &world,
        bundle,
        &list,
    ));

    let (world, bundle) = rotated(&["alpha"]);
    all.push(attack(
        "root-not-signed-by-predecessor",
        "version 2 is not signed as root 1 demands",
        &world,
        bundle,
        &list,
    ));

    let mut world = World::new();
    world.rotate(
        |root| {
            let key = key("gamma.new").public().clone();
            root.organisations.get_mut("gamma").unwrap().keys = vec![key];
            root.roles.root.organisations = ["beta".into(), "gamma".into()].into();
        },
        &["alpha", "beta"],
    );
    let bundle = world.publish(&list, &none(), TODAY);
    all.push(attack(
        "root-not-signed-by-itself",
        "version 2 is not signed as root 2 demands",
        &world,
        bundle,
        &list,
    ));

    let mut world = World::new();
    world.rotate(
        |root| {
            root.organisations.get_mut("gamma").unwrap().keys = vec![key("gamma.new").public().clone()];
        },
        &["alpha", "beta"],
    );
    let by_old_key = Listing::new(year(2), &["alpha", "gamma"]);
    let bundle = world.publish(&by_old_key, &none(), TODAY);
    all.push(attack("removed-key", "signed by alpha; root 2 wants 2", &world, bundle, &by_old_key));

    let (world, bundle) = rotated(&["alpha", "beta"]);
    let memory = world.accept(None, &bundle, &list.text, NOW).unwrap().memory;
    let mut older = World::new();
    let bundle = older.publish(&list, &none(), TODAY);
    let mut older =
        attack("root-rolled-back", "newest root is of version 1; version 2 is known", &older, bundle, &list);
    older.memory = Some(memory.clone());
    all.push(older);

    let mut twin = World::new();
    twin.rotate(|root| root.quorum = 1, &["beta", "gamma"]);
    let bundle = twin.publish(&list, &none(), TODAY);
    let mut twin = attack(
        "two-roots-of-one-version",
        "two roots of version 2, both validly signed",
        &twin,
        bundle,
        &list,
    );
    twin.memory = Some(memory);
    all.push(twin);

    let mut foreign = of_list("root-of-somebody-else", "version 1 is not the pinned one", &list);
    let mut own = World::new();
    own.root.limits.ageing_days = 8;
    foreign.bundle.roots = vec![signed(own.root, &["mallory"])];
    all.push(foreign);
    all
}
