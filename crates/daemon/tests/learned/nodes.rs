//! Several nodes share what they learnt; none depends on the others, or on the store they share.

use starttls_daemon::learned::{KeptPolicy, Learned, Learnt, Reach, SharedState};
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, at, domain, lasting, node, policy, until_down, until_up};

async fn two(dir: &std::path::Path, url: &str) -> (Learned, Learned) {
    let first = node(&dir.join("1.sqlite"), "one", url).await;
    let second = node(&dir.join("2.sqlite"), "two", url).await;
    until_up(&first).await;
    until_up(&second).await;
    (first, second)
}

fn elsewhere(kept: &KeptPolicy) -> KeptPolicy {
    KeptPolicy { origin: Learnt::Elsewhere, ..kept.clone() }
}

#[tokio::test]
async fn protection_counts_everywhere_and_releases_where_they_were_seen() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let (name, weak) = (domain("example.org"), domain("weak.example"));
    let release = StsRelease { mode: ReleasingMode::None, at: at(NOW) };
    first.keep_policy(&name, &policy(Mode::Enforce, NOW - 100));
    first.keep_release(&name, release);
    first.keep_policy(&weak, &policy(Mode::Testing, NOW - 100));
    first.flush_shared().await;

    let recall = second.recall(&name, at(NOW)).await;
    assert_eq!(recall.remembered.policy, Some(elsewhere(&policy(Mode::Enforce, NOW - 100))));
    assert_eq!((recall.remembered.release, recall.release_elsewhere), (None, Some(release)));
    let recall = second.recall(&weak, at(NOW)).await;
    assert_eq!(recall.remembered.policy, Some(elsewhere(&policy(Mode::Testing, NOW - 100))));

    // What enforces here is not replaced by what another node says later, weaker or not.
    let mine = policy(Mode::Enforce, NOW - 50);
    second.keep_policy(&name, &mine);
    second.flush_shared().await;
    for later in [policy(Mode::None, NOW - 20), policy(Mode::Enforce, NOW - 10)] {
        first.keep_policy(&name, &later);
        first.flush_shared().await;
        assert_eq!(second.recall(&name, at(NOW)).await.remembered.policy, Some(mine.clone()));
    }
    // Unless it has ended, when the newest is asked for.
    let recall = second.recall(&name, mine.policy.ends()).await;
    assert_eq!(recall.remembered.policy, Some(elsewhere(&policy(Mode::Enforce, NOW - 10))));
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn the_newest_word_wins_in_the_shared_store_whoever_writes_last() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let third = node(&dir.path().join("3.sqlite"), "three", &server.url()).await;
    until_up(&third).await;
    let name = domain("example.org");
    let (older, newer) = (policy(Mode::Enforce, NOW - 200), policy(Mode::Enforce, NOW - 100));
    for (writer, kept) in [(&first, &newer), (&second, &older)] {
        writer.keep_policy(&name, kept);
        writer.flush_shared().await;
        assert_eq!(third.recall(&name, at(NOW)).await.remembered.policy, Some(elsewhere(&newer)));
    }
    // Confirmed later, the same policy is newer.
    let confirmed = KeptPolicy { confirmed: at(NOW - 10), ..newer.clone() };
    second.keep_policy(&name, &confirmed);
    second.flush_shared().await;
    let other = domain("other.example");
    // Written by a wrong clock, it gives way.
    first.keep_policy(&other, &policy(Mode::Enforce, NOW + 10_000_000));
    first.flush_shared().await;
    assert_eq!(third.recall(&other, at(NOW)).await.remembered.policy, None);
    second.keep_policy(&other, &newer);
    second.flush_shared().await;
    assert_eq!(third.recall(&other, at(NOW)).await.remembered.policy, Some(elsewhere(&newer)));
    first.close().await;
    second.close().await;
    third.close().await;
}

#[tokio::test]
async fn a_node_goes_on_alone_and_comes_back_by_itself() {
    let Some(mut server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let (known, late) = (domain("known.example"), domain("late.example"));
    first.keep_policy(&known, &policy(Mode::Enforce, NOW - 100));
    first.flush_shared().await;
    assert_eq!(second.recall(&known, at(NOW)).await.reach, Reach::Complete);
    second.flush().await;

    server.halt().unwrap();
    // Whoever asks first notices; what it learnt from others before is its own by now.
    let recall = second.recall(&known, at(NOW)).await;
    assert_eq!(recall.reach, Reach::Partial);
    assert_eq!(recall.remembered.policy, Some(elsewhere(&policy(Mode::Enforce, NOW - 100))));
    assert!(matches!(second.shared_state(), SharedState::Down { .. }));
    first.keep_policy(&late, &policy(Mode::Enforce, NOW));
    first.flush().await;
    until_down(&first).await;
    assert!(first.recall(&late, at(NOW)).await.remembered.policy.is_some());

    server.resume().unwrap();
    until_up(&first).await;
    until_up(&second).await;
    // What was learnt meanwhile was not lost.
    first.flush_shared().await;
    let recall = second.recall(&late, at(NOW)).await;
    assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Complete));
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_shared_store_that_hangs_holds_an_answer_up_for_a_fifth_of_a_second_once() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let name = domain("example.org");
    first.keep_policy(&name, &policy(Mode::Enforce, NOW));
    first.flush().await;
    server.freeze().unwrap();
    let began = std::time::Instant::now();
    let recall = first.recall(&name, at(NOW)).await;
    assert!(began.elapsed().as_millis() >= 200, "{:?}", began.elapsed());
    assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Partial));
    // From now on it is known to be down, and not asked.
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(first.recall(&name, at(NOW)).await.reach, Reach::Partial);
    }
    assert!(began.elapsed().as_millis() < 200, "{:?}", began.elapsed());
    assert_eq!(first.troubles().shared_failed_reads, 21);
    server.thaw().unwrap();
    until_up(&first).await;
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_node_starts_where_the_shared_store_is_not_there_or_not_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let name = domain("example.org");
    let nowhere = format!("postgres://me:s3cr3t@/x?host={}", dir.path().display());
    let alone = node(&dir.path().join("1.sqlite"), "one", &nowhere).await;
    alone.keep_policy(&name, &lasting(Mode::Enforce, NOW, 60));
    let recall = alone.recall(&name, at(NOW)).await;
    assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Partial));
    until_down(&alone).await;
    let state = format!("{:?}", alone.shared_state());
    assert!(!state.contains("s3cr3t"), "{state}");
    alone.close().await;

    let Some(server) = Postgres::start().unwrap() else { return };
    let newer = node(&dir.path().join("2.sqlite"), "two", &server.url()).await;
    until_up(&newer).await;
    newer.close().await;
    let url = server.url();
    let database = starttls_store::Database::open(
        &starttls_store::Place::parse(&url).unwrap(),
        &starttls_store::Migrations { feature: "tests", steps: &[] },
    )
    .await
    .unwrap();
    database.execute("UPDATE starttls_schema SET version = 99 WHERE feature = 'learned'", &[]).await.unwrap();
    let refused = node(&dir.path().join("3.sqlite"), "three", &url).await;
    until_down(&refused).await;
    let state = format!("{:?}", refused.shared_state());
    assert!(state.contains("run the newer program"), "{state}");
    refused.close().await;
    database.close().await;
}
