//! Several nodes share what they learnt; none depends on the others, or on the store they share.

use starttls_daemon::learned::{KeptPolicy, Learned, Learnt, Purge, Reach, Recall, SharedState};
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, at, domain, lasting, node, policy, set_clock, until_down, until_up};

async fn two(dir: &std::path::Path, url: &str) -> (Learned, Learned) {
    set_clock(url, NOW).await;
    let first = node(&dir.join("1.sqlite"), "one", url).await;
    let second = node(&dir.join("2.sqlite"), "two", url).await;
    until_up(&first).await;
    until_up(&second).await;
    (first, second)
}

fn elsewhere(kept: &KeptPolicy) -> KeptPolicy {
    // First seen here at the time at which these tests play.
    KeptPolicy { origin: Learnt::Elsewhere, confirmed: at(NOW), ..kept.clone() }
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
    // What does not enforce adds nothing.
    assert_eq!(second.recall(&weak, at(NOW)).await.remembered.policy, None);

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
    let seen_then =
        KeptPolicy { confirmed: mine.policy.ends(), ..elsewhere(&policy(Mode::Enforce, NOW - 10)) };
    assert_eq!(recall.remembered.policy, Some(seen_then));
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
async fn a_shared_store_that_hangs_holds_answers_up_for_a_fifth_of_a_second_for_each_reader() {
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
    // The other reader hangs likewise. From then on nobody waits.
    assert_eq!(first.recall(&name, at(NOW)).await.reach, Reach::Partial);
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(first.recall(&name, at(NOW)).await.reach, Reach::Partial);
    }
    assert!(began.elapsed().as_millis() < 200, "{:?}", began.elapsed());
    assert_eq!(first.troubles().shared_failed_reads, 22);
    until_down(&first).await;
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

#[tokio::test]
async fn fault_a_domain_that_is_purged_is_purged_in_the_shared_store_too() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let (name, other) = (domain("example.org"), domain("other.example"));
    for name in [&name, &other] {
        first.keep_policy(name, &policy(Mode::Enforce, NOW));
        first.keep_dane(name, at(NOW + 3_600));
    }
    first.flush_shared().await;
    first.purge(Purge::Domain(name.clone())).await.unwrap();
    assert_eq!(first.recall(&name, at(NOW)).await, Recall::default());
    assert_eq!(second.recall(&name, at(NOW)).await, Recall::default());
    assert!(second.recall(&other, at(NOW)).await.remembered.policy.is_some());
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_what_weakens_does_not_replace_what_enforces_in_the_shared_store() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let name = domain("example.org");
    let enforced = policy(Mode::Enforce, NOW - 100);
    first.keep_policy(&name, &enforced);
    first.flush_shared().await;
    // The second node has its own view, true or forged.
    for (mode, releasing) in [(Mode::Testing, ReleasingMode::Testing), (Mode::None, ReleasingMode::None)] {
        second.keep_policy(&name, &policy(mode, NOW));
        second.keep_release(&name, StsRelease { mode: releasing, at: at(NOW) });
        second.flush_shared().await;
        assert_eq!(second.recall(&name, at(NOW)).await.remembered.policy, Some(policy(mode, NOW)), "its own");
    }
    // A new node has the protection, and knows of the weakening without obeying it.
    let third = node(&dir.path().join("3.sqlite"), "three", &server.url()).await;
    until_up(&third).await;
    let recall = third.recall(&name, at(NOW)).await;
    assert_eq!(recall.remembered.policy, Some(elsewhere(&enforced)));
    assert_eq!((recall.remembered.release, recall.release_elsewhere.is_some()), (None, true));
    third.close().await;
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_a_node_with_a_wrong_clock_replaces_nothing() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let name = domain("example.org");
    first.keep_policy(&name, &policy(Mode::Enforce, NOW - 100));
    first.keep_dane(&name, at(NOW + 3_600));
    first.flush_shared().await;
    let weeks_ahead = NOW + 3 * 604_800;
    second.keep_policy(&name, &policy(Mode::Enforce, weeks_ahead));
    second.keep_policy(&name, &policy(Mode::None, weeks_ahead));
    second.keep_dane(&name, at(weeks_ahead + 3_600));
    second.keep_release(&name, StsRelease { mode: ReleasingMode::None, at: at(weeks_ahead) });
    second.flush_shared().await;
    let third = node(&dir.path().join("3.sqlite"), "three", &server.url()).await;
    until_up(&third).await;
    let recall = third.recall(&name, at(NOW)).await;
    assert_eq!(recall.remembered.policy, Some(elsewhere(&policy(Mode::Enforce, NOW - 100))));
    assert_eq!((recall.remembered.dane_until, recall.release_elsewhere), (Some(at(NOW + 3_600)), None));
    third.close().await;
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_a_row_of_another_node_holds_for_a_day_from_when_it_was_first_seen() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let name = domain("example.org");
    for hours in [0, 6, 12, 18, 23, 24, 30] {
        let now = NOW + hours * 3_600;
        // Written anew each time, as somebody would who wants it to last.
        set_clock(&server.url(), now).await;
        let database = crate::support::shared(&server).await;
        let sql = "INSERT INTO learned_policies VALUES ('example.org', 'enforce', 'mx.evil.example', '1', $1, 31557600, 0, $1, '')
            ON CONFLICT (domain) DO UPDATE SET fetched = excluded.fetched, confirmed = excluded.confirmed";
        let now_value = starttls_store::Value::Integer(i64::try_from(now).unwrap());
        database.execute(sql, &[now_value]).await.unwrap();
        database.close().await;
        let recall = second.recall(&name, at(now)).await;
        second.flush().await;
        assert_eq!(recall.remembered.standing_policy(at(now)), None);
        assert_eq!(recall.remembered.policy_elsewhere(at(now)).is_some(), hours < 24, "after {hours} hours");
    }
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_a_change_that_the_database_refuses_for_its_values_does_not_stop_the_others() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let database = crate::support::shared(&server).await;
    let sql = "ALTER TABLE learned_policies ADD CHECK (domain NOT LIKE 'refused%')";
    database.execute(sql, &[]).await.unwrap();
    database.close().await;
    let names: Vec<_> = (0..20).map(|one| domain(&format!("{one}.example"))).collect();
    for refused in ["refused.example", "refused-too.example"] {
        first.keep_policy(&domain(refused), &policy(Mode::Enforce, NOW));
    }
    for name in &names {
        first.keep_policy(name, &policy(Mode::Enforce, NOW));
        first.keep_dane(name, at(NOW + 3_600));
    }
    first.flush_shared().await;
    for name in &names {
        let remembered = second.recall(name, at(NOW)).await.remembered;
        assert!(remembered.policy.is_some() && remembered.dane_until.is_some(), "{name}");
    }
    let troubles = first.shared_troubles();
    assert_eq!((troubles.given_up, troubles.refused_writes, troubles.losses), (2, 0, 0));
    assert_eq!(first.shared_state(), SharedState::Up);
    // This node has them all the same.
    assert!(first.recall(&domain("refused.example"), at(NOW)).await.remembered.policy.is_some());
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_a_purge_that_leaves_the_shared_store_alone_does_not_make_its_rows_count_for_longer() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let (short, long) = (domain("short.example"), domain("long.example"));
    first.keep_policy(&short, &lasting(Mode::Enforce, NOW, 300));
    first.keep_policy(&long, &policy(Mode::Enforce, NOW));
    first.flush_shared().await;
    for name in [&short, &long] {
        assert!(second.recall(name, at(NOW)).await.remembered.policy_elsewhere(at(NOW)).is_some());
    }
    second.keep_policy(&domain("own.example"), &policy(Mode::Enforce, NOW));
    // Seen first half a day ago, purged, and written anew there.
    let later = NOW + 43_200;
    set_clock(&server.url(), later).await;
    assert_eq!(second.purge(Purge::Ended { now: at(later) }).await.unwrap().rows, 0);
    assert_eq!(second.purge(Purge::All).await.unwrap().rows, 1);
    let renewed = node(&dir.path().join("3.sqlite"), "three", &server.url()).await;
    until_up(&renewed).await;
    renewed.keep_policy(&short, &lasting(Mode::Enforce, later, 100_000));
    renewed.flush_shared().await;
    for name in [&short, &long] {
        let kept = second.recall(name, at(later)).await.remembered.policy.unwrap();
        assert_eq!(kept.confirmed, at(NOW), "{name}");
    }
    renewed.close().await;
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_a_row_of_another_node_takes_no_release_back_even_when_it_is_forgotten() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    let name = domain("example.org");
    let release = StsRelease { mode: ReleasingMode::None, at: at(NOW - 10) };
    second.keep_release(&name, release);
    first.keep_policy(&name, &lasting(Mode::Enforce, NOW, 300));
    first.flush_shared().await;
    assert!(second.recall(&name, at(NOW)).await.remembered.policy.is_some());
    second.flush().await;
    let months_later = at(NOW + 90 * 86_400);
    second.forget_ended(months_later).await;
    assert_eq!(second.recall(&name, months_later).await.remembered.standing_release(), Some(release));
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn fault_look_ups_of_one_domain_at_the_same_time_are_all_answered() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = two(dir.path(), &server.url()).await;
    for round in 0..20 {
        let name = domain(&format!("{round}.example"));
        first.keep_dane(&name, at(NOW + 3_600));
        first.flush_shared().await;
        let now = at(NOW);
        let (one, other, third) =
            tokio::join!(second.recall(&name, now), second.recall(&name, now), second.recall(&name, now));
        for recall in [one, other, third] {
            assert_eq!(recall.remembered.dane_until, Some(at(NOW + 3_600)), "round {round}");
        }
    }
    first.close().await;
    second.close().await;
}
