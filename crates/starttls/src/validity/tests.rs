//! What a table becomes as its parts expire is what the same inputs would render to then.

use std::collections::BTreeMap;

use starttls_apply::validity::{Change, Effect, Expiries};
use starttls_mta::Facts;
use starttls_mta::postfix::{Postfix, TABLE};
use starttls_policy::decide::Choices;
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::{Domain, Relaxation, Relaxations, read};
use starttls_sources::overrides::{Act, Actor, Overrides, ReasonText, Record};

use super::*;
use crate::compiled::Source;
use crate::generation;
use crate::lists::{Loaded, merged_at};

fn at(day: u32) -> Timestamp {
    Timestamp::parse(&format!("2026-12-{day:02}T00:00:00Z")).unwrap()
}

/// A list of these domains, each with this host, that expires on a day of December.
fn list(name: &str, host: &str, domains: &[&str], day: u32) -> Loaded {
    relaxed(name, host, domains, day, Vec::new())
}

fn relaxed(
    name: &str,
    host: &str,
    domains: &[&str],
    day: u32,
    ahead: Vec<(Timestamp, Relaxations)>,
) -> Loaded {
    let entries: Vec<String> = domains
        .iter()
        .map(|domain| format!(r#""{domain}": {{"mode": "enforce", "mx": ["{host}.test"]}}"#))
        .collect();
    let text = format!(
        r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-01T00:00:00Z",
            "expires": "2027-11-01T00:00:00Z", "policies": {{{}}}}}"#,
        entries.join(", ")
    );
    Loaded::for_tests(name, Source::List(read::list(text.as_bytes()).unwrap()), ahead, at(day))
}

/// The operator exempts these domains, each until a day of December.
fn exempt(domains: &[(&str, u32)]) -> Overrides {
    let record = |(domain, day): &(&str, u32)| Record {
        at: Timestamp::parse("2026-11-01T00:00:00Z").unwrap(),
        by: Actor::parse("root").unwrap(),
        domain: Domain::parse(domain).unwrap(),
        act: Act::Add {
            ruling: Ruling::Relax,
            until: at(*day),
            reason: ReasonText::parse("a test").unwrap(),
        },
    };
    Overrides::of(&domains.iter().map(record).collect::<Vec<_>>())
}

fn facts() -> Facts {
    Facts { version: Some("3.7.11".into()), directory: "/out/current".into(), ..Facts::default() }
}

fn rendered(known: &Known, then: Timestamp) -> BTreeMap<String, String> {
    let facts = facts();
    let mut files = generation::Kept::default();
    let choices = Choices::default();
    generation::render(
        &Postfix,
        &facts,
        &merged_at(&known.lists, then),
        &known.overrides,
        choices,
        then,
        &mut files,
    )
    .unwrap();
    let lines = files.0[TABLE].lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).map(|(d, l)| (d.to_owned(), l.to_owned())).collect()
}

fn applied(mut table: BTreeMap<String, String>, effect: Effect) -> BTreeMap<String, String> {
    match effect {
        Effect::TakeOut => BTreeMap::new(),
        Effect::Only(lines) => lines,
        Effect::Change(changes) => {
            for (domain, change) in changes {
                match change {
                    Change::Gone => _ = table.remove(&domain).unwrap(),
                    Change::Line(line) => _ = table.insert(domain, line),
                }
            }
            table
        }
    }
}

fn steps(known: &Known) -> Expiries {
    let rendering = Rendering { mta: &Postfix, facts: &facts(), choices: Choices::default() };
    foresee(rendering, known, at(1), None).unwrap().expiries
}

/// Each day the steps lead to what would be rendered anew.
fn check(known: &Known) {
    let (expiries, first) = (steps(known), rendered(known, at(1)));
    for day in 1..=30 {
        let due = expiries.clone().due(at(day));
        let left = due.map_or_else(|| first.clone(), |due| applied(first.clone(), due.effect));
        assert_eq!(left, rendered(known, at(day)), "day {day}: {expiries}");
    }
}

#[test]
fn fault_c23_an_override_expires_without_an_update_and_the_listed_entry_is_enforced_again() {
    let known = Known {
        lists: vec![list("base", "mx", &["a.test", "b.test"], 25)],
        overrides: exempt(&[("b.test", 10), ("unlisted.test", 12)]),
    };
    check(&known);
    let due = steps(&known).due(at(10)).unwrap();
    let line = "secure match=mx.test servername=hostname protocols=>=TLSv1.2".to_owned();
    assert_eq!(due.effect, Effect::Change([("b.test".to_owned(), Change::Line(line))].into()));
}

#[test]
fn fault_c23_a_relax_order_expires_without_an_update() {
    let order = Relaxation { until: at(9), order: "00".into(), by: "alpha".into(), reason: "broken".into() };
    let orders = [(Domain::parse("b.test").unwrap(), order)].into();
    let ahead = vec![(at(5), orders), (at(9), Relaxations::new())];
    let known = Known {
        lists: vec![relaxed("base", "mx", &["a.test", "b.test"], 25, ahead)],
        overrides: exempt(&[]),
    };
    check(&known);
    let changes = |day| steps(&known).due(at(day)).unwrap().effect;
    assert_eq!(changes(5), Effect::Change([("b.test".to_owned(), Change::Gone)].into()));
    assert!(matches!(changes(9), Effect::Change(changes) if changes.contains_key("b.test")));
}

#[test]
fn an_overlay_that_expires_shows_the_list_below_and_the_last_one_leaves_overrides() {
    let known = Known {
        lists: vec![
            list("base", "base", &["a.test", "b.test"], 20),
            list("over", "over", &["b.test", "c.test"], 10),
            list("top", "top", &["c.test", "d.test"], 15),
        ],
        overrides: exempt(&[("a.test", 12), ("x.test", 25)]),
    };
    check(&known);
    let words: Vec<Effect> = steps(&known).steps().iter().map(|step| step.effect.clone()).collect();
    assert!(
        matches!(
            words.as_slice(),
            [Effect::Change(_), Effect::Change(_), Effect::Change(_), Effect::Only(_), Effect::TakeOut]
        ),
        "{words:?}"
    );
}

#[test]
fn a_single_list_is_taken_out_whole_and_so_is_what_the_operator_ends() {
    let known = Known { lists: vec![list("base", "mx", &["a.test"], 20)], overrides: exempt(&[]) };
    assert_eq!(steps(&known).due(at(20)).unwrap().effect, Effect::TakeOut);
    let rendering = Rendering { mta: &Postfix, facts: &facts(), choices: Choices::default() };
    let ended = foresee(rendering, &known, at(1), Some(at(3))).unwrap().expiries;
    assert_eq!(ended.steps().len(), 1);
    assert_eq!(ended.due(at(3)).unwrap().effect, Effect::TakeOut);
}
