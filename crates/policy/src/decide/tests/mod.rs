//! The decision, row by row of the design's table.

mod dane_table;
mod elsewhere;
mod mta_sts;
mod overrides;
mod prospects;
mod relax_orders;
mod tls_floor;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::evidence::{Cause, DaneHosts, ReleasingMode, Security, Security::*, StsPolicy, Tlsa, Tlsa::*};
use super::overrides::Ruling;
use super::*;
use crate::list::List;
use crate::merge::{Layer, Merged, Scope};
use crate::mode::{Mode, TlsVersion};
use crate::policy::Policy;

const NOW: u64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

fn list(entry: &str) -> List {
    let text = alloc::format!(
        r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
        "policies": {{"a.example": {entry}}}}}"#
    );
    crate::read::list(text.as_bytes()).unwrap()
}

const ENFORCE: &str = r#"{"mode": "enforce", "mx": ["mx.a.example"], "min-tls-version": "TLSv1.3"}"#;
const TESTING: &str = r#"{"mode": "testing", "mx": ["mx.a.example"]}"#;

#[derive(Clone)]
struct Case {
    entry: Option<&'static str>,
    dane: DaneEvidence,
    sts: StsEvidence,
    release: Option<StsRelease>,
    operator: Option<Override>,
    choices: Choices,
}

fn case(entry: Option<&'static str>) -> Case {
    Case {
        entry,
        dane: DaneEvidence::NotAsked,
        sts: StsEvidence::NotAsked,
        release: None,
        operator: None,
        choices: Choices::default(),
    }
}

/// The action's name, whose demand it is, and the reasons in words.
fn decided(case: &Case) -> (&'static str, Option<Origin>, Vec<String>) {
    with_decision(case, |decision| {
        assert!(!decision.reasons.is_empty());
        let reasons = decision.reasons.iter().map(alloc::string::ToString::to_string).collect();
        let demand = match &decision.action {
            Action::LogOnly(demand) | Action::Require(demand) => Some(demand.origin),
            _ => None,
        };
        (decision.action.name(), demand, reasons)
    })
}

fn valid_until(case: &Case) -> Option<Timestamp> {
    with_decision(case, |decision| decision.valid_until)
}

fn with_decision<T>(case: &Case, view: impl FnOnce(&Decision<'_>) -> T) -> T {
    with_question(case, |question| view(&decide(question)))
}

fn with_question<T>(case: &Case, view: impl FnOnce(&Question<'_>) -> T) -> T {
    let domain = Domain::parse("a.example").unwrap();
    let list = case.entry.map(list);
    let merged =
        Merged::new(list.iter().map(|list| Layer { name: "test", list, scope: Scope::default() }).collect());
    let listed = merged.get(&domain).unwrap();
    view(&Question {
        domain: &domain,
        operator: case.operator.as_ref(),
        dane: &case.dane,
        sts: &case.sts,
        release: case.release,
        elsewhere: None,
        listed: listed.as_ref(),
        choices: case.choices,
        now: now(),
    })
}

fn dane(mx: Security, hosts: &[Tlsa]) -> DaneEvidence {
    DaneEvidence::Found(DaneHosts { mx, hosts: hosts.into(), seen: now() })
}

fn sts(mode: Mode, fetched: u64, max_age: u64) -> StsPolicy {
    StsPolicy {
        mode,
        mx: vec![MxPattern::parse("*.sts.example").unwrap()],
        id: "1".into(),
        fetched: Timestamp::from_seconds(fetched).unwrap(),
        max_age: Duration::from_secs(max_age),
    }
}

fn found(mode: Mode) -> StsEvidence {
    StsEvidence::Found(sts(mode, NOW - 60, 86_400))
}

#[test]
fn dane_that_settles_the_matter_leaves_nothing_for_mta_sts_and_lists_to_change() {
    let states = [Usable, Unusable, Absent, Inconclusive];
    let pairs = states.iter().flat_map(|one| states.iter().map(|other| vec![*one, *other]));
    let sets: Vec<Vec<Tlsa>> = pairs.chain(states.iter().map(|one| vec![*one])).chain([vec![]]).collect();
    let hosts_with = |mx| {
        sets.iter().map(move |hosts| DaneEvidence::Found(DaneHosts { mx, hosts: hosts.clone(), seen: now() }))
    };
    let inconclusive = DaneEvidence::MxInconclusive { cause: Cause::Timeout };
    let all = hosts_with(Secure).chain(hosts_with(Insecure)).chain([DaneEvidence::NotAsked, inconclusive]);
    let mut settled = 0;
    for dane in all {
        let mut actions: Vec<&str> = Vec::new();
        for entry in [None, Some(ENFORCE), Some(TESTING)] {
            for mode in [None, Some(Mode::Enforce), Some(Mode::Testing), Some(Mode::None)] {
                let mut case = case(entry);
                case.dane = dane.clone();
                if let Some(mode) = mode {
                    case.sts = found(mode);
                }
                actions.push(decided(&case).0);
            }
        }
        actions.dedup();
        assert_eq!(dane.settles(), actions.len() == 1, "{dane:?}: {actions:?}");
        settled += usize::from(dane.settles());
    }
    assert!(settled > 3);
}
