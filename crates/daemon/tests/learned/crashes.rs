//! Whatever happens to the process or the disk: old or new, never half, and never silent.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use starttls_daemon::learned::{Counts, Learned, Purge, Reach};
use starttls_policy::Mode;

use crate::support::{NOW, alone, at, domain, policy};

/// Names the file that a child of a test writes to.
const CHILD: &str = "STARTTLS_TEST_LEARNED";

/// Domains of one batch.
const BATCH: u64 = 400;

/// Runs one of the tests below in a process of its own, behind a shell command.
fn child(test: &str, before: &str, path: &Path) -> Child {
    let own = std::env::current_exe().unwrap();
    Command::new("sh")
        .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
        .arg(own)
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lines of a child that begin with a word, without the word.
fn words<'a>(child: &'a mut Child, word: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(move |line| line.strip_prefix(word).map(str::to_owned))
}

/// Writes batch after batch, each with a later time.
async fn write_batches(path: &Path) {
    let learned = alone(path).await;
    for round in 1.. {
        for one in 0..BATCH {
            learned.keep_policy(&domain(&format!("{one}.example.org")), &policy(Mode::Enforce, NOW + round));
        }
        learned.flush().await;
        println!("\nwritten {round}");
    }
}

/// The batch that each domain comes from.
async fn rounds(learned: &Learned) -> Vec<u64> {
    let mut rounds = Vec::new();
    for one in 0..BATCH {
        let recall = learned.recall(&domain(&format!("{one}.example.org")), at(NOW)).await;
        assert_eq!(recall.reach, Reach::Complete);
        rounds.push(recall.remembered.policy.unwrap().policy.fetched.seconds() - NOW);
    }
    rounds
}

#[tokio::test]
async fn a_killed_writer_leaves_old_or_new() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_batches(Path::new(&path)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    for kills in 1..=5 {
        let mut child = child("crashes::a_killed_writer_leaves_old_or_new", "", &path);
        // Killed wherever it is after so many batches: in the middle of the next one, mostly.
        let last = words(&mut child, "written ").nth(kills).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let learned = alone(&path).await;
        let rounds = rounds(&learned).await;
        assert!(rounds.iter().all(|round| *round == rounds[0]), "half a batch: {rounds:?}");
        assert!(rounds[0] >= last.trim().parse().unwrap(), "{} after {last}", rounds[0]);
        learned.close().await;
    }
}

#[tokio::test]
async fn a_disk_that_takes_no_more_loses_nothing_and_holds_nobody_up() {
    if let Some(path) = std::env::var_os(CHILD) {
        let learned = alone(Path::new(&path)).await;
        for one in 0.. {
            let name = domain(&format!("{one}.full.example"));
            learned.keep_policy(&name, &policy(Mode::Enforce, NOW));
            if one % 100 == 99 {
                learned.flush().await;
            }
            if learned.troubles().failed_writes > 0 {
                // What waits is remembered, what is written can be read.
                for name in [&name, &domain("0.full.example")] {
                    let recall = learned.recall(name, at(NOW)).await;
                    assert!(recall.remembered.policy.is_some());
                    assert_eq!(recall.reach, Reach::Complete);
                }
                println!("\nfull {one}");
                return;
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    // Files may grow to 512 KiB; the signal that comes with it is ignored, as a full disk sends none.
    let limit = "trap '' XFSZ; ulimit -f 1024;";
    let mut child =
        child("crashes::a_disk_that_takes_no_more_loses_nothing_and_holds_nobody_up", limit, &path);
    let kept: u64 = words(&mut child, "full ").next().unwrap().trim().parse().unwrap();
    assert!(child.wait().unwrap().success());
    // With room again, everything that was written is there, and there is no damage.
    let learned = alone(&path).await;
    let first = learned.recall(&domain("0.full.example"), at(NOW)).await;
    assert!(first.remembered.policy.is_some());
    let there = learned.counts(at(NOW)).await.policies;
    assert!(there > 0 && there <= kept + 1, "{there} of {kept}");
    learned.keep_policy(&domain("new.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    assert_eq!((learned.counts(at(NOW)).await.policies, learned.troubles().failed_writes), (there + 1, 0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().filter(is_aside).count(), 0);
    learned.close().await;
}

/// Waits until something is so of a node that nothing is kept in.
async fn until(is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), waited).await.unwrap();
}

#[tokio::test]
async fn fault_a_store_that_is_removed_while_it_is_open_is_written_again_with_all_that_was_learnt() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/learned.sqlite");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let learned = alone(&path).await;
    learned.keep_policy(&domain("a.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    until(|| path.exists()).await;
    // Written by the same task, once the file is open.
    learned.keep_policy(&domain("d.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    assert_eq!(learned.counts(at(NOW)).await.policies, 2);

    // The directory too: nothing can be made there, and that is shown.
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    until(|| learned.trouble().is_some()).await;
    let trouble = learned.trouble().unwrap();
    for part in ["was removed", "state/learned.sqlite", "make `"] {
        assert!(trouble.contains(part), "{trouble}");
    }
    learned.keep_policy(&domain("b.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    until(|| learned.trouble().is_none()).await;
    learned.keep_policy(&domain("c.example"), &policy(Mode::Enforce, NOW));
    learned.close().await;
    let learned = alone(&path).await;
    for name in ["a.example", "b.example", "c.example", "d.example"] {
        assert!(learned.recall(&domain(name), at(NOW)).await.remembered.policy.is_some(), "{name}");
    }
    learned.close().await;
}

#[tokio::test]
async fn fault_a_store_that_is_replaced_while_it_is_open_counts_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("learned.sqlite"), dir.path().join("other.sqlite"));
    for (path, name) in [(&path, "a.example"), (&other, "b.example")] {
        let learned = alone(path).await;
        learned.keep_policy(&domain(name), &policy(Mode::Enforce, NOW));
        learned.close().await;
    }
    let learned = alone(&path).await;
    std::fs::rename(&other, &path).unwrap();
    learned.flush().await;
    learned.keep_policy(&domain("c.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    let names = learned.entries(None, 9).await.into_iter().map(|(domain, _)| domain.to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["b.example", "c.example"]);
    learned.close().await;
}

/// How large files may grow in the test of a full disk, in bytes.
const FULL: u64 = 512 * 1024;

/// Lets files of this process grow to that size; all of them as far as allowed, where it is none.
fn limit_files(bytes: Option<u64>) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

#[tokio::test]
async fn fault_a_store_is_written_again_once_the_disk_has_room_and_says_meanwhile_that_it_is_not() {
    if let Some(path) = std::env::var_os(CHILD) {
        let learned = alone(Path::new(&path)).await;
        limit_files(Some(FULL));
        for one in 0.. {
            learned.keep_policy(&domain(&format!("{one}.full.example")), &policy(Mode::Enforce, NOW));
            if one % 100 == 99 {
                learned.flush().await;
            }
            if learned.troubles().failed_writes > 2 {
                break;
            }
        }
        let trouble = learned.trouble().unwrap();
        for part in ["cannot be written", "learned.sqlite", "belongs to user", "make room"] {
            assert!(trouble.contains(part), "{trouble}");
        }
        let refused = learned.purge(Purge::Domain(domain("0.full.example"))).await.unwrap_err();
        assert!(refused.to_string().contains("make room"), "{refused}");
        assert!(learned.recall(&domain("0.full.example"), at(NOW)).await.remembered.policy.is_some());
        let before = learned.counts(at(NOW)).await.policies;

        limit_files(None);
        learned.keep_policy(&domain("new.example"), &policy(Mode::Enforce, NOW));
        learned.flush().await;
        assert_eq!(learned.trouble(), None);
        assert!(learned.counts(at(NOW)).await.policies > before);
        assert_eq!(learned.purge(Purge::Domain(domain("0.full.example"))).await.unwrap().rows, 1);
        learned.close().await;
        println!("\nroom again");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let test =
        "crashes::fault_a_store_is_written_again_once_the_disk_has_room_and_says_meanwhile_that_it_is_not";
    // The signal that comes with the limit is ignored, as a full disk sends none.
    let mut child = child(test, "trap '' XFSZ;", &path);
    assert!(words(&mut child, "room again").next().is_some());
    assert!(child.wait().unwrap().success());
    let learned = alone(&path).await;
    assert!(learned.recall(&domain("new.example"), at(NOW)).await.remembered.policy.is_some());
    learned.close().await;
}

fn is_aside(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().contains("damaged")
}

#[tokio::test]
async fn fault_a_store_that_cannot_be_opened_is_named_and_opened_once_it_can_be() {
    let dir = tempfile::tempdir().unwrap();
    // Not there: what root may do does not matter then.
    let path = dir.path().join("state/learned.sqlite");
    let learned = alone(&path).await;
    let trouble = learned.trouble().unwrap();
    assert!(
        trouble.contains("state/learned.sqlite") && trouble.contains("must exist and belong"),
        "{trouble}"
    );

    // It is remembered all the same, and protects.
    learned.keep_policy(&domain("example.org"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    let recall = learned.recall(&domain("example.org"), at(NOW)).await;
    assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Partial));
    let counts = learned.counts(at(NOW)).await;
    assert_eq!((counts.policies, counts.in_memory), (1, 1));

    // Once it can be opened, all of it is written.
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    learned.flush().await;
    assert_eq!(learned.trouble(), None);
    assert_eq!(learned.counts(at(NOW)).await.policies, 1);
    learned.close().await;
    let learned = alone(&path).await;
    assert!(learned.recall(&domain("example.org"), at(NOW)).await.remembered.policy.is_some());
    learned.close().await;
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_tried_again_though_nothing_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/learned.sqlite");
    let learned = alone(&path).await;
    assert!(learned.trouble().is_some());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let opened = async {
        while learned.trouble().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), opened).await.unwrap();
    learned.close().await;
}

#[tokio::test]
async fn a_file_that_is_damaged_at_the_start_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    std::fs::write(&path, "no database".repeat(1_000)).unwrap();
    let learned = alone(&path).await;
    learned.keep_policy(&domain("example.org"), &policy(Mode::Enforce, NOW));
    learned.close().await;
    assert!(dir.path().join("learned.sqlite.damaged-1").exists());
    let learned = alone(&path).await;
    assert_eq!(learned.counts(at(NOW)).await.policies, 1);
    learned.close().await;
}

#[tokio::test]
async fn a_file_that_is_found_damaged_while_it_is_used_is_set_aside_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let learned = alone(&path).await;
    for one in 0..2_000 {
        learned.keep_policy(&domain(&format!("{one}.example.org")), &policy(Mode::Enforce, NOW));
    }
    learned.close().await;
    // All but the pages that a start looks at, which stand first.
    let mut bytes = std::fs::read(&path).unwrap();
    let keep = 20 * 4_096;
    bytes[keep..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();

    let learned = alone(&path).await;
    let recall = learned.recall(&domain("7.example.org"), at(NOW)).await;
    assert_eq!((recall.remembered.policy, recall.reach), (None, Reach::Partial));
    assert!(learned.troubles().failed_reads > 0);
    // The next batch finds a new file.
    for _ in 0..2 {
        learned.keep_policy(&domain("7.example.org"), &policy(Mode::Enforce, NOW));
        learned.flush().await;
    }
    let recall = learned.recall(&domain("7.example.org"), at(NOW)).await;
    assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Complete));
    assert_eq!(learned.counts(at(NOW)).await.policies, 1);
    assert!(dir.path().join("learned.sqlite.damaged-1").exists());
    learned.close().await;
}

#[tokio::test]
async fn a_newer_programs_file_is_refused_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    alone(&path).await.close().await;
    let place = starttls_store::Place::Sqlite(path.clone());
    let none = starttls_store::Migrations { feature: "tests", steps: &[] };
    let database = starttls_store::Database::open(&place, &none).await.unwrap();
    database.execute("UPDATE starttls_schema SET version = 99", &[]).await.unwrap();
    database.close().await;
    let before = std::fs::read(&path).unwrap();
    let learned = alone(&path).await;
    let trouble = learned.trouble().unwrap();
    assert!(trouble.contains("at version 99") && trouble.contains("run the newer program"), "{trouble}");
    learned.close().await;
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// A store that cannot be opened: what is learnt meanwhile is counted and shown as what it is.
#[tokio::test]
async fn fault_dd9_what_is_held_in_memory_is_counted_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("state");
    std::fs::write(&directory, "no directory").unwrap();
    let learned = alone(&directory.join("learned.sqlite")).await;
    for name in ["a.example", "b.example", "c.example"] {
        learned.keep_policy(&domain(name), &policy(Mode::Enforce, NOW));
    }
    learned.keep_dane(&domain("c.example"), at(NOW + 3_600));
    learned.flush().await;
    let shown = learned.entries(Some(&domain("a.example")), 10).await;
    let names: Vec<&str> = shown.iter().map(|(domain, _)| domain.as_str()).collect();
    assert_eq!(names, ["b.example", "c.example"]);
    assert!(learned.is_in_memory(&domain("b.example")));
    let want = Counts { policies: 3, enforce: 3, dane: 1, in_memory: 3, ..Counts::default() };
    assert_eq!(learned.counts(at(NOW)).await, want);
    // Once it can be opened, all of it is written.
    std::fs::remove_file(&directory).unwrap();
    std::fs::create_dir(&directory).unwrap();
    until(|| learned.trouble().is_none()).await;
    learned.flush().await;
    let want = Counts { in_memory: 0, ..want };
    assert_eq!(learned.counts(at(NOW)).await, want);
    assert!(!learned.is_in_memory(&domain("b.example")));
    learned.close().await;
}

/// A store that is replaced by an empty one: the counts are those of the new one.
#[tokio::test]
async fn fault_dd9_store_that_is_replaced_is_not_mixed_with_the_log_of_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let learned = alone(&path).await;
    learned.keep_policy(&domain("a.example"), &policy(Mode::Enforce, NOW));
    learned.flush().await;
    let empty = dir.path().join("empty.sqlite");
    alone(&empty).await.close().await;
    std::fs::rename(&empty, &path).unwrap();
    let waiting = async {
        while learned.counts(at(NOW)).await != Counts::default() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.unwrap();
    learned.close().await;
}
