//! What the running daemon keeps of a domain, as people and programs see it.

use std::io::Write as _;

use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use starttls_daemon::learned::{KeptPolicy, Learnt, Reach, Remembered};
use starttls_policy::decide::evidence::StsRelease;
use starttls_policy::{Timestamp, printable};

use super::age::away;
use super::{counted, facts, mode_style};
use crate::kept::{Kept, Told, Untold};

const TITLE: &str = "kept by the daemon";

/// Prints it, one line per fact; nothing where the daemon was not asked.
pub(crate) fn print(kept: &Kept, now: Timestamp) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let words = match kept {
        Kept::NotAsked => return Ok(()),
        Kept::Untold(untold @ Untold::NotRunning { .. }) => printable(&untold.words()),
        // It runs, and may answer mail servers otherwise.
        Kept::Untold(untold) => printable(&untold.words()).yellow().to_string(),
        Kept::Told(told) => return Ok(facts::print(&mut out, TITLE, &of_the_domain(told, now))?),
    };
    writeln!(out, "{}", TITLE.bold())?;
    writeln!(out, "  {words}")?;
    Ok(())
}

fn of_the_domain(told: &Told, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let remembered = &told.remembered;
    if *remembered == Remembered::default() {
        all.push(("domain", "nothing is kept of it".into()));
    }
    if let Some(kept) = &remembered.policy {
        all.extend(of_the_policy(kept, now));
    }
    if let Some(release) = remembered.release {
        all.push(("release", release_words(remembered, release, now)));
    }
    if let Some(until) = remembered.dane_until {
        let counts = if until > now { "counts until" } else { "counted until" };
        let words = format!(
            "answered before; {counts} {until} ({}), should the resolver stop validating",
            away(now, until)
        );
        all.push(("DANE", words));
    }
    match told.validation.as_str() {
        "lost" => all
            .push(("resolver", "stopped validating DNSSEC: domains that were answered by DANE wait".into())),
        "refuted" => all.push(("resolver", "does not validate DNSSEC: DANE is not available".into())),
        _ => {}
    }
    if told.reach == Reach::Partial {
        all.push(("store", "one does not answer: more may be kept than is shown".into()));
    }
    all
}

fn of_the_policy(kept: &KeptPolicy, now: Timestamp) -> [(&'static str, String); 4] {
    let policy = &kept.policy;
    let (mode, style) = (policy.mode.name(), mode_style(policy.mode));
    let patterns = counted(policy.mx.len(), "MX pattern", "MX patterns");
    let (by, confirmed) = match kept.origin {
        Learnt::Here => ("", "confirmed"),
        Learnt::Elsewhere => (", learnt by another node", "first seen"),
    };
    let until = if kept.holds(now) { "until" } else { "no longer: ended" };
    let counts = match kept.origin {
        Learnt::Here => "",
        Learnt::Elsewhere => " at most, while this node cannot see the domain's policy itself",
    };
    let told = |time| format!("{time} ({})", away(now, time));
    [
        ("MTA-STS", format!("{}, id {}, {patterns}{by}", mode.style(style), printable(&policy.id))),
        ("fetched", told(policy.fetched)),
        (confirmed, told(kept.confirmed)),
        ("holds", format!("{until} {}{counts}", told(policy.ends()))),
    ]
}

fn release_words(remembered: &Remembered, release: StsRelease, now: Timestamp) -> String {
    let counts = match remembered.standing_release() {
        Some(_) => "",
        None => "; does not count, since the domain has enforced again",
    };
    format!("by {} at {} ({}){counts}", release.mode, release.at, away(now, release.at))
}

/// The same for programs: null where nothing is kept, or nobody told.
pub(crate) fn json(kept: &Kept, now: Timestamp) -> Value {
    let Some(told) = kept.told() else { return Value::Null };
    let remembered = &told.remembered;
    if *remembered == Remembered::default() {
        return Value::Null;
    }
    let policy = remembered.policy.as_ref().map(|kept| {
        let policy = &kept.policy;
        json!({
            "mode": policy.mode.name(),
            "id": policy.id,
            "mx": policy.mx.iter().map(ToString::to_string).collect::<Value>(),
            "fetched": policy.fetched.to_string(),
            "confirmed": kept.confirmed.to_string(),
            "ends": policy.ends().to_string(),
            "origin": match kept.origin { Learnt::Here => "here", Learnt::Elsewhere => "elsewhere" },
            "counts": remembered.standing_policy(now).is_some(),
        })
    });
    let release = remembered.release.map(|release| {
        json!({
            "mode": release.mode.to_string(),
            "at": release.at.to_string(),
            "counts": remembered.standing_release().is_some(),
        })
    });
    let dane_until = remembered.dane_until.map(|until| until.to_string());
    json!({ "policy": policy, "release": release, "dane_until": dane_until })
}

/// How it stands with the daemon, for programs.
pub(crate) fn daemon_json(kept: &Kept) -> Value {
    match kept {
        Kept::NotAsked => json!({ "state": "not-asked" }),
        Kept::Untold(untold) => json!({ "state": untold.name(), "words": untold.words() }),
        Kept::Told(told) => json!({
            "state": "answers",
            "complete": told.reach == Reach::Complete,
            "resolver": told.validation,
        }),
    }
}
