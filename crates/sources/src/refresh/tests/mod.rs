//! Runs against mirrors that behave, fail and attack.

mod attacks;
mod cut_short;
mod state;
mod without_proofs;

use std::fs;

use starttls_trust::document::RelaxSet;
use starttls_trust::ladder::{Deed, Notice, State};

use super::*;
use crate::Counting;
use crate::testing::world::{Listing, World, order, signed};
use crate::testing::{Bench, ONE, TWO, at, day, published};

/// A source that has accepted serial 10 on the 11th.
fn accepted() -> (World, Bench) {
    let mut world = World::new();
    let bench = Bench::witnessed(&world, &[ONE]);
    let (list, bundle) = published(&mut world, 10, &day(11));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(11));
    assert_eq!(refreshed.outcome, Outcome::Accepted, "{:?}", refreshed.findings);
    (world, bench)
}

#[test]
fn a_first_list_is_accepted_kept_and_told() {
    let (_world, bench) = accepted();
    assert_eq!(bench.in_force(&day(12)), Some(10));
    let status = bench.status(&day(12));
    assert_eq!((status.state, status.tried), (State::Fresh, Some(at(&day(11)))));
    let list = status.list.unwrap();
    assert_eq!((list.serial, list.entries, list.in_force), (10, 28, Counting::Yes));
    assert_eq!(list.signers, ["alpha", "beta"]);
    assert_eq!(list.quorum_time, Some(at(&day(11))));
    assert_eq!(list.age_seconds, Some(86_400));
    assert_eq!(list.effective_end, Some(at("2026-12-11T06:00:00Z")));
    assert_eq!(status.next.unwrap().at, Some(at(&day(18))));
}

#[test]
fn what_did_not_change_is_not_fetched_again() {
    let (_world, bench) = accepted();
    let before = bench.mirrors.asked.borrow().len();
    let refreshed = bench.refresh(&day(12));
    assert_eq!(refreshed.outcome, Outcome::Confirmed);
    assert_eq!((refreshed.action.notice, refreshed.findings), (Notice::Quiet, Vec::new()));
    assert_eq!(bench.mirrors.asked.borrow().len(), before + 1);
    assert_eq!(bench.mirrors.unchanged.get(), 1);
}

#[test]
fn newer_cosignatures_keep_the_same_list_fresh() {
    let (mut world, bench) = accepted();
    let list = Listing::ordinary(10);
    let bundle = world.publish(&list, &RelaxSet::default(), &day(20));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench.mirrors.files.borrow_mut().remove(&format!("{ONE}list/{}.json", list.statement.sha256));
    let refreshed = bench.refresh(&day(20));
    assert_eq!((refreshed.outcome, refreshed.state), (Outcome::Confirmed, State::Fresh));
    let status = bench.status(&day(20)).list.unwrap();
    assert_eq!((status.accepted, status.quorum_time), (Some(at(&day(11))), Some(at(&day(20)))));
}

#[test]
fn a_newer_list_takes_the_place_and_the_one_before_is_kept() {
    let (mut world, bench) = accepted();
    for serial in 12..=14 {
        let (list, bundle) = published(&mut world, serial, &day(15));
        bench.mirrors.put(ONE, &bundle, &list, &world);
        assert_eq!(bench.refresh(&day(15)).outcome, Outcome::Accepted);
        assert_eq!(bench.in_force(&day(15)), Some(u64::from(u32::try_from(serial).unwrap())));
    }
    let names = bench.names();
    assert_eq!(names.iter().filter(|name| name.starts_with("list-")).count(), 2, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("proof-")).count(), 2, "{names:?}");
    assert!(fs::read_dir(bench.source().join("incoming")).unwrap().next().is_none());
}

#[test]
fn a_dry_run_changes_nothing() {
    let (mut world, bench) = accepted();
    let before = fs::read(bench.source().join("state.json")).unwrap();
    let (list, bundle) = published(&mut world, 12, &day(15));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let refreshed = bench.try_refresh(Keeping::Discard, &day(15)).unwrap();
    assert_eq!(refreshed.outcome, Outcome::Accepted);
    assert_eq!(refreshed.in_force.list().unwrap().list.head.serial, 12);
    assert_eq!(fs::read(bench.source().join("state.json")).unwrap(), before);
    assert_eq!(bench.in_force(&day(15)), Some(10));
}

#[test]
fn a_frozen_mirror_ages_ends_and_comes_back_by_itself() {
    let (mut world, bench) = accepted();
    let ageing = bench.refresh("2026-11-19T06:00:00Z");
    assert_eq!((ageing.state, ageing.action.notice), (State::Ageing, Notice::Warn));
    assert!(ageing.findings.iter().any(|finding| finding.code == "source.ageing"), "{:?}", ageing.findings);
    let ended = bench.refresh("2026-12-11T06:00:00Z");
    assert_eq!(
        (ended.state, ended.action.deed, ended.action.notice),
        (State::Ended, Deed::Withdraw, Notice::Alert)
    );
    assert!(ended.in_force.list().is_none());
    assert_eq!(bench.in_force("2026-12-11T06:00:00Z"), None);
    assert_eq!(bench.status("2026-12-12T06:00:00Z").list.unwrap().in_force, Counting::Ended);

    let (list, bundle) = published(&mut world, 15, "2026-12-13T06:00:00Z");
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let back = bench.refresh("2026-12-13T06:00:00Z");
    assert_eq!(
        (back.state, back.action.deed, back.action.notice),
        (State::Fresh, Deed::Restore, Notice::Tell)
    );
    assert_eq!(bench.in_force("2026-12-13T06:00:00Z"), Some(15));
}

#[test]
fn a_mirror_that_failed_is_passed_over_for_the_next() {
    let mut world = World::new();
    let bench = Bench::witnessed(&world, &[ONE, TWO]);
    let (list, bundle) = published(&mut world, 10, &day(11));
    bench.mirrors.put(TWO, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(11));
    assert_eq!((refreshed.outcome, refreshed.state), (Outcome::Accepted, State::Fresh));
    assert_eq!(
        refreshed.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["source.mirror-failed"]
    );
}

#[test]
fn while_a_list_ages_the_mirror_with_the_freshest_proof_counts() {
    let mut world = World::new();
    let bench = Bench::witnessed(&world, &[ONE, TWO]);
    let (list, bundle) = published(&mut world, 10, &day(2));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let bundle = world.publish(&list, &RelaxSet::default(), &day(11));
    bench.mirrors.put(TWO, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(11));
    assert_eq!(refreshed.state, State::Fresh, "{:?}", refreshed.findings);
    assert_eq!(bench.status(&day(11)).list.unwrap().quorum_time, Some(at(&day(11))));
}

#[test]
fn relax_orders_weaken_until_they_end_and_may_be_refused() {
    let (mut world, mut bench) = accepted();
    let relax = order("2026-11-12T00:00:00Z", "2026-11-20T00:00:00Z", &["a.example"], &[], "delta");
    let set = RelaxSet { orders: vec![signed(relax, &["delta"])], cancels: Vec::new() };
    let list = Listing::ordinary(10);
    let bundle = world.publish(&list, &set, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(12));
    let loaded = refreshed.in_force.list().unwrap();
    assert_eq!((loaded.relaxations.len(), loaded.relaxed_until), (1, Some(at("2026-11-20T00:00:00Z"))));
    let orders = bench.status(&day(13)).relax_orders;
    assert_eq!((orders[0].by.as_str(), orders[0].domains), ("delta", 1));
    assert_eq!(bench.status(&day(20)).relax_orders, []);
    let load = |bench: &Bench, now: &str| crate::load(&bench.settings, &bench.state(), at(now)).unwrap();
    assert_eq!(load(&bench, &day(13)).list().unwrap().relaxations.len(), 1);
    assert_eq!(load(&bench, &day(20)).list().unwrap().relaxations.len(), 0);
    if let crate::settings::Trust::Witnessed(witnessed) = &mut bench.settings.trust {
        witnessed.relax_orders = crate::settings::RelaxOrders::Refuse;
    }
    assert_eq!(load(&bench, &day(13)).list().unwrap().relaxations.len(), 0);
}
