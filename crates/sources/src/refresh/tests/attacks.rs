//! Mirrors that attack: after each, the last good list is in force and says so.

use super::*;
use crate::settings::Trust;

/// What holds after every attack on a source that had accepted serial 10.
fn assert_last_good_is_in_force(bench: &Bench, refreshed: &Refreshed, now: &str) {
    assert_eq!(refreshed.in_force.list().unwrap().list.head.serial, 10);
    assert_eq!(bench.in_force(now), Some(10));
    let status = bench.status(now);
    assert_eq!(status.list.unwrap().in_force, Counting::Yes);
    assert!(status.failure.is_some(), "status says what happened");
}

fn files_of(evidence: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(evidence)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn rolled_back() {
    let mut world = World::new();
    let bench = Bench::witnessed(&world, &[ONE]);
    let (old_list, old) = published(&mut world, 9, &day(10));
    let old_world = world.clone();
    let (list, bundle) = published(&mut world, 10, &day(11));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench.refresh(&day(11));
    bench.mirrors.put(ONE, &old, &old_list, &old_world);
    let refreshed = bench.refresh(&day(12));
    assert!(matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("rolled back")));
    assert_eq!(refreshed.action.notice, Notice::AlertWithEvidence);
    assert_eq!(refreshed.state, State::Fresh, "an older mirror is no contradiction yet");
    assert_eq!(
        files_of(refreshed.evidence.as_ref().unwrap()),
        ["held-proof.json", "offered-proof.json", "why.txt"]
    );
    assert_last_good_is_in_force(&bench, &refreshed, &day(12));

    let held_back = bench.refresh(&day(20));
    assert_eq!(held_back.state, State::Suspicious, "{:?}", held_back.findings);
    assert!(held_back.findings.iter().any(|finding| finding.code == "source.held-back"));
    assert_last_good_is_in_force(&bench, &held_back, &day(20));
}

#[test]
fn same_serial_other_bytes() {
    let (mut world, bench) = accepted();
    let text = Listing::ordinary(10).text.replace("mx.a.example", "mx.evil.example");
    let other = Listing::new(text, &["alpha", "beta"]);
    let bundle = world.publish(&other, &RelaxSet::default(), &day(12));
    bench.mirrors.put(ONE, &bundle, &other, &world);
    let refreshed = bench.refresh(&day(12));
    assert!(
        matches!(&refreshed.outcome, Outcome::Contradicted { why } if why.contains("two lists with serial 10"))
    );
    assert_eq!((refreshed.state, refreshed.action.deed), (State::Suspicious, Deed::Keep));
    assert_eq!(refreshed.action.notice, Notice::AlertWithEvidence);
    assert_last_good_is_in_force(&bench, &refreshed, &day(12));

    // The same once more makes no second evidence, and it ends when it must.
    let again = bench.refresh(&day(13));
    assert_eq!(again.evidence, refreshed.evidence);
    let ended = bench.refresh("2026-12-11T06:00:00Z");
    assert_eq!((ended.state, ended.action.deed), (State::Ended, Deed::Withdraw));
}

#[test]
fn forked_log() {
    let (_, bench) = accepted();
    let mut fork = World::new();
    fork.append("something else\n");
    let (list, bundle) = published(&mut fork, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &fork);
    let refreshed = bench.refresh(&day(12));
    assert!(
        matches!(&refreshed.outcome, Outcome::Contradicted { why } if why.contains("forked")),
        "{refreshed:?}"
    );
    assert_last_good_is_in_force(&bench, &refreshed, &day(12));
}

#[test]
fn a_contradiction_alarms_even_if_another_mirror_is_fine() {
    let mut world = World::new();
    let bench = Bench::witnessed(&world, &[ONE, TWO]);
    let (list, bundle) = published(&mut world, 10, &day(11));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench.refresh(&day(11));
    let mut fork = World::new();
    fork.append("something else\n");
    let (list, bundle) = published(&mut fork, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &fork);
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(TWO, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(12));
    assert!(matches!(refreshed.outcome, Outcome::Contradicted { .. }));
    assert_eq!(refreshed.state, State::Suspicious);
    assert_eq!(bench.in_force(&day(12)), Some(12));
}

#[test]
fn below_threshold_and_unreadable() {
    let (mut world, bench) = accepted();
    let list = Listing::new(Listing::ordinary(12).text, &["alpha"]);
    let bundle = world.publish(&list, &RelaxSet::default(), &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let refreshed = bench.refresh(&day(12));
    assert!(matches!(refreshed.outcome, Outcome::Failed { .. }));
    assert_eq!(refreshed.action.notice, Notice::AlertWithEvidence);
    assert_last_good_is_in_force(&bench, &refreshed, &day(12));
    for junk in ["", "<html>", "{}", &"x".repeat(1 << 20)] {
        bench.mirrors.files.borrow_mut().insert(format!("{ONE}proof.json"), junk.as_bytes().to_vec());
        let refreshed = bench.refresh(&day(12));
        assert_eq!(refreshed.evidence, None);
        assert_last_good_is_in_force(&bench, &refreshed, &day(12));
    }
}

#[test]
fn oversized_truncated_and_exchanged_lists() {
    let (mut world, bench) = accepted();
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let address = format!("{ONE}list/{}.json", list.statement.sha256);
    let whole = list.text.clone().into_bytes();
    let mut flipped = whole.clone();
    flipped[50] ^= 1;
    for bytes in [whole[..whole.len() - 1].to_vec(), [&whole[..], b" "].concat(), flipped, Vec::new()] {
        bench.mirrors.files.borrow_mut().insert(address.clone(), bytes);
        let refreshed = bench.refresh(&day(12));
        assert!(matches!(refreshed.outcome, Outcome::Failed { .. }));
        assert_last_good_is_in_force(&bench, &refreshed, &day(12));
    }
    bench.mirrors.files.borrow_mut().insert(address, whole);
    assert_eq!(bench.refresh(&day(12)).outcome, Outcome::Accepted);
}

#[test]
fn a_clock_that_was_set_back_brings_nothing_back() {
    let (_world, bench) = accepted();
    // A clock far behind the witnesses' is an alarm for what is offered; what is held ends by their time.
    let refreshed = bench.refresh("2026-11-01T00:00:00Z");
    assert_eq!(refreshed.in_force.list().unwrap().list.head.serial, 10);
    assert_eq!(bench.status("2026-11-01T00:00:00Z").list.unwrap().age_seconds, Some(0));
}

/// Another root than the one by which serial 10 was accepted, pinned in its place; the mirror has nothing of it yet.
fn pin_another_root(bench: &Bench) {
    let Trust::Witnessed(witnessed) = &bench.settings.trust else { panic!() };
    let mut stranger = World::new();
    stranger.root.timestamp = at("2026-02-01T00:00:00Z");
    fs::write(&witnessed.root, signed(stranger.root.clone(), &["alpha", "beta"])).unwrap();
}

#[test]
fn fault_another_pinned_root_leaves_the_last_good_list_in_force_and_is_told() {
    let (_world, bench) = accepted();
    pin_another_root(&bench);
    assert_eq!(bench.in_force(&day(12)), Some(10));
    assert_eq!(bench.status(&day(12)).list.unwrap().in_force, Counting::OtherTrust);
    let refreshed = bench.refresh(&day(12));
    assert!(!matches!(refreshed.outcome, Outcome::Accepted | Outcome::Confirmed), "{refreshed:?}");
    assert_eq!(refreshed.in_force.list().unwrap().list.head.serial, 10);
    assert!(refreshed.findings.iter().any(|finding| finding.code == "source.other-trust"
        && finding.severity == starttls_policy::Severity::Error
        && finding.cure.contains("--forget-source main")));
    // The status tells of the last try as it was.
    let status = bench.status(&day(12));
    assert_eq!((status.tried, status.succeeded), (Some(at(&day(12))), Some(at(&day(11)))));
    assert!(status.failure.is_some());
    // It ends when it would have ended.
    let end = status.list.unwrap().effective_end.unwrap().to_string();
    assert_eq!(bench.in_force(&end), None);
    assert!(bench.refresh(&end).in_force.list().is_none());
    assert_eq!(bench.status(&end).list.unwrap().in_force, Counting::Ended);
    // Whoever pins the first one again has everything back.
    let Trust::Witnessed(witnessed) = &bench.settings.trust else { panic!() };
    fs::write(&witnessed.root, &World::new().roots[0]).unwrap();
    assert_eq!(bench.in_force(&day(12)), Some(10));
}

#[test]
fn fault_another_kind_of_trust_leaves_the_last_good_list_in_force_until_it_brings_its_own() {
    let (_world, mut bench) = accepted();
    let file = bench.holder.path().join("list.json");
    bench.settings.trust = Trust::Unsigned(crate::settings::Unsigned { file: file.clone() });
    let refreshed = bench.refresh(&day(12));
    assert!(matches!(refreshed.outcome, Outcome::Failed { .. }), "{refreshed:?}");
    assert_eq!(bench.in_force(&day(12)), Some(10));
    assert_eq!(bench.status(&day(12)).list.unwrap().in_force, Counting::OtherTrust);
    // What is accepted under the new trust takes its place, whatever its serial.
    fs::write(&file, Listing::ordinary(3).text).unwrap();
    assert_eq!(bench.refresh(&day(12)).outcome, Outcome::Accepted);
    assert_eq!(bench.in_force(&day(12)), Some(3));
    assert_eq!(bench.status(&day(12)).list.unwrap().in_force, Counting::Yes);
}

#[test]
fn fault_a_source_that_is_forgotten_is_out_of_force_at_once() {
    let (_world, bench) = accepted();
    pin_another_root(&bench);
    let lock = bench.state().lock().unwrap();
    assert!(lock.forget(&bench.settings.name).unwrap());
    assert_eq!(bench.in_force(&day(12)), None);
    assert_eq!(bench.names().iter().filter(|name| name.contains('-')).count(), 0, "{:?}", bench.names());
    assert!(!lock.forget(&bench.settings.name).unwrap(), "nothing is left to forget");
    drop(lock);
    // The new root has the first word.
    assert!(bench.refresh(&day(12)).in_force.list().is_none());
}

#[test]
fn fault_a_clock_that_was_ahead_for_one_run_ends_no_list() {
    let (mut world, bench) = accepted();
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench.mirrors.files.borrow_mut().clear();
    let ahead = "2029-11-12T06:00:00Z";
    assert!(bench.refresh(ahead).in_force.list().is_none());
    assert_eq!(bench.status(ahead).state, State::Ended);
    // By the right clock it goes on, although no mirror answers.
    assert_eq!(bench.in_force(&day(12)), Some(10));
    assert_eq!(bench.status(&day(12)).state, State::Fresh);
    let refreshed = bench.refresh(&day(12));
    assert_eq!((refreshed.state, refreshed.in_force.list().is_some()), (State::Fresh, true), "{refreshed:?}");
    // Failing since the right clock's time, not since 2029.
    assert_eq!(bench.status(&day(13)).failure.unwrap().since, Some(at(&day(12))));
}

#[test]
fn evidence_has_a_bound_and_the_newest_is_kept() {
    let (_, bench) = accepted();
    for number in 0..6_u8 {
        let evidence = crate::state::Evidence {
            kind: "forgery",
            words: "tried".into(),
            files: vec![
                ("offered".into(), vec![number; 4 << 20]),
                ("too-large".into(), vec![number; 6 << 20]),
            ],
        };
        let source = bench.state().source(&bench.settings.name).unwrap().unwrap();
        let place = evidence.keep(&source, at(&format!("2026-11-12T00:00:0{number}Z"))).unwrap();
        let kept = bench.source().join(place);
        assert_eq!(fs::read(kept.join("offered")).unwrap()[0], number);
        assert!(
            fs::read_to_string(kept.join("why.txt")).unwrap().contains("too-large: 6291456 bytes, SHA-256 ")
        );
    }
    assert_eq!(files_of(&bench.source().join("evidence")).len(), 2);
}
