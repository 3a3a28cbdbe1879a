//! Wall clocks that are wrong for a while, behind or ahead: what is stored keeps its end.

use std::path::Path;

use proptest::prelude::*;
use starttls_daemon::learned::{KeptPolicy, Learned, LearnedSettings, Learnt, SETTLED_AFTER};
use starttls_policy::{Mode, Timestamp};
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, WEEK, alone, at, domain, lasting, node, policy, set_clock, settings, until_up};

const DAY: u64 = 86_400;

/// A daemon that has just started: its clock has not gone a day without a jump.
async fn started(path: &Path) -> Learned {
    Learned::open(LearnedSettings { settled_after: SETTLED_AFTER, ..settings(path) }).await
}

/// The `id` of the record is confirmed: as the engine does it, from what it recalls.
async fn confirm(learned: &Learned, name: &str, now: u64) {
    let recalled = learned.recall(&domain(name), at(now)).await.remembered;
    let kept = recalled.policy.unwrap();
    learned.keep_policy(&domain(name), &KeptPolicy { confirmed: at(now), origin: Learnt::Here, ..kept });
}

fn fetch(learned: &Learned, name: &str, now: u64, max_age: u64) {
    learned.keep_policy(&domain(name), &lasting(Mode::Enforce, now, max_age));
}

async fn end(learned: &Learned, name: &str, now: u64) -> Option<u64> {
    let recalled = learned.recall(&domain(name), at(now)).await.remembered;
    recalled.policy.map(|kept| kept.policy.ends().seconds())
}

#[tokio::test]
async fn fault_dd1_start_with_a_clock_that_is_behind_ends_nothing_that_is_stored() {
    for behind in [1_000, NOW - 60 * DAY] {
        for is_written_at_once in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("learned.sqlite");
            let learned = started(&path).await;
            fetch(&learned, "sts.example", NOW, WEEK);
            learned.keep_dane(&domain("dane.example"), at(NOW + 3_600));
            learned.close().await;
            let learned = started(&path).await;
            // Both kinds of look: the record confirms it, and it is fetched anew.
            confirm(&learned, "sts.example", behind).await;
            if is_written_at_once {
                learned.flush().await;
            }
            assert_eq!(end(&learned, "sts.example", NOW + 60).await, Some(NOW + WEEK));
            fetch(&learned, "sts.example", behind + 1, WEEK);
            learned.keep_dane(&domain("dane.example"), at(behind + 3_600));
            if is_written_at_once {
                learned.flush().await;
            }
            assert!(end(&learned, "sts.example", behind + 2).await > Some(behind + 2), "it holds meanwhile");
            learned.close().await;
            let learned = started(&path).await;
            assert_eq!(end(&learned, "sts.example", NOW + 60).await, Some(NOW + WEEK), "{behind}");
            let recalled = learned.recall(&domain("dane.example"), at(NOW + 60)).await.remembered;
            assert_eq!(recalled.dane_until, Some(at(NOW + 3_600)), "{behind}");
            learned.close().await;
        }
    }
}

/// One use of the store: when, by which clock, and what for.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Seconds of real time since the step before.
    after: u64,
    clock: Wall,
    act: Act,
    then: Then,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wall {
    Right,
    Behind(u64),
    At1970,
    Ahead(u64),
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Ask,
    Confirm,
    Fetch,
    Dane,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Flush,
    Restart,
}

impl Wall {
    fn shows(self, real: u64) -> u64 {
        match self {
            Self::Right => real,
            Self::Behind(seconds) => real - seconds,
            Self::At1970 => real - NOW + 60,
            Self::Ahead(seconds) => real + seconds,
        }
    }
}

fn steps(walls: impl Strategy<Value = Wall> + Clone) -> impl Strategy<Value = Vec<Step>> {
    let act = prop_oneof![Just(Act::Ask), Just(Act::Confirm), Just(Act::Fetch), Just(Act::Dane)];
    let then = prop_oneof![Just(Then::Nothing), Just(Then::Flush), Just(Then::Restart)];
    let step =
        (1..DAY, walls, act, then).prop_map(|(after, clock, act, then)| Step { after, clock, act, then });
    prop::collection::vec(step, 1..12)
}

/// Ends that follow from the steps: by those with the right clock alone, and by all of them at their real times.
#[derive(Debug, Default)]
struct Ends {
    right: Option<u64>,
    real: Option<u64>,
}

impl Ends {
    fn note(&mut self, clock: Wall, end: u64) {
        self.real = Some(end);
        if clock == Wall::Right {
            self.right = Some(end);
        }
    }
}

/// Takes the steps; returns the real time, the ends that the policy and DANE should have, and the memory.
async fn take(path: &Path, steps: &[Step]) -> (u64, Ends, Ends, Learned) {
    const NAME: &str = "a.example";
    let (mut real, mut policy, mut dane) = (NOW, Ends::default(), Ends::default());
    let mut learned = started(path).await;
    for step in steps {
        real += step.after;
        let now = step.clock.shows(real);
        let is_known = end(&learned, NAME, now).await.is_some();
        match step.act {
            Act::Ask => {}
            // An `id` that is confirmed says nothing new of the end: that counts from the fetch.
            Act::Confirm if is_known => confirm(&learned, NAME, now).await,
            Act::Confirm | Act::Fetch => {
                fetch(&learned, NAME, now, WEEK);
                policy.note(step.clock, real + WEEK);
            }
            Act::Dane => {
                learned.keep_dane(&domain(NAME), at(now + 3_600));
                dane.note(step.clock, real + 3_600);
            }
        }
        match step.then {
            Then::Nothing => {}
            Then::Flush => learned.flush().await,
            Then::Restart => {
                learned.close().await;
                learned = started(path).await;
            }
        }
    }
    (real, policy, dane, learned)
}

fn in_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fault_dd1_no_sequence_of_clocks_that_are_behind_moves_an_end(
        steps in steps(prop_oneof![
            3 => Just(Wall::Right),
            1 => Just(Wall::At1970),
            2 => (60..100 * DAY).prop_map(Wall::Behind),
        ]),
    ) {
        in_runtime(async {
            let dir = tempfile::tempdir().unwrap();
            let (real, policy, dane, learned) = take(&dir.path().join("learned.sqlite"), &steps).await;
            let recalled = learned.recall(&domain("a.example"), at(real)).await.remembered;
            let stored = recalled.policy.map(|kept| kept.policy.ends().seconds());
            assert!(stored >= policy.right, "{stored:?} {policy:?}");
            assert!(stored <= policy.real, "{stored:?} {policy:?}");
            let stored = recalled.dane_until.map(Timestamp::seconds);
            assert!(stored >= dane.right, "{stored:?} {dane:?}");
            assert!(stored <= dane.real, "{stored:?} {dane:?}");
            learned.close().await;
        });
    }

    #[test]
    fn fault_dd1_no_sequence_of_clocks_shortens_what_the_right_one_learnt_or_lengthens_what_it_confirms(
        steps in steps(prop_oneof![
            3 => Just(Wall::Right),
            1 => Just(Wall::At1970),
            1 => (60..100 * DAY).prop_map(Wall::Behind),
            1 => (60..1_000 * DAY).prop_map(Wall::Ahead),
        ]),
    ) {
        in_runtime(async {
            let dir = tempfile::tempdir().unwrap();
            let (real, policy, _, learned) = take(&dir.path().join("learned.sqlite"), &steps).await;
            let stored = end(&learned, "a.example", real).await;
            // What has ended by the right clock need not hold.
            assert!(stored >= policy.right.filter(|end| *end > real), "{stored:?} {policy:?}");
            fetch(&learned, "a.example", real, WEEK);
            assert!(end(&learned, "a.example", real).await <= Some(real + WEEK));
            learned.close().await;
        });
    }
}

#[tokio::test]
async fn fault_dd1_clock_behind_what_is_stored_is_a_trouble_until_it_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let learned = started(&path).await;
    learned.recall(&domain("a.example"), at(NOW)).await;
    fetch(&learned, "a.example", NOW, WEEK);
    learned.keep_dane(&domain("dane.example"), at(NOW + 3_600));
    learned.close().await;
    let learned = started(&path).await;
    assert_eq!(learned.clock_trouble(at(NOW + 60)), None);
    let words = learned.clock_trouble(at(NOW - 60 * DAY)).unwrap();
    assert!(words.contains(&at(NOW).to_string()) && words.contains("set the clock"), "{words}");
    // What is confirmed meanwhile does not make the clock right.
    confirm(&learned, "a.example", NOW - 60 * DAY).await;
    learned.flush().await;
    learned.close().await;
    let learned = started(&path).await;
    assert!(learned.clock_trouble(at(NOW - 59 * DAY)).is_some());
    assert_eq!(learned.clock_trouble(at(NOW + 120)), None);
    learned.close().await;
}

/// A clock that has gone on for a week is believed: what another one stored ahead of it gets an end.
#[tokio::test]
async fn clock_that_is_believed_bounds_what_was_stored_ahead_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let learned = alone(&path).await;
    fetch(&learned, "a.example", NOW + 1_000 * DAY, WEEK);
    fetch(&learned, "b.example", NOW + 1_000 * DAY, WEEK);
    learned.keep_dane(&domain("a.example"), at(NOW + 1_000 * DAY));
    learned.flush().await;
    assert_eq!(learned.clock_trouble(at(NOW)), None);
    fetch(&learned, "a.example", NOW, WEEK);
    learned.forget_ended(at(NOW)).await;
    learned.flush().await;
    learned.close().await;
    let learned = started(&path).await;
    assert_eq!(learned.clock_trouble(at(NOW)), None, "nothing is ahead any more");
    assert_eq!(end(&learned, "a.example", NOW + DAY).await, Some(NOW + WEEK));
    assert_eq!(end(&learned, "b.example", NOW + DAY).await, Some(NOW + WEEK));
    learned.close().await;
}

#[tokio::test]
async fn fault_dd1_node_whose_clock_is_behind_shortens_nothing_in_the_shared_store() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    set_clock(&server.url(), NOW).await;
    let names = ["a.example", "dane.example"].map(domain);
    let first = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_up(&first).await;
    first.keep_policy(&names[0], &policy(Mode::Enforce, NOW));
    first.keep_dane(&names[1], at(NOW + 3_600));
    first.flush_shared().await;
    // A day behind, and as far as the database's own clock is: then that is no help.
    for behind in [25 * 3_600 - 60, 60 * DAY] {
        if behind > 2 * DAY {
            set_clock(&server.url(), NOW - behind).await;
        }
        let path = dir.path().join(format!("{behind}.sqlite"));
        if behind > 2 * DAY {
            // What it learnt itself tells that its clock is behind.
            let own = started(&path).await;
            own.keep_policy(&domain("own.example"), &policy(Mode::Enforce, NOW));
            own.close().await;
        }
        let shared = starttls_store::PostgresUrl::parse(&server.url()).unwrap();
        let other = Learned::open(LearnedSettings {
            shared: Some(shared),
            node: "two".into(),
            settled_after: SETTLED_AFTER,
            ..settings(&path)
        })
        .await;
        until_up(&other).await;
        other.recall(&names[0], at(NOW - behind)).await;
        other.keep_policy(&names[0], &policy(Mode::Enforce, NOW - behind));
        other.keep_dane(&names[1], at(NOW - behind + 3_600));
        other.flush().await;
        other.flush_shared().await;
        other.close().await;
    }
    set_clock(&server.url(), NOW).await;
    let fresh = node(&dir.path().join("3.sqlite"), "three", &server.url()).await;
    until_up(&fresh).await;
    assert_eq!(end(&fresh, "a.example", NOW + 60).await, Some(NOW + WEEK));
    let recalled = fresh.recall(&names[1], at(NOW + 60)).await.remembered;
    assert_eq!(recalled.dane_until, Some(at(NOW + 3_600)));
    fresh.close().await;
    first.close().await;
}
