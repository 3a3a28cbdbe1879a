//! Claims about what operators see of a running daemon and change in it: metrics, status, `query`, `why`, `cache`, `override` and
//! `reload`. One daemon serves them all, one after the other; each function below is a claim.
//!
//! Spec: docs/daemon.md §7, docs/metrics.md, docs/status.md.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use starttls_e2e::cases::list;
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::log::wait_for;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::policy_host::{PolicyHost, Published, Serving, policy};

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// The host without STARTTLS: what is protected waits.
const HOST: &str = "absent.mx.test";

/// Each domain whose mail is protected, and how the daemon says so.
const PROTECTED: &[(&str, &str)] = &[
    ("dane.test", "dane-only"),
    ("fits.plain", "secure"),
    ("held.plain", "secure"),
    ("listed.plain", "secure"),
];

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[
        ("dane.test", &[(10, "match.mx.test")]),
        ("fits.plain", &[(10, "good.mx.test")]),
        ("held.plain", &[(10, HOST)]),
        ("broken.plain", &[(10, HOST)]),
        ("listed.plain", &[(10, HOST)]),
        ("added.plain", &[(10, HOST)]),
    ])?;
    policies().iter().try_for_each(|policy| policy.announce(names))
}

fn policies() -> [Published; 3] {
    [
        Published::new("fits.plain", "enforce", &["good.mx.test"]),
        Published::new("held.plain", "enforce", &[HOST]),
        Published::new("broken.plain", "enforce", &[HOST]).served(Serving::Expired),
    ]
}

/// A list that holds these domains.
fn listed(domains: &[&str]) -> String {
    let entries: Vec<_> = domains.iter().map(|domain| ((*domain).to_owned(), vec![HOST])).collect();
    list::plain("enforce", &entries)
}

fn play(stage: &mut Stage) -> Result<()> {
    let hosts = stage.lab.policy_hosts(&policies())?;
    let mut daemon =
        stage.start(Settings { lists: vec![listed(&["listed.plain"])], ..Settings::default() })?;
    stage.ask(&daemon)?;
    metrics_count_deliveries_and_name_nobody(stage, &daemon)?;
    status_names_the_failure_and_no_person(&daemon)?;
    query_says_what_the_daemon_answers(&daemon)?;
    why_names_evidence_rule_and_cure(&daemon)?;
    the_cure_that_why_names_lets_mail_go_and_can_be_taken_back(stage, &daemon)?;
    purged_domain_is_found_out_anew_and_no_other(&hosts, &daemon)?;
    reload_takes_changed_lists_and_no_broken_settings(stage, &daemon)?;
    what_was_learnt_is_counted_after_a_restart(&mut daemon)
}

fn metrics_count_deliveries_and_name_nobody(stage: &Stage, daemon: &Daemon) -> Result<()> {
    let before = Metrics::of(daemon)?;
    stage.expect_all(&[
        ("claudia@fits.plain", Sent("good.mx.test", Verified)),
        ("claudia@broken.plain", Sent(HOST, Cleartext)),
        ("claudia@dane.test", Sent("match.mx.test", Verified)),
    ])?;
    stage.expect("ursula@fits.plain", Sent("good.mx.test", Verified))?;
    let after = Metrics::of(daemon)?;
    for (sample, more) in [
        (r#"starttls_queries_total{form="QUERY",reply="ok",how="found-out"}"#, 2),
        (r#"starttls_queries_total{form="QUERY",reply="ok",how="at-hand"}"#, 1),
        (r#"starttls_lookups_total{what="policy",ended="answered"}"#, 1),
        (r#"starttls_lookups_total{what="policy",ended="failed"}"#, 1),
        (r#"starttls_policy_failures_total{result_type="sts-webpki-invalid"}"#, 1),
    ] {
        let counted = after.value(sample) - before.value(sample);
        ensure!(counted == more, "{sample}: {counted} more, not {more}");
    }
    ensure!(after.value(r#"starttls_validation{state="proven"}"#) == 1, "not proven: {}", after.text);
    ensure!(after.value(r#"starttls_list_domains{list="list-0"}"#) == 1, "no list: {}", after.text);
    // The resolvers are the operator's own, and named.
    let is_of_others = |line: &&str| !line.starts_with("starttls_resolver_up{");
    let text: String = after.text.lines().filter(is_of_others).collect();
    for word in ["claudia", "ursula", ".plain", ".test", "127.0.0"] {
        ensure!(!text.contains(word), "metrics name `{word}`: {}", after.text);
    }
    Ok(())
}

fn status_names_the_failure_and_no_person(daemon: &Daemon) -> Result<()> {
    let text = body(daemon, "/status.json")?;
    let status: Value = serde_json::from_str(&text)?;
    ensure!(status["version"] == 1 && status["health"]["state"] == "serving", "{text}");
    ensure!(status["validation"] == "proven" && status["lists"][0]["domains"] == 1, "{text}");
    let failures = status["recent-failures"].as_array().context("no failures")?;
    let failure = failures.iter().find(|one| one["domain"] == "broken.plain").context("no such failure")?;
    ensure!(failure["what"] == "sts-webpki-invalid" && failure["times"] == 1, "{failure}");
    let slowest = status["slowest"].as_array().context("no slowest")?;
    ensure!(slowest.iter().any(|one| one["domain"] == "fits.plain"), "{text}");

    let page = body(daemon, "/")?;
    ensure!(page.contains("broken.plain") && body(daemon, "/healthz")?.trim() == "ok", "{page}");
    let log = daemon.log().lines()?.join("\n");
    for (name, text) in [("document", text), ("page", page), ("log", log)] {
        for person in ["claudia", "ursula"] {
            ensure!(!text.contains(person), "the {name} names `{person}`: {text}");
        }
    }
    Ok(())
}

fn query_says_what_the_daemon_answers(daemon: &Daemon) -> Result<()> {
    for (domain, level) in PROTECTED.iter().chain(&[("broken.plain", "none")]) {
        let action = match *level {
            "secure" => "require",
            "none" => "opportunistic",
            own => own,
        };
        let answer = daemon.run(&["query", domain, "--live", "--format", "json"])?.expect(0)?;
        let answer: Value = serde_json::from_str(&answer.stdout)?;
        ensure!(answer["action"] == action, "{domain}: {answer}, not {action}");
        daemon.expect(&[(domain, level)])?;
    }
    Ok(())
}

fn why_names_evidence_rule_and_cure(daemon: &Daemon) -> Result<()> {
    for (domain, facts) in [
        ("dane.test", &["(RFC 7672 §2.2)", "of 1 hosts 1 have usable TLSA records", "match.mx.test"][..]),
        ("fits.plain", &["(RFC 8461 §5)", "says `enforce`", "id `1`: good.mx.test"]),
        ("broken.plain", &["(RFC 8461 §3.3)", "sts-webpki-invalid", "no policy list names the domain"]),
        ("listed.plain", &["list-0", "no record", HOST]),
    ] {
        let answer = daemon.run(&["why", domain, "--live"])?.expect(0)?;
        for fact in facts {
            ensure!(answer.stdout.contains(fact), "no `{fact}` about {domain}:\n{}", answer.words());
        }
        let is_protected = PROTECTED.iter().any(|(protected, _)| *protected == domain);
        ensure!(cure(&answer.stdout).is_some() == is_protected, "{domain}:\n{}", answer.words());
    }
    Ok(())
}

fn the_cure_that_why_names_lets_mail_go_and_can_be_taken_back(stage: &Stage, daemon: &Daemon) -> Result<()> {
    let waits = Deferred("4.7.4", "TLS is required, but was not offered by host");
    stage.expect("before@held.plain", waits)?;
    for (user, level, outcome) in [("relaxed", "may", Sent(HOST, Cleartext)), ("again", "secure", waits)] {
        let why = daemon.run(&["why", "held.plain", "--live"])?.expect(0)?;
        let command = cure(&why.stdout).with_context(|| format!("no cure: {}", why.stdout))?;
        daemon.run(&words(command))?.expect(0)?;
        daemon.wait_for_level("held.plain", level)?;
        stage.expect(&format!("{user}@held.plain"), outcome)?;
    }
    Ok(())
}

fn purged_domain_is_found_out_anew_and_no_other(hosts: &PolicyHost, daemon: &Daemon) -> Result<()> {
    // The same `id`: the owner forgot to change it, so nobody has a reason to look again.
    hosts.publish("held.plain", &policy("testing", &[HOST]))?;
    for domain in ["held.plain", "fits.plain"] {
        let text = format!("{domain}  mta-sts enforce until ");
        wait_for(&format!("`{text}`"), || {
            let shown = daemon.run(&["cache", "show", domain])?.expect(0)?;
            Ok(shown.stdout.contains(&text).then_some(()))
        })?;
    }
    daemon.expect(&[("held.plain", "secure"), ("fits.plain", "secure")])?;
    let before = (hosts.count("held.plain")?, hosts.count("fits.plain")?);

    let purged = daemon.run(&["cache", "purge", "held.plain"])?.expect(0)?;
    ensure!(purged.stdout.contains("1 row"), "{}", purged.words());
    let shown = daemon.run(&["cache", "show", "held.plain"])?.expect(0)?;
    ensure!(shown.stdout.is_empty(), "{}", shown.words());
    daemon.expect(&[("held.plain", "none"), ("fits.plain", "secure")])?;
    let after = (hosts.count("held.plain")?, hosts.count("fits.plain")?);
    ensure!(after == (before.0 + 1, before.1), "asked {after:?} times, {before:?} before");
    Ok(())
}

fn reload_takes_changed_lists_and_no_broken_settings(stage: &Stage, daemon: &Daemon) -> Result<()> {
    let file = daemon.path("settings.toml");
    let settings = stage.site.read(&file)?;
    stage.site.write(&file, &format!("{settings}only = [\"a..b\"]\n"))?;
    let refused = daemon.run(&["reload"])?.expect(1)?;
    ensure!(refused.stderr.contains("only"), "{}", refused.words());
    daemon.expect(&[("listed.plain", "secure"), ("added.plain", "none")])?;

    stage.site.write(&file, &format!("{settings}only = [\"added.plain\"]\n"))?;
    daemon.run(&["reload"])?.expect(0)?;
    daemon.expect(&[("listed.plain", "none"), ("added.plain", "none")])?;

    stage.site.write(&file, &settings)?;
    let list = daemon.path("list-0.json");
    stage.site.write(&list, "{")?;
    let torn = daemon.run(&["reload"])?.expect(0)?;
    ensure!(torn.stdout.contains("a `}` is missing"), "{}", torn.words());
    daemon.expect(&[("listed.plain", "secure"), ("added.plain", "none")])?;

    stage.site.write(&list, &listed(&["listed.plain", "added.plain"]))?;
    let reloaded = daemon.run(&["reload"])?.expect(0)?;
    ensure!(reloaded.stdout.contains("1 list"), "{}", reloaded.words());
    daemon.expect(&[("listed.plain", "secure"), ("added.plain", "secure")]).context(reloaded.words())
}

fn what_was_learnt_is_counted_after_a_restart(daemon: &mut Daemon) -> Result<()> {
    daemon.stop()?;
    daemon.resume()?;
    wait_for("count of what was learnt", || {
        let metrics = Metrics::of(daemon)?;
        let counts = ["policies", "enforce", "dane"]
            .map(|kind| metrics.value(&format!(r#"starttls_learned_domains{{kind="{kind}"}}"#)));
        // Of `held.plain` the policy that tests, of `fits.plain` the one that enforces.
        Ok((counts == [2, 1, 1]).then_some(()))
    })
}

/// What Prometheus reads.
struct Metrics {
    text: String,
}

impl Metrics {
    fn of(daemon: &Daemon) -> Result<Self> {
        let text = body(daemon, "/metrics")?;
        ensure!(text.ends_with("# EOF\n"), "cut off: {text}");
        Ok(Self { text })
    }

    /// The value of a sample; 0 where there is none.
    fn value(&self, sample: &str) -> i64 {
        let values =
            self.text.lines().filter_map(|line| line.strip_prefix(sample)?.trim().parse::<i64>().ok());
        values.sum()
    }
}

/// What is served at a path, if all is well.
fn body(daemon: &Daemon, path: &str) -> Result<String> {
    let answer = daemon.status(path)?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    Ok(answer.split_once("\r\n\r\n").context("no end of the head")?.1.to_owned())
}

/// The command that `why` names at the end.
fn cure(text: &str) -> Option<&str> {
    text.lines().last()?.trim().strip_prefix("starttls ")
}

/// Splits a command as a shell does that meets no quotation mark within a word.
fn words(command: &str) -> Vec<&str> {
    let parts = command.split('\'').enumerate();
    parts
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        })
        .collect()
}
