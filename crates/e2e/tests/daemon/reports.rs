//! Claim: a Postfix that reports TLS results tells its collector which MTA-STS policy held, in the policy's own words, if it asks by
//! `QUERYwithTLSRPT`; with plain `QUERY` the reports say that there was none. A list is never taken for MTA-STS.
//!
//! Spec: RFC 8460 §4.4 (policy types, policy strings), postconf(5) `smtp_tlsrpt_enable`.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use starttls_e2e::cases::list;
use starttls_e2e::daemon::Settings;
use starttls_e2e::datagrams::Datagrams;
use starttls_e2e::delivery::Channel::Verified;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{self, Deferred, Sent};
use starttls_e2e::policy_host::Published;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// Where the collector listens, as smtp(8) sees it from its queue.
const COLLECTOR: &str = "run/tlsrpt/tlsrpt.sock";

/// Policy types as Postfix tells its collector.
const STS: u64 = 2;
const NO_POLICY_FOUND: u64 = 9;

const GOOD: Outcome = Sent("good.mx.test", Verified);

fn names(names: &mut Names) -> Result<()> {
    for (domain, host) in [
        ("kept.plain", "good.mx.test"),
        ("broken.plain", "wrongname.mx.test"),
        ("listed.plain", "good.mx.test"),
    ] {
        names.mx(domain, 10, host)?;
        let record = format!("_smtp._tls.{domain}");
        names.zone(&record)?.txt(&record, &format!("v=TLSRPTv1; rua=mailto:reports@{domain}"));
    }
    policies().iter().try_for_each(|policy| policy.announce(names))
}

fn policies() -> [Published; 2] {
    [
        Published::new("kept.plain", "enforce", &["good.mx.test"]),
        Published::new("broken.plain", "enforce", &["wrongname.mx.test"]),
    ]
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&policies())?;
    let lists = vec![list::plain("enforce", &[("listed.plain".to_owned(), vec!["good.mx.test"])])];
    let daemon = stage.start(Settings { lists, ..Settings::default() })?;
    let collector = Datagrams::listen(&stage.site, &format!("/lab/tx/queue/{COLLECTOR}"))?;
    let postfix = stage.sender.postfix();
    postfix.set("smtp_tlsrpt_enable", "yes")?;
    postfix.set("smtp_tlsrpt_socket_name", COLLECTOR)?;

    stage.sender.ask(daemon.address(), "QUERY")?;
    stage.expect("unnamed@kept.plain", GOOD)?;
    let policy = told(&collector, "kept.plain")?;
    ensure!(policy["policy-type"] == NO_POLICY_FOUND && policy["policy-string"].is_null(), "{policy}");

    stage.sender.ask(daemon.address(), "QUERYwithTLSRPT")?;
    stage.expect("named@kept.plain", GOOD)?;
    let policy = told(&collector, "kept.plain")?;
    let strings = json!(["version: STSv1", "mode: enforce", "mx: good.mx.test", "max_age: 604800"]);
    ensure!(policy["policy-type"] == STS && policy["policy-domain"] == "kept.plain", "{policy}");
    ensure!(policy["policy-string"] == strings, "{policy}");
    ensure!(policy["mx-host"] == json!(["good.mx.test"]) && policy["f"] == 0, "{policy}");

    stage.expect("named@broken.plain", Deferred("4.7.5", "hostname mismatch"))?;
    let policy = told(&collector, "broken.plain")?;
    ensure!(policy["policy-type"] == STS && policy["f"] == 1 && policy["t"] == 1, "{policy}");
    ensure!(policy["failure-details"][0]["n"] == "wrongname.mx.test", "{policy}");

    stage.expect("named@listed.plain", GOOD)?;
    let policy = told(&collector, "listed.plain")?;
    ensure!(policy["policy-type"] == NO_POLICY_FOUND, "{policy}");
    Ok(())
}

/// The one policy that the collector is told of next, which must be about this domain.
fn told(collector: &Datagrams, domain: &str) -> Result<Value> {
    let datagram = collector.next()?;
    let told: Value = serde_json::from_str(&datagram).context(datagram.clone())?;
    ensure!(told["d"] == domain, "{datagram}");
    ensure!(told["pr"] == format!("v=TLSRPTv1; rua=mailto:reports@{domain}"), "{datagram}");
    match told["policies"].as_array().map(Vec::as_slice) {
        Some([policy]) => Ok(policy.clone()),
        _ => anyhow::bail!("not one policy: {datagram}"),
    }
}
