//! How each attack is made.
#![allow(clippy::unwrap_used, reason = "a test alone uses it, and what does not work is to stop it")]

use starttls_trust::document::{LeafKind, RelaxSet};
use starttls_trust::log::prove_inclusion;
use starttls_trust::{Anchor, Bundle, Memory};

use crate::world::{Files, Listing, NOW, World, cancel, list_text, order, signed, statement, time};

/// One attack: what the client has, what it is offered, and a part of what it must say.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) anchor: Anchor,
    pub(crate) memory: Option<Memory>,
    pub(crate) bundle: Bundle,
    pub(crate) list: String,
    pub(crate) tiles: Files,
    pub(crate) now: &'static str,
    pub(crate) says: &'static str,
}

/// A day on which an ordinary world was last cosigned.
const TODAY: &str = "2026-11-21T20:00:00Z";

fn none() -> RelaxSet {
    RelaxSet::default()
}

/// What is offered first, to be changed by each attack.
fn attack(name: &'static str, says: &'static str, world: &World, bundle: Bundle, list: &Listing) -> Attack {
    Attack {
        name,
        anchor: world.anchor(),
        memory: None,
        bundle,
        list: list.text.clone(),
        tiles: world.files.clone(),
        now: NOW,
        says,
    }
}

/// An offer of a list alone, by a world that is otherwise in order.
fn of_list(name: &'static str, says: &'static str, list: &Listing) -> Attack {
    let mut world = World::new();
    let bundle = world.publish(list, &none(), TODAY);
    attack(name, says, &world, bundle, list)
}

/// An offer of relax orders.
fn of_orders(name: &'static str, says: &'static str, set: &RelaxSet) -> Attack {
    let (mut world, list) = (World::new(), Listing::ordinary(2));
    let bundle = world.publish(&list, set, TODAY);
    attack(name, says, &world, bundle, &list)
}

/// A world whose first list a client has accepted.
fn known(list: &Listing, set: &RelaxSet) -> (World, Bundle, Memory) {
    let mut world = World::new();
    let bundle = world.publish(list, set, TODAY);
    let memory = world.accept(None, &bundle, &list.text, NOW).unwrap().memory;
    (world, bundle, memory)
}

pub(crate) fn all() -> Vec<Attack> {
    let mut all = lists();
    all.extend(roots());
    all.extend(logs());
    all.extend(times());
    all.extend(orders());
    all
}

fn year(serial: u64) -> String {
    list_text(serial, "2026-11-02T00:00:00Z", "2027-11-01T00:00:00Z", "")
}

fn lists() -> Vec<Attack> {
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

fn roots() -> Vec<Attack> {
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
            let key = crate::world::key("gamma.new").public().clone();
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
            root.organisations.get_mut("gamma").unwrap().keys =
                vec![crate::world::key("gamma.new").public().clone()];
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

fn logs() -> Vec<Attack> {
    let list = Listing::ordinary(2);
    let mut all = Vec::new();

    let (_, _, memory) = known(&list, &none());
    let mut fork = World::new();
    fork.append("another history\n");
    let bundle = fork.publish(&list, &none(), TODAY);
    let mut forked = attack("forked-log", "the log has forked", &fork, bundle, &list);
    forked.memory = Some(memory.clone());
    all.push(forked);

    let mut world = World::new();
    world.log(LeafKind::List, list.statement.sha256);
    let other = world.publish(&list, &none(), TODAY);
    let memory_of_four = world.accept(None, &other, &list.text, NOW).unwrap().memory;
    let mut fork = World::new();
    fork.append("another history\n");
    let bundle = fork.publish(&list, &none(), TODAY);
    let mut forked = attack("forked-log-of-same-size", "the log has forked", &fork, bundle, &list);
    forked.memory = Some(memory_of_four.clone());
    all.push(forked);

    let mut smaller = World::new();
    let bundle = smaller.publish(&list, &none(), TODAY);
    let mut smaller = attack("older-log", "the log has 3 leaves, and had 4 before", &smaller, bundle, &list);
    smaller.memory = Some(memory_of_four);
    all.push(smaller);

    let (mut world, _, _) = known(&list, &none());
    let bundle = world.publish(&list, &none(), TODAY);
    let mut gone = attack("tiles-missing", "cannot read `tile/0/000.p/4`", &world, bundle, &list);
    gone.memory = Some(memory);
    gone.tiles = Files::default();
    all.push(gone);

    let mut world = World::new();
    let bundle = world.publish(&list, &none(), TODAY);
    let mut proof = attack(
        "proof-of-another-leaf",
        "is not in the log where the bundle says",
        &world,
        bundle.clone(),
        &list,
    );
    let (index, of_root) = (proof.bundle.included[0].index, proof.bundle.included[0].proof.clone());
    (proof.bundle.included[1].index, proof.bundle.included[1].proof) = (index, of_root);
    all.push(proof);
    let mut missing =
        attack("proof-missing", "does not show that the list statement", &world, bundle.clone(), &list);
    missing.bundle.included.pop();
    all.push(missing);

    let mut later = bundle.clone();
    world.append("something after it\n");
    later.checkpoint = world.checkpoint(&[("one", TODAY), ("three", TODAY)]);
    later.manifest_proof = prove_inclusion(world.head, 2, &world.files).unwrap();
    all.push(attack(
        "manifest-not-last",
        "the manifest is not the last leaf of the log",
        &world,
        later,
        &list,
    ));

    let mut world = World::new();
    let bundle = world.publish(&list, &none(), TODAY);
    let mut few =
        attack("below-quorum", "below quorum: fewer than 2 organisations", &world, bundle.clone(), &list);
    few.bundle.checkpoint = world.checkpoint(&[("three", TODAY)]);
    all.push(few);
    let mut twice = attack("one-witness-counted-twice", "below quorum", &world, bundle.clone(), &list);
    twice.bundle.checkpoint = world.checkpoint(&[("one", TODAY), ("two", TODAY)]);
    all.push(twice);
    let mut other = attack(
        "checkpoint-of-another-log",
        "the checkpoint is of the log `other.example`",
        &world,
        bundle.clone(),
        &list,
    );
    other.bundle.checkpoint = other.bundle.checkpoint.replace("log.example\n", "other.example\n");
    all.push(other);
    let mut unsigned =
        attack("checkpoint-not-signed-by-the-log", "is not signed by the log's key", &world, bundle, &list);
    unsigned.bundle.checkpoint = unsigned.bundle.checkpoint.replace("— log.example", "— gol.example");
    all.push(unsigned);
    all
}

fn times() -> Vec<Attack> {
    let mut all = Vec::new();
    let of =
        |issued: &str, expires: &str| Listing::new(list_text(2, issued, expires, ""), &["alpha", "beta"]);
    let at = |name, says, list: &Listing, cosigned: &str| {
        let mut world = World::new();
        let bundle = world.publish(list, &none(), cosigned);
        attack(name, says, &world, bundle, list)
    };
    all.push(at(
        "expired",
        "the list ended at 2026-11-22T00:00:00Z",
        &of("2026-10-01T00:00:00Z", NOW),
        TODAY,
    ));
    let year = of("2026-10-01T00:00:00Z", "2027-10-01T00:00:00Z");
    all.push(at("frozen", "no newer cosignatures of its witnesses are here", &year, "2026-10-23T00:00:00Z"));
    let ahead = of("2026-11-23T00:00:01Z", "2027-10-01T00:00:00Z");
    all.push(at("future-timestamp", "more than 24 hours ahead of this machine's clock", &ahead, TODAY));
    all.push(at(
        "future-quorum-time",
        "the witnesses' time is 2026-11-23T00:00:01Z",
        &year,
        "2026-11-23T00:00:01Z",
    ));

    let (world, bundle, memory) = known(&year, &none());
    let mut behind = attack("frozen-behind-what-is-known", "the mirror is frozen", &world, bundle, &year);
    let old = "2026-11-20T19:59:59Z";
    behind.bundle.checkpoint = world.checkpoint(&[("one", old), ("three", old), ("four", old)]);
    behind.memory = Some(memory);
    all.push(behind);

    // Known until 20:00; the list ends at 19:00, and the clock is set back to 12:00.
    let short = of("2026-10-01T00:00:00Z", "2026-11-21T19:00:00Z");
    let mut world = World::new();
    let bundle = world.publish(&short, &none(), "2026-11-21T12:00:00Z");
    let mut memory = world.accept(None, &bundle, &short.text, "2026-11-21T12:00:00Z").unwrap().memory;
    memory.log.quorum_time = time(TODAY);
    let mut back = attack(
        "clock-set-back",
        "the list ended at 2026-11-21T19:00:00Z and it is 2026-11-21T20:00:00Z",
        &world,
        bundle,
        &short,
    );
    back.memory = Some(memory);
    back.now = "2026-11-21T12:00:00Z";
    all.push(back);
    all
}

fn orders() -> Vec<Attack> {
    let set =
        |orders: &[String], cancels: &[String]| RelaxSet { orders: orders.into(), cancels: cancels.into() };
    let (from, to) = ("2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z");
    let of = |domains: &[&str], by: &str| signed(order(from, to, domains, &[], by), &[by]);
    let mut all = vec![
        of_orders(
            "relax-that-tightens",
            "relaxed: []\nrelax.no-effect",
            &set(&[of(&["t.example", "unlisted.example"], "delta")], &[]),
        ),
        of_orders(
            "relax-by-one-without-say",
            "relaxed: []\nrelax.void",
            &set(&[of(&["a.example"], "mallory")], &[]),
        ),
    ];
    let lent = signed(order(from, to, &["a.example"], &[], "beta"), &["delta"]);
    all.push(of_orders(
        "relax-in-anothers-name",
        "in the name of `beta`, which did not sign it",
        &set(&[lent], &[]),
    ));
    let long = signed(order(from, "2026-12-05T00:00:00Z", &["a.example"], &[], "delta"), &["delta"]);
    all.push(of_orders("relax-too-long", "want at most 14 days", &set(&[long], &[])));
    let many = signed(order(from, to, &[], &["big"], "delta"), &["delta"]);
    all.push(of_orders("relax-too-many", "of 28 entries at most 20 may be", &set(&[many], &[])));
    let ahead = signed(order("2026-11-23T00:00:00Z", to, &["a.example"], &[], "delta"), &["delta"]);
    all.push(of_orders("relax-from-the-future", "relaxed: []\nrelax.not-yet", &set(&[ahead], &[])));

    let one = of(&["a.example"], "delta");
    let by_other = signed(cancel(&one, "gamma"), &["gamma"]);
    all.push(of_orders(
        "relax-cancelled",
        "gamma took it back: not needed",
        &set(std::slice::from_ref(&one), &[by_other]),
    ));

    // Known from an earlier set; the set of today has the second order alone.
    let first = signed(
        order("2026-11-01T00:00:00Z", "2026-11-10T00:00:00Z", &["a.example"], &[], "delta"),
        &["delta"],
    );
    let list = Listing::ordinary(2);
    let (mut world, _, memory) = known(&list, &set(&[first], &[]));
    let bundle = world.publish(&list, &set(&[of(&["b.example", "a.example"], "beta")], &[]), TODAY);
    let mut renewed = attack("relax-renewed", "relaxed: []\nrelax.void", &world, bundle, &list);
    renewed.memory = Some(memory);
    all.push(renewed);

    // What was taken back stays so, even when the set no longer says it.
    let by_other = signed(cancel(&one, "gamma"), &["gamma"]);
    let (mut world, _, memory) = known(&list, &set(std::slice::from_ref(&one), &[by_other]));
    let bundle = world.publish(&list, &set(&[one], &[]), TODAY);
    let mut revived = attack("relax-revived", "gamma took it back", &world, bundle, &list);
    revived.memory = Some(memory);
    all.push(revived);
    all
}
