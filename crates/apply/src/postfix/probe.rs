//! The live probe: whether listed domains can be verified from this machine, before mail depends on it.
//!
//! Spec: posttls-finger(1); its exit code says nothing, its words do.

use std::ffi::OsString;
use std::thread;
use std::time::Duration;

use starttls_mta::postfix::Version;
use starttls_policy::{Finding, MxPattern, Reach, with_causes};

use super::{Instance, Probe, codes, table::MAX_PROBES};

/// For one connection and for each answer on it, in seconds; servers that greet slowly are common.
const ANSWER_SECONDS: &str = "20";
/// For one run of the tool; a host with many dead addresses is given up on.
const RUN_DEADLINE: Duration = Duration::from_secs(45);

/// Whether to try listed domains before the table is used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LiveProbe {
    /// Try these, or the first few of the table when there are none.
    Run(Vec<Probe>),
    /// Do not: this machine cannot reach others now.
    Skip,
}

/// What became of one probe.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Outcome {
    Verified,
    /// Reached; the certificate or TLS is not what the list demands.
    Failed(String),
    NotReached(String),
}

/// The roots to verify with, as smtp(8) has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust<'a> {
    pub(super) ca_file: &'a str,
    pub(super) ca_path: &'a str,
}

/// Tries every probe, at the same time, and judges what came of them.
pub(super) fn run(instance: &Instance, version: Version, trust: Trust<'_>, probes: &[Probe]) -> Vec<Finding> {
    if instance.commands().find("posttls-finger").is_none() {
        return vec![unprobed("there is no `posttls-finger` here")];
    }
    let probes: Vec<&Probe> = probes.iter().take(MAX_PROBES).collect();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let running: Vec<_> =
            probes.iter().map(|probe| scope.spawn(|| try_one(instance, version, trust, probe))).collect();
        let lost = |_| Outcome::NotReached("the probe broke off".to_owned());
        running.into_iter().map(|handle| handle.join().unwrap_or_else(lost)).collect()
    });
    judge(&probes, &outcomes)
}

/// Says that nothing was tried.
pub(super) fn unprobed(why: &str) -> Finding {
    let message = format!("no listed domain was tried live: {why}");
    codes::UNPROBED.finding("", message).with_cure("watch the mail log for deferred mail after activation")
}

fn judge(probes: &[&Probe], outcomes: &[Outcome]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = probes
        .iter()
        .zip(outcomes)
        .filter_map(|(probe, outcome)| match outcome {
            Outcome::Verified => None,
            Outcome::Failed(why) => {
                let cure =
                    format!("look with `posttls-finger -c -l secure {}` before you activate", probe.domain);
                Some(codes::PROBE_FAILED.finding(probe.domain.as_str(), why).with_cure(cure))
            }
            Outcome::NotReached(why) => Some(codes::PROBE_UNREACHED.finding(probe.domain.as_str(), why)),
        })
        .collect();
    let failed = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Failed(_))).count();
    if failed > 0 && failed == outcomes.len() {
        let message = format!("all {failed} listed domains that were tried were reached and not verified");
        let cure =
            "the roots or the network of this machine are the likely cause; mend them, or say --no-probe";
        findings.push(codes::NOTHING_VERIFIED.finding("", message).with_cure(cure));
    }
    findings
}

fn try_one(instance: &Instance, version: Version, trust: Trust<'_>, probe: &Probe) -> Outcome {
    let domain = probe.domain.as_str();
    // First only to learn which MX host answers, and what: its name is the TLS server name that Postfix will send.
    let host = match ask(instance, trust, &["-l", "may"], domain, &[]) {
        Ok(words) => match established_to(&words) {
            Some(host) => host.to_owned(),
            None => return without_session(&words),
        },
        Err(outcome) => return outcome,
    };
    let mut options = vec!["-c", "-l", "secure"];
    if version >= Version::new(3, 4, 0) {
        options.extend(["-s", &host]);
    }
    let names: Vec<String> = probe.names.iter().map(as_match).collect();
    match ask(instance, trust, &options, &format!("[{host}]"), &names) {
        Ok(words) => judge_words(&words, &host),
        Err(outcome) => outcome,
    }
}

fn ask(
    instance: &Instance,
    trust: Trust<'_>,
    options: &[&str],
    next_hop: &str,
    names: &[String],
) -> Result<String, Outcome> {
    let mut arguments: Vec<OsString> =
        ["-L", "summary", "-t", ANSWER_SECONDS, "-T", ANSWER_SECONDS].map(OsString::from).into();
    for (option, value) in [("-F", trust.ca_file), ("-P", trust.ca_path)] {
        if !value.is_empty() {
            arguments.extend([option.into(), value.into()]);
        }
    }
    arguments.extend(options.iter().map(OsString::from));
    arguments.push(next_hop.into());
    arguments.extend(names.iter().map(OsString::from));
    let answer =
        instance.finger(arguments, RUN_DEADLINE).map_err(|error| Outcome::NotReached(with_causes(&error)))?;
    // Where it speaks depends on the release.
    Ok(answer.output + &answer.messages)
}

fn judge_words(words: &str, host: &str) -> Outcome {
    if words.contains("Verified TLS connection established") {
        return Outcome::Verified;
    }
    if established_to(words).is_none() {
        return without_session(words);
    }
    let reason =
        words.lines().find(|line| line.contains("verif")).or(words.lines().next()).unwrap_or_default();
    Outcome::Failed(format!("`{host}` was reached and not verified: {}", plain(reason)))
}

/// No TLS came about: nobody answered, or a host answered and could not do it.
fn without_session(words: &str) -> Outcome {
    let told = |prefix: &str| words.lines().any(|line| plain(line).starts_with(prefix));
    let has_trouble =
        ["disabling TLS support", "SSL_connect error"].iter().any(|trouble| words.contains(trouble));
    let reason = words.lines().map(plain).rfind(|line| !line.is_empty() && !line.starts_with("warning: "));
    match reason {
        Some(reason) if has_trouble => Outcome::Failed(reason),
        // The whole answer to EHLO came, without the word.
        _ if told("< 250 ") && !words.contains("STARTTLS") => {
            Outcome::Failed("the MX host answered and offers no STARTTLS".to_owned())
        }
        Some(reason) => Outcome::NotReached(reason),
        None => Outcome::NotReached("no TLS session came about".to_owned()),
    }
}

/// The host in `… TLS connection established to HOST[ADDRESS]:25: …`.
fn established_to(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("TLS connection established to ")?;
    let (host, _) = rest.split_once('[')?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!host.is_empty() && !host.starts_with('-') && host.bytes().all(known)).then_some(host)
}

fn plain(line: &str) -> String {
    starttls_policy::printable(line.trim().trim_start_matches("posttls-finger: "))
}

fn as_match(pattern: &MxPattern) -> String {
    match pattern.reach() {
        Reach::Exact => pattern.name().to_owned(),
        Reach::OneLabel | Reach::AnyDepth => format!(".{}", pattern.name()),
    }
}

#[cfg(test)]
mod probes {
    use starttls_policy::{Domain, Severity};

    use super::*;
    use crate::{Commands, fake};

    fn probe(domain: &str) -> Probe {
        Probe { domain: Domain::parse(domain).unwrap(), names: Vec::new() }
    }

    /// Runs three probes against a tool that answers by domain.
    fn codes_of(script: &str, domains: &[&str]) -> Vec<(&'static str, Severity)> {
        let holder = starttls_testkit::world::directory().unwrap();
        fake::script(&holder.path().join("posttls-finger"), script);
        let instance = Instance::new(Commands::in_directory(holder.path()), None);
        let probes: Vec<Probe> = domains.iter().map(|domain| probe(domain)).collect();
        let trust = Trust { ca_file: "/ca.pem", ca_path: "" };
        let findings = run(&instance, Version::ASSUMED, trust, &probes);
        findings.iter().map(|finding| (finding.code, finding.severity)).collect()
    }

    const GOOD: &str =
        "echo 'posttls-finger: Verified TLS connection established to mx.a.test[192.0.2.1]:25: TLSv1.3'";
    const BAD: &str =
        "echo 'posttls-finger: certificate verification failed for mx.b.test[192.0.2.2]:25: untrusted issuer'
         echo 'posttls-finger: Untrusted TLS connection established to mx.b.test[192.0.2.2]:25: TLSv1.3'";
    const GONE: &str = "echo 'posttls-finger: Failed to establish session to c.test: Connection refused'";

    #[test]
    fn that_all_verify_say_nothing() {
        assert_eq!(codes_of(GOOD, &["a.test", "b.test", "c.test"]), []);
    }

    #[test]
    fn that_fail_refuse_only_when_all_do() {
        let failed = ("activate.probe-failed", Severity::Warning);
        assert_eq!(
            codes_of(BAD, &["a.test", "b.test"]),
            [failed, failed, ("activate.nothing-verified", Severity::Error)]
        );
        let mixed = format!("case \"$*\" in *a.test*) {GOOD};; *c.test*) {GONE};; *) {BAD};; esac");
        assert_eq!(
            codes_of(&mixed, &["a.test", "b.test", "c.test"]),
            [failed, ("activate.probe-unreached", Severity::Warning)]
        );
    }

    #[test]
    fn that_reach_nobody_warn() {
        assert_eq!(codes_of(GONE, &["a.test"]), [("activate.probe-unreached", Severity::Warning)]);
        let instance = Instance::new(Commands::in_directory("/nonexistent"), None);
        let trust = Trust { ca_file: "", ca_path: "" };
        assert_eq!(run(&instance, Version::ASSUMED, trust, &[probe("a.test")])[0].code, "activate.unprobed");
    }

    #[test]
    fn that_are_answered_without_tls_fail() {
        for script in [
            "echo 'posttls-finger: warning: DNSSEC validation may be unavailable'
             echo 'posttls-finger: < 250-mx.a.test'; echo 'posttls-finger: < 250 8BITMIME'",
            "echo 'posttls-finger: SSL_connect error to mx[192.0.2.1]:25: -1'",
            "echo 'posttls-finger: cannot load Certification Authority data, CAfile=\"/x\": disabling TLS support'",
        ] {
            assert_eq!(codes_of(script, &["a.test"])[1].0, "activate.nothing-verified", "{script}");
        }
    }

    #[test]
    fn that_are_turned_away_warn() {
        for script in ["true", "echo 'posttls-finger: < 554 blocked'", "echo 'posttls-finger: warning: x'"] {
            assert_eq!(codes_of(script, &["a.test"])[0].0, "activate.probe-unreached", "{script}");
        }
    }

    #[test]
    fn never_take_an_option_for_a_host() {
        assert_eq!(established_to("TLS connection established to mx.a.test[1.2.3.4]:25"), Some("mx.a.test"));
        for words in ["", "TLS connection established to -o[", "TLS connection established to a b[", "x["] {
            assert_eq!(established_to(words), None, "{words}");
        }
    }
}
