//! Who looks a domain up beside the daemon, and knows what it kept, comes to the same answer.

use std::time::Duration;

use starttls_discover::{RecordState, survey};
use starttls_mta::postfix::socketmap::{Answer, Form};
use starttls_policy::decide::evidence::{ReleasingMode, Security, StsPolicy, StsRelease};
use starttls_policy::decide::{Choices, Question};
use starttls_policy::{Domain, Mode, MxPattern, decide};

use super::super::Known as _;
use super::world::failure;
use super::{World, reply};
use crate::answer::Reply;
use crate::learned::{KeptPolicy, Learnt, Remembered};

const DAY: u64 = 86_400;

fn domain() -> Domain {
    Domain::parse("a.example").unwrap()
}

/// A policy with the `id` 1, fetched some seconds ago, that holds for ten days.
fn kept(world: &World, mode: Mode, age: u64, origin: Learnt) -> Remembered {
    let fetched = world.engine.0.clock.now().seconds() - age;
    let fetched = starttls_policy::Timestamp::from_seconds(fetched).unwrap();
    let mx = vec![MxPattern::parse("kept.a.example").unwrap()];
    let max_age = Duration::from_secs(10 * DAY);
    let policy = StsPolicy { mode, mx, id: "1".into(), fetched, max_age };
    Remembered { policy: Some(KeptPolicy { policy, confirmed: fetched, origin }), ..Remembered::default() }
}

fn released(world: &World, age: u64) -> Remembered {
    let at = starttls_policy::Timestamp::from_seconds(world.engine.0.clock.now().seconds() - age).unwrap();
    let release = Some(StsRelease { mode: ReleasingMode::None, at });
    Remembered { release, ..Remembered::default() }
}

fn memories(world: &World) -> Vec<(&'static str, Remembered)> {
    use Learnt::{Elsewhere, Here};
    vec![
        ("nothing", Remembered::default()),
        ("young", kept(world, Mode::Enforce, 1_000, Here)),
        ("old", kept(world, Mode::Enforce, 2 * DAY, Here)),
        ("ended", kept(world, Mode::Enforce, 11 * DAY, Here)),
        ("testing", kept(world, Mode::Testing, 1_000, Here)),
        ("elsewhere", kept(world, Mode::Enforce, 1_000, Elsewhere)),
        ("elsewhere, testing", kept(world, Mode::Testing, 1_000, Elsewhere)),
        ("released", released(world, 1_000)),
        (
            "released and enforced since",
            Remembered { release: released(world, 2_000).release, ..kept(world, Mode::Enforce, 1_000, Here) },
        ),
        (
            "released, and ended since",
            Remembered {
                release: released(world, 12 * DAY).release,
                ..kept(world, Mode::Enforce, 11 * DAY, Here)
            },
        ),
    ]
}

fn publish(world: &World, what: &str) {
    let outside = &world.outside;
    let serve = |id, mode, max_age| {
        outside.policy("a.example", id, mode, &["new.a.example"], max_age);
    };
    match what {
        "nothing" => drop(outside.record("a.example", RecordState::Absent)),
        "no answer" => drop(outside.record("a.example", RecordState::Inconclusive(failure()))),
        "the same" | "the same, host fails" => serve("1", Mode::Enforce, DAY),
        "another" | "another, host fails" => serve("2", Mode::Enforce, DAY),
        "another, for a moment" => serve("2", Mode::Enforce, 0),
        _ => serve("2", Mode::None, DAY),
    }
    if what.ends_with("host fails") {
        outside.policy_host_fails("a.example");
    }
}

/// What whoever looks for himself would tell a mail server.
async fn told_beside(world: &World, remembered: &Remembered) -> String {
    let (domain, inner) = (domain(), &world.engine.0);
    let now = inner.clock.now();
    let survey = survey(&world.outside, &domain, 25, now).await;
    let sts = remembered.evidence_beside(&survey.record.state, survey.sts.clone(), now);
    let mut told = String::new();
    let decided = inner.known.show(&domain, &mut |operator, listed| {
        let elsewhere = remembered.policy_elsewhere(now);
        let question = Question {
            domain: &domain,
            operator,
            dane: &survey.dane,
            sts: &sts,
            release: remembered.standing_release(),
            elsewhere: elsewhere.as_ref(),
            listed,
            choices: Choices::default(),
            now,
        };
        told = match inner.renderer.answer(&decide(&question), Form::Plain, None).answer {
            Answer::Policy(text) => reply(&Reply::Ok(text.into())),
            Answer::Nothing => "NOTFOUND".into(),
            Answer::Later => "TEMP".into(),
        };
    });
    decided.unwrap();
    told
}

#[tokio::test(start_paused = true)]
async fn comes_to_the_daemons_own_answer() {
    let published =
        ["nothing", "no answer", "the same", "the same, host fails", "another", "another, host fails"];
    for published in published.into_iter().chain(["another, for a moment", "none"]) {
        for number in 0.. {
            let world = World::new().await;
            let Some((name, remembered)) = memories(&world).into_iter().nth(number) else { break };
            world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
            world.lists.list("a.example", "enforce", "listed.a.example");
            publish(&world, published);
            world.store.0.lock().unwrap().insert(domain(), remembered.clone());
            let beside = told_beside(&world, &remembered).await;
            world.engine.refresh(&domain()).await;
            let told = reply(&world.ask("a.example").await);
            assert_eq!(beside, told, "published: {published}; kept: {name}");
        }
    }
}
