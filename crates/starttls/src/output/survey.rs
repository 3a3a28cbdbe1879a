//! What the network says of a domain, as people and programs see it.

use std::io::Write as _;

use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use starttls_discover::{MxState, RecordState, Survey, TlsaLookup, Validation};
use starttls_policy::decide::evidence::Tlsa;
use starttls_policy::printable;

use super::findings::{findings_json, print_findings};

/// Prints it, one line per question.
pub(crate) fn print(survey: &Survey) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", "looked up just now".bold())?;
    match &survey.validation {
        Validation::Proven => {}
        Validation::Refuted { words } => {
            writeln!(out, "  {}  DANE is not available: {}", "resolver".red(), printable(words))?;
        }
        Validation::Unknown(failure) => {
            writeln!(out, "  {}  {}", "resolver".yellow(), printable(&failure.words))?;
        }
    }
    writeln!(out, "  MX        {}", mx_words(&survey.mx.state))?;
    for (host, tlsa) in &survey.hosts {
        writeln!(out, "  TLSA      {host}: {}", tlsa_words(tlsa))?;
    }
    writeln!(out, "  MTA-STS   {}", sts_words(survey))?;
    print_findings(&mut out, &survey.findings)?;
    Ok(())
}

fn mx_words(state: &MxState) -> String {
    match state {
        MxState::Hosts { security, hosts, .. } => {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            format!("{} ({security})", hosts.join(", "))
        }
        MxState::Implicit { security } => format!("none: mail goes to the domain itself ({security})"),
        MxState::Nowhere { security } => format!("takes no mail ({security})"),
        MxState::NoUsableName { security } => {
            format!("no usable name: its MX records name no host that mail could go to ({security})")
        }
        MxState::Inconclusive(failure) => printable(&failure.words),
    }
}

fn tlsa_words(lookup: &TlsaLookup) -> String {
    match (lookup.state, &lookup.failure) {
        (Tlsa::Usable, _) => "usable records".into(),
        (Tlsa::Unusable, _) => "records, none of them usable for SMTP".into(),
        (Tlsa::Absent, _) => "none".into(),
        (Tlsa::Inconclusive, Some(failure)) => printable(&failure.words),
        (Tlsa::Inconclusive, None) => "could not be asked".into(),
    }
}

fn sts_words(survey: &Survey) -> String {
    match (&survey.record.state, &survey.policy) {
        (RecordState::Absent, _) => "no record".into(),
        (RecordState::Inconclusive(failure), _) => printable(&failure.words),
        (RecordState::Id(id), Some(Ok(policy))) => {
            let mx: Vec<_> = policy.mx.iter().map(ToString::to_string).collect();
            format!(
                "`{}` for {} s, id `{}`: {}",
                policy.mode,
                policy.max_age.as_secs(),
                printable(id),
                mx.join(", ")
            )
        }
        (RecordState::Id(_), Some(Err(error))) => {
            format!("{} ({})", printable(&error.failure.words), error.result_type)
        }
        (RecordState::Id(id), None) => format!("id `{}`", printable(id)),
    }
}

/// The same for programs.
pub(crate) fn json(survey: &Survey) -> Value {
    let state = match &survey.mx.state {
        MxState::Hosts { .. } => "hosts",
        MxState::Implicit { .. } => "implicit",
        MxState::Nowhere { .. } => "nowhere",
        MxState::NoUsableName { .. } => "no-usable-name",
        MxState::Inconclusive(_) => "inconclusive",
    };
    let hosts = survey.hosts.iter().map(|(host, lookup)| {
        let tlsa = match lookup.state {
            Tlsa::Usable => "usable",
            Tlsa::Unusable => "unusable",
            Tlsa::Absent => "absent",
            Tlsa::Inconclusive => "inconclusive",
        };
        json!({ "host": host.to_string(), "tlsa": tlsa, "ttl": lookup.ttl.as_secs() })
    });
    let validation = match &survey.validation {
        Validation::Proven => "proven",
        Validation::Refuted { .. } => "refuted",
        Validation::Unknown(_) => "unknown",
    };
    json!({
        "resolver": validation,
        "mx": { "state": state, "words": mx_words(&survey.mx.state), "ttl": survey.mx.ttl.as_secs() },
        "hosts": hosts.collect::<Value>(),
        "mta_sts": sts_words(survey),
        "findings": findings_json(&survey.findings),
    })
}

#[cfg(test)]
mod words_of_mx {
    use starttls_policy::decide::evidence::Security;

    use super::*;

    #[test]
    fn fault_mx_of_an_unusable_name_is_not_told_as_null_mx() {
        let words = mx_words(&MxState::NoUsableName { security: Security::Secure });
        assert!(words.contains("no usable name") && !words.contains("takes no mail"), "{words}");
        let words = mx_words(&MxState::Nowhere { security: Security::Secure });
        assert!(words.contains("takes no mail"), "{words}");
    }
}
