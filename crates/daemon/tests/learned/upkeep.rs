//! Policies are checked again in good time, looked through page by page, and purged at an operator's word.

use std::collections::BTreeSet;

use starttls_daemon::learned::{Counts, KeptPolicy, Learned, Purge};
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};
use starttls_policy::{Domain, Mode};

use crate::support::{NOW, alone, at, domain, lasting, policy};

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

#[tokio::test]
async fn purging_takes_one_what_ended_or_all() {
    let dir = tempfile::tempdir().unwrap();
    let learned = alone(&dir.path().join("learned.sqlite")).await;
    some(&learned).await;
    let want = Counts { policies: 2, enforce: 1, ended: 1, releases: 1, dane: 2, to_verify: 0 };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert_eq!(learned.purge(Purge::Ended { now: at(NOW) }).await, 2);
    // A release has no end.
    let want = Counts { policies: 1, enforce: 1, ended: 0, releases: 1, dane: 1, to_verify: 0 };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert_eq!(learned.purge(Purge::Domain(domain("a.example"))).await, 1);
    learned.keep_policy(&domain("waits.example"), &policy(Mode::Enforce, NOW));
    assert_eq!(learned.purge(Purge::All).await, 3);
    assert_eq!(learned.counts(at(NOW)).await, Counts::default());
    learned.close().await;
}
