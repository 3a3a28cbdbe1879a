//! What is too old, too new, or of another time.

use super::*;
use crate::world::time;

pub(super) fn all() -> Vec<Attack> {
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
