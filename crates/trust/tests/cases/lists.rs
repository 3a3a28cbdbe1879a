//! What is wrong with a list or its signatures.

use super::*;
use crate::world::statement;

pub(super) fn all() -> Vec<Attack> {
    let signed_by = |by: &[&str]| Listing::new(year(2), by);
    let mut all = vec![
        of_list(
            "below-threshold",
            "signed by alpha; root 1 wants 2 of alpha, beta, gamma",
            &signed_by(&["alpha"]),
        ),
        of_list("one-key-counted-twice", "signed by alpha; root 1", &signed_by(&["alpha", "alpha.2"])),
        of_list("wrong-role", "delta signed too and has no say there", &signed_by(&["alpha", "delta"])),
        of_list(
            "unknown-key",
            "unknown keys signed too: mallory.example+",
            &signed_by(&["alpha", "mallory"]),
        ),
        of_list("unsigned-by-all", "signed by none that counts", &signed_by(&["mallory"])),
    ];

    let list = Listing::ordinary(2);
    let mut forged = of_list("bad-signature", "is wrong: the text was changed after signing", &list);
    forged.bundle.list = forged.bundle.list.replace("\"serial\": 2", "\"serial\": 3");
    all.push(forged);

    let (mut world, first, _) = known(&Listing::ordinary(1), &none());
    let newer = world.publish(&list, &none(), TODAY);
    let memory = world.accept(None, &newer, &list.text, NOW).unwrap().memory;
    let old = Listing::ordinary(1);
    let mut rolled =
        attack("rolled-back", "rolled back: the list has serial 1; 2 is known", &world, first.clone(), &old);
    rolled.memory = Some(memory.clone());
    all.push(rolled);

    let mut mixed = newer.clone();
    mixed.list.clone_from(&first.list);
    all.push(attack(
        "yesterdays-list-with-todays-checkpoint",
        "the manifest names another list than the bundle carries",
        &world,
        mixed,
        &old,
    ));

    let other =
        Listing::new(list_text(2, "2026-11-03T00:00:00Z", "2027-11-01T00:00:00Z", ""), &["beta", "gamma"]);
    let mut twin = world.clone();
    let bundle = twin.publish(&other, &none(), TODAY);
    let mut twin = attack(
        "same-serial-other-bytes",
        "two lists with serial 2, both validly signed",
        &twin,
        bundle,
        &other,
    );
    twin.memory = Some(memory.clone());
    all.push(twin);

    let mut back = world.clone();
    let older =
        Listing::new(list_text(3, "2026-11-01T00:00:00Z", "2027-11-01T00:00:00Z", ""), &["beta", "gamma"]);
    let bundle = back.publish(&older, &none(), TODAY);
    let mut back = attack("timestamp-goes-back", "before the one that is known", &back, bundle, &older);
    back.memory = Some(memory);
    all.push(back);

    let mut longer = of_list("list-of-other-size", "bytes; ", &list);
    longer.list.push('\n');
    all.push(longer);
    let mut other = of_list("list-of-other-bytes", "the list's hash is", &list);
    other.list = other.list.replace("mx.a.example", "mx.m.example");
    all.push(other);
    let mut stated = statement(&list.text);
    stated.entries -= 1;
    let stated = Listing::stated(list.text.clone(), stated, &["alpha", "beta"]);
    all.push(of_list("list-head-differs-from-statement", "the list's number of entries is `28`", &stated));
    all
}
