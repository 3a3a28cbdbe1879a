//! A flood of names pushes no protection out.

use starttls_daemon::learned::{Learned, LearnedSettings, Purge, ToVerify};
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};

use crate::support::{NOW, at, domain, lasting, policy, settings};

async fn small(dir: &std::path::Path, row_limit: u64) -> Learned {
    Learned::open(LearnedSettings { row_limit, ..settings(&dir.join("learned.sqlite")) }).await
}

async fn flood(learned: &Learned, label: &str, number: usize, mode: Mode) {
    for one in 0..number {
        learned.keep_policy(&domain(&format!("{label}{one}.flood.example")), &policy(mode, NOW));
        if one % 400 == 399 {
            learned.flush().await;
        }
    }
    learned.flush().await;
}

#[tokio::test]
async fn a_flood_takes_the_place_of_what_ended_then_of_what_does_not_protect_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let learned = small(dir.path(), 300).await;
    for one in 0..100 {
        learned.keep_policy(&domain(&format!("{one}.safe.example")), &policy(Mode::Enforce, NOW));
        learned
            .keep_policy(&domain(&format!("{one}.ended.example")), &lasting(Mode::Enforce, NOW - 500, 400));
        learned.keep_policy(&domain(&format!("{one}.weak.example")), &policy(Mode::Testing, NOW));
    }
    // The time it is; what ended counts from there.
    learned.recall(&domain("example.org"), at(NOW)).await;
    learned.flush().await;
    assert_eq!(learned.counts(at(NOW)).await.policies, 300);

    flood(&learned, "a", 50, Mode::None).await;
    let counts = learned.counts(at(NOW)).await;
    assert_eq!((counts.enforce, counts.policies <= 300, counts.ended < 51), (100, true, true), "{counts:?}");
    assert_eq!(of(&learned, "weak").await, 100);

    flood(&learned, "b", 1_000, Mode::None).await;
    let counts = learned.counts(at(NOW)).await;
    assert_eq!((counts.enforce, counts.policies <= 300, counts.ended), (100, true, 0), "{counts:?}");

    // Full of what protects: nothing new is kept, and what is there can still be renewed.
    flood(&learned, "c", 1_000, Mode::Enforce).await;
    let counts = learned.counts(at(NOW)).await;
    assert_eq!((counts.enforce, counts.policies), (300, 300), "{counts:?}");
    let not_kept = learned.troubles().not_kept;
    assert!(not_kept >= 700, "{not_kept}");
    flood(&learned, "d", 500, Mode::None).await;
    assert_eq!(learned.counts(at(NOW)).await, counts);
    assert_eq!(learned.troubles().not_kept, not_kept + 500);
    for one in 0..100 {
        let name = domain(&format!("{one}.safe.example"));
        let renewed = policy(Mode::Enforce, NOW + 60);
        learned.keep_policy(&name, &renewed);
        learned.flush().await;
        assert_eq!(learned.recall(&name, at(NOW)).await.remembered.policy, Some(renewed));
    }

    // Room that an operator makes is used again.
    assert_eq!(learned.purge(Purge::Domain(domain("7.safe.example"))).await.unwrap().rows, 1);
    flood(&learned, "e", 3, Mode::Enforce).await;
    assert_eq!(learned.counts(at(NOW)).await.policies, 300);
    learned.close().await;
}

async fn of(learned: &Learned, kind: &str) -> usize {
    let entries = learned.entries(None, 10_000).await;
    entries.iter().filter(|(domain, _)| domain.as_str().ends_with(&format!(".{kind}.example"))).count()
}

#[tokio::test]
async fn other_tables_are_bounded_too() {
    let dir = tempfile::tempdir().unwrap();
    let learned = small(dir.path(), 200).await;
    for one in 0..1_000_u64 {
        let name = domain(&format!("{one}.example.org"));
        learned.keep_release(&name, StsRelease { mode: ReleasingMode::Testing, at: at(NOW + one) });
        learned.keep_dane(&name, at(NOW + one));
        learned.to_verify(&name, ToVerify::ListTesting, at(NOW + one));
        if one % 100 == 99 {
            learned.flush().await;
        }
    }
    learned.flush().await;
    let counts = learned.counts(at(NOW)).await;
    assert_eq!((counts.releases, counts.dane, counts.to_verify), (200, 200, 200));
    // The newest stay.
    let last = learned.recall(&domain("999.example.org"), at(NOW)).await.remembered;
    assert!(last.release.is_some() && last.dane_until.is_some());
    learned.close().await;
}

#[tokio::test]
async fn a_domain_is_to_be_verified_at_most_hourly() {
    let dir = tempfile::tempdir().unwrap();
    let learned = small(dir.path(), 200).await;
    let name = domain("example.org");
    for (time, want) in [(0, 0), (10, 0), (3_599, 0), (3_600, 3_600), (5_000, 3_600), (7_200, 7_200)] {
        learned.to_verify(&name, ToVerify::StsTesting, at(NOW + time));
        learned.flush().await;
        let waiting = learned.awaiting_verification(10).await;
        assert_eq!(waiting, [(name.clone(), ToVerify::StsTesting, at(NOW + want))], "{time}");
    }
    learned.close().await;
}
