//! Policies are checked again in good time, looked through page by page, and purged at an operator's word.

use std::collections::BTreeSet;

use starttls_daemon::learned::{Counts, KeptPolicy, Learned, LearnedSettings, Purge, ToVerify};
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};
use starttls_policy::{Domain, Mode};

use crate::support::{NOW, WEEK, alone, at, domain, lasting, policy, settings};

fn names(domains: &[Domain]) -> Vec<&str> {
    domains.iter().map(Domain::as_str).collect()
}

#[tokio::test]
async fn policies_are_due_before_they_end_and_when_long_unconfirmed() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    for (name, mode, fetched, max_age, confirmed) in [
        ("later.example", Mode::Enforce, NOW, 100_000, NOW),
        ("soon.example", Mode::Enforce, NOW - 900, 1_000, NOW),
        ("sooner.example", Mode::Testing, NOW - 950, 1_000, NOW),
        ("soonest.example", Mode::None, NOW - 990, 1_000, NOW),
        ("unconfirmed.example", Mode::Enforce, NOW - 90_000, 604_800, NOW - 90_000),
        ("just-ended.example", Mode::Enforce, NOW - 1_010, 1_000, NOW),
        ("long-ended.example", Mode::Enforce, NOW - 200_000, 1_000, NOW - 199_000),
    ] {
        let kept = KeptPolicy { confirmed: at(confirmed), ..lasting(mode, fetched, max_age) };
        learned.keep_policy(&domain(name), &kept);
    }
    learned.flush().await;
    let due = learned.due(at(NOW - 86_400), at(NOW + 3_600), 100).await;
    let want =
        ["just-ended.example", "soonest.example", "sooner.example", "soon.example", "unconfirmed.example"];
    assert_eq!(names(&due), want);
    assert_eq!(names(&learned.due(at(NOW - 86_400), at(NOW + 3_600), 100).await), want);
    assert!(learned.due(at(NOW - 86_400), at(NOW + 3_600), 0).await.is_empty());
    learned.close().await;
}

#[tokio::test]
async fn every_policy_has_its_turn_though_none_is_ever_renewed() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    for one in 0..50 {
        // Half of them end soon, half of them are unconfirmed; some end in the same second.
        let soon = lasting(Mode::Enforce, NOW - 900, 1_000 + one / 10);
        learned.keep_policy(&domain(&format!("{one}.soon.example")), &soon);
        let old =
            KeptPolicy { confirmed: at(NOW - 90_000 - one / 10), ..policy(Mode::Enforce, NOW - 90_000) };
        learned.keep_policy(&domain(&format!("{one}.old.example")), &old);
    }
    learned.flush().await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let due = learned.due(at(NOW - 86_400), at(NOW + 3_600), 9).await;
        assert_eq!(due.len(), 9);
        seen.extend(due);
    }
    assert_eq!(seen.len(), 100);
    learned.close().await;
}

async fn some(learned: &Learned) {
    learned.keep_policy(&domain("a.example"), &policy(Mode::Enforce, NOW));
    learned.keep_policy(&domain("b.example"), &lasting(Mode::Testing, NOW - 200, 100));
    learned.keep_release(&domain("b.example"), StsRelease { mode: ReleasingMode::None, at: at(NOW) });
    learned.keep_dane(&domain("c.example"), at(NOW + 60));
    learned.keep_dane(&domain("d.example"), at(NOW - 60));
    learned.flush().await;
}

#[tokio::test]
async fn entries_come_page_by_page_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    some(&learned).await;
    let first = learned.entries(None, 3).await;
    let domains: Vec<&str> = first.iter().map(|(domain, _)| domain.as_str()).collect();
    assert_eq!(domains, ["a.example", "b.example", "c.example"]);
    assert!(first[1].1.policy.is_some() && first[1].1.release.is_some() && first[1].1.dane_until.is_none());
    let second = learned.entries(Some(&first[2].0), 3).await;
    assert_eq!((second.len(), second[0].0.as_str()), (1, "d.example"));
    assert!(learned.entries(Some(&second[0].0), 3).await.is_empty());
    learned.close().await;
}

const DAY: u64 = 86_400;

#[tokio::test]
async fn what_ended_a_month_ago_is_forgotten_a_little_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    for one in 0..1_200_u64 {
        let mode = [Mode::Enforce, Mode::Testing][usize::from(one >= 1_100)];
        let ended = lasting(mode, NOW - 31 * DAY - 100, 100);
        learned.keep_policy(&domain(&format!("{one}.ended.example")), &ended);
        if one % 400 == 399 {
            learned.flush().await;
        }
    }
    // What ended by a clock that is wrong by weeks holds again when that is right.
    let lately = domain("lately.example");
    learned.keep_policy(&lately, &lasting(Mode::Enforce, NOW - 30 * DAY - 99, 100));
    learned.keep_policy(&domain("holds.example"), &lasting(Mode::Enforce, NOW - 100 * DAY, 101 * DAY));
    learned.keep_dane(&domain("a.example"), at(NOW - 30 * DAY));
    learned.keep_dane(&domain("b.example"), at(NOW - 30 * DAY + 1));
    for (name, noted) in [("a.example", NOW - 30 * DAY), ("b.example", NOW - 30 * DAY + 1)] {
        learned.to_verify(&domain(name), ToVerify::StsTesting, at(noted));
    }
    learned.flush().await;
    assert_eq!(learned.forget_ended(at(NOW)).await, 500 + 100 + 2, "of each kind so many");
    assert_eq!(learned.forget_ended(at(NOW)).await, 500);
    assert_eq!(learned.forget_ended(at(NOW)).await, 100);
    assert_eq!(learned.forget_ended(at(NOW)).await, 0);
    let want = Counts { policies: 2, enforce: 1, ended: 1, releases: 0, dane: 1, to_verify: 1, in_memory: 0 };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert_eq!(learned.forget_ended(at(NOW + 1)).await, 3);
    assert!(learned.recall(&lately, at(NOW)).await.remembered.policy.is_none());
    // At the beginning of time nothing has ended.
    assert_eq!(learned.forget_ended(at(0)).await, 0);
    learned.close().await;
}

/// One was released and has enforced since, another the other way round; both policies have ended.
async fn released(learned: &Learned) -> [Domain; 2] {
    let [void, stands] = ["void.example", "stands.example"].map(domain);
    let release = |time| StsRelease { mode: ReleasingMode::None, at: at(time) };
    for (name, released) in [(&void, NOW - 100 * DAY - 1), (&stands, NOW - 100 * DAY + 1)] {
        learned.keep_release(name, release(released));
        learned.keep_policy(name, &lasting(Mode::Enforce, NOW - 100 * DAY, DAY));
    }
    learned.flush().await;
    [void, stands]
}

async fn stands(learned: &Learned, domain: &Domain) -> bool {
    learned.recall(domain, at(NOW)).await.remembered.standing_release().is_some()
}

#[tokio::test]
async fn a_release_that_is_void_does_not_stand_again_when_its_policy_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    for way in ["by itself", "by the operator", "for want of room"] {
        let path = dir.path().join(format!("{way}.sqlite"));
        let row_limit = if way == "for want of room" { 4 } else { 1_000 };
        let learned = Learned::open(LearnedSettings { row_limit, ..settings(&path) }).await;
        let [void, standing] = released(&learned).await;
        match way {
            "by itself" => assert_eq!(learned.forget_ended(at(NOW)).await, 3),
            "by the operator" => {
                assert_eq!(learned.purge(Purge::Ended { now: at(NOW) }).await.unwrap().rows, 3);
            }
            _ => {
                for one in 0..10 {
                    learned.keep_policy(&domain(&format!("{one}.example")), &policy(Mode::Enforce, NOW));
                    learned.flush().await;
                }
            }
        }
        assert!(!stands(&learned, &void).await, "{way}");
        assert!(stands(&learned, &standing).await, "{way}");
        learned.close().await;
    }
}

#[tokio::test]
async fn purging_takes_one_what_ended_or_all() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    some(&learned).await;
    let want = Counts { policies: 2, enforce: 1, ended: 1, releases: 1, dane: 2, to_verify: 0, in_memory: 0 };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert_eq!(learned.purge(Purge::Ended { now: at(NOW) }).await.unwrap().rows, 2);
    // A release has no end.
    let want = Counts { policies: 1, enforce: 1, ended: 0, releases: 1, dane: 1, to_verify: 0, in_memory: 0 };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert_eq!(learned.purge(Purge::Domain(domain("a.example"))).await.unwrap().rows, 1);
    learned.keep_policy(&domain("waits.example"), &policy(Mode::Enforce, NOW));
    assert_eq!(learned.purge(Purge::All).await.unwrap().rows, 3);
    assert_eq!(learned.counts(at(NOW)).await, Counts::default());
    learned.close().await;
}

#[tokio::test]
async fn fault_a_clock_that_was_ahead_deletes_nothing_and_makes_nothing_hold_longer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let ahead = NOW + 730 * DAY;
    let day = std::time::Duration::from_hours(24);
    let learned = Learned::open(LearnedSettings { settled_after: day, ..settings(&path) }).await;
    let (before, during) = (domain("before.example"), domain("during.example"));
    learned.keep_policy(&before, &policy(Mode::Enforce, NOW));
    learned.flush().await;
    learned.forget_ended(at(NOW)).await;
    // One minute years ahead.
    assert_eq!(learned.forget_ended(at(ahead)).await, 0);
    learned.keep_policy(&during, &policy(Mode::Enforce, ahead));
    learned.keep_dane(&during, at(ahead + 3_600));
    learned.flush().await;
    assert_eq!(learned.forget_ended(at(NOW + 60)).await, 0);
    assert!(learned.recall(&before, at(NOW + 60)).await.remembered.standing_policy(at(NOW + 60)).is_some());
    // By the right clock it holds for its `max_age` at most, and is verified before long.
    let found = learned.recall(&during, at(NOW + 60)).await.remembered;
    let kept = found.policy.unwrap();
    assert!(kept.policy.ends() <= at(NOW + 60 + WEEK), "{kept:?}");
    assert!(kept.confirmed < at(NOW), "{kept:?}");
    assert!(found.dane_until.unwrap() <= at(NOW + 60 + DAY));
    assert_eq!(names(&learned.due(at(NOW - DAY), at(NOW + 3_600), 9).await), ["during.example"]);
    learned.close().await;

    // Once the clock is relied on, the end is written down and does not move any more.
    let learned = alone(&path).await;
    learned.recall(&during, at(NOW + 60)).await;
    learned.flush().await;
    let later = learned.recall(&during, at(NOW + 60 + WEEK)).await.remembered;
    assert!(later.standing_policy(at(NOW + 60 + WEEK)).is_none(), "{later:?}");
    learned.close().await;
}

#[tokio::test]
async fn fault_a_release_of_a_clock_that_was_ahead_gives_way_to_a_policy_that_enforces() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    let name = domain("example.org");
    learned.keep_release(&name, StsRelease { mode: ReleasingMode::None, at: at(NOW + 730 * DAY) });
    learned.keep_policy(&name, &policy(Mode::Enforce, NOW));
    learned.flush().await;
    assert_eq!(learned.recall(&name, at(NOW)).await.remembered.standing_release(), None);
    learned.close().await;
}

#[tokio::test]
async fn fault_end_with_a_store_that_takes_nothing_tells_how_many_domains_are_lost() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the directory should be: no store can be made, whoever runs the tests.
    std::fs::write(dir.path().join("file"), "").unwrap();
    let learned = alone(&dir.path().join("file/learned.sqlite")).await;
    for number in 0..3 {
        learned.keep_policy(&domain(&format!("{number}.example")), &policy(Mode::Enforce, NOW));
    }
    assert_eq!(learned.close().await, 3);

    let learned = alone(&dir.path().join("learned.sqlite")).await;
    learned.keep_policy(&domain("a.example"), &policy(Mode::Enforce, NOW));
    assert_eq!(learned.close().await, 0);
}
