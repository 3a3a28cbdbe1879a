//! A decision as people and programs see it.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};
use starttls_policy::decide::overrides::Override;
use starttls_policy::decide::{Choices, Question, prospects};
use starttls_policy::merge::MergedEntry;
use starttls_policy::{Action, Decision, Demand, Domain, Mode, Origin, Timestamp, TlsVersion, decide};

use crate::output::mode_style;

/// Decides from what lists and the operator say, as static tables do; live sources are not asked.
pub(crate) fn from_lists<'a>(
    domain: &'a Domain,
    operator: Option<&'a Override>,
    listed: Option<&'a MergedEntry<'a>>,
    choices: Choices,
    now: Timestamp,
) -> Decision<'a> {
    decide(&Question {
        domain,
        operator,
        dane: &DaneEvidence::NotAsked,
        sts: &StsEvidence::NotAsked,
        release: None,
        elsewhere: None,
        listed,
        choices,
        now,
    })
}

/// Prints what is demanded, one line per part.
pub(crate) fn print_decision(decision: &Decision<'_>) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let style = match decision.action {
        Action::Require(_) | Action::DaneOnly => mode_style(Mode::Enforce),
        Action::LogOnly(_) | Action::Dane | Action::Defer => mode_style(Mode::Testing),
        Action::Opportunistic | Action::Relaxed => mode_style(Mode::None),
    };
    writeln!(out, "{}: {}", decision.domain.bold(), in_words(&decision.action).style(style))?;
    if let Some(demand) = demand(&decision.action) {
        if let Some(version) = demand.min_tls {
            writeln!(out, "  TLS     {version} or newer")?;
        }
        for (index, pattern) in demand.mx.iter().enumerate() {
            writeln!(out, "  {}{pattern}", if index == 0 { "MX      " } else { "        " })?;
        }
        if let Some(pinset) = demand.pinset {
            writeln!(out, "  pinset  {} ({})", pinset.name, pinset.kind)?;
        }
    }
    if let Some(end) = decision.valid_until {
        writeln!(out, "  until   {end}")?;
    }
    Ok(())
}

fn demand<'a, 'b>(action: &'b Action<'a>) -> Option<&'b Demand<'a>> {
    match action {
        Action::Require(demand) | Action::LogOnly(demand) => Some(demand),
        _ => None,
    }
}

pub(crate) fn in_words(action: &Action<'_>) -> &'static str {
    use starttls_policy::Requirement::{Certificate, Tls};
    match action {
        Action::Opportunistic => "nothing is demanded; your mail server's own settings apply",
        Action::Relaxed => "exempt: encrypt where possible, deliver in any case",
        Action::LogOnly(_) => "deliver in any case, note what would have failed",
        Action::Require(Demand { requirement: Certificate, .. }) => {
            "deliver only over TLS with a valid certificate"
        }
        Action::Require(Demand { requirement: Tls, .. }) => "deliver only over TLS",
        Action::Dane => "DANE where the domain has it, otherwise opportunistic",
        Action::DaneOnly => "deliver only with DANE",
        Action::Defer => "try again later",
    }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Override => "override",
        Origin::MtaSts => "mta-sts",
        Origin::List => "list",
        Origin::Elsewhere => "mta-sts-elsewhere",
    }
}

/// What would change a decision, a line each; nothing where nothing would.
pub(crate) fn print_prospects(question: &Question<'_>) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    prospects(question, &mut |change, then| {
        let spec = change.spec().map_or_else(String::new, |spec| format!(" ({spec})"));
        let whose = match demand(&then.action).map(|demand| demand.origin) {
            Some(Origin::MtaSts) => ", as its own policy says",
            Some(Origin::List) => ", as the list says",
            Some(Origin::Elsewhere) => ", as another node says",
            Some(Origin::Override) | None => "",
        };
        lines.push(format!("  {change}{}\n    {}{whose}", spec.dimmed(), in_words(&then.action)));
    });
    let mut out = anstream::stdout().lock();
    if !lines.is_empty() {
        writeln!(out, "{}", "what would change it".bold())?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

/// The same for `--format json`.
pub(crate) fn prospects_json(question: &Question<'_>) -> Value {
    let mut all = Vec::new();
    prospects(question, &mut |change, then| {
        let whose = demand(&then.action).map(|demand| origin(demand.origin));
        all.push(json!({
            "change": change.name(),
            "text": change.to_string(),
            "spec": change.spec(),
            "action": then.action.name(),
            "origin": whose,
        }));
    });
    Value::Array(all)
}

/// A decision for `--format json`.
pub(crate) fn decision_json(decision: &Decision<'_>) -> Value {
    let reasons =
        decision.reasons.iter().map(|reason| json!({ "text": reason.to_string(), "spec": reason.spec() }));
    let mut value = json!({
        "domain": decision.domain.as_str(),
        "action": decision.action.name(),
        "valid_until": decision.valid_until.map(|end| end.to_string()),
        "reasons": reasons.collect::<Value>(),
    });
    if let (Some(demand), Some(members)) = (demand(&decision.action), value.as_object_mut()) {
        members.insert("origin".into(), origin(demand.origin).into());
        members.insert("require".into(), demand.requirement.name().into());
        members.insert("min_tls_version".into(), demand.min_tls.map(TlsVersion::name).into());
        members.insert("mx".into(), demand.mx.iter().map(ToString::to_string).collect());
        members.insert("pinset".into(), demand.pinset.map(|pinset| pinset.name.as_str()).into());
    }
    value
}
