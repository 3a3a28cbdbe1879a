//! Claim: DANE is answered as the table of the decision says, alone, beside MTA-STS and beside a list.
//!
//! Spec: RFC 7672 §2.1.2, §2.2 and §2.2.2, RFC 8461 §2; docs/decision.md.

mod cases;
pub(crate) mod damaged;

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::matrix::Matrix;
use starttls_e2e::names::Names;
use starttls_e2e::outcome;
use starttls_e2e::policy_host::Published;

use self::cases::CASES;
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

fn names(names: &mut Names) -> Result<()> {
    for case in CASES {
        for domain in case.domains() {
            for (preference, host) in case.hosts {
                names.mx(&domain, *preference, host)?;
            }
            match case.label {
                "null" => names.zone(&domain)?.null_mx(&domain),
                "implicit" => {
                    names.same_address(&domain, "match.mx.test")?;
                    names.cname(&format!("_25._tcp.{domain}"), "_25._tcp.match.mx.test")?;
                }
                _ => {}
            }
        }
    }
    for policy in policies() {
        policy.announce(names)?;
    }
    Ok(())
}

/// The MTA-STS policies of all second domains.
fn policies() -> Vec<Published> {
    let policies = CASES.iter().map(|case| {
        let [_, domain, _] = case.domains();
        Published::new(&domain, "enforce", case.patterns)
    });
    policies.collect()
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut matrix = Matrix::default();
    let result = fill(stage, &mut matrix);
    matrix.conclude(&format!("Postfix {}, DANE by the daemon", stage.version), result)
}

fn fill(stage: &Stage, matrix: &mut Matrix) -> Result<()> {
    matrix.column("without the daemon");
    column(stage, matrix, "harm", 0, None)?;

    let _hosts = stage.lab.policy_hosts(&policies())?;
    let listed = CASES.iter().map(|case| {
        let [.., domain] = case.domains();
        (domain, case.patterns.to_vec())
    });
    let lists = vec![list::plain("enforce", &listed.collect::<Vec<_>>())];
    let daemon = stage.start(Settings { lists, ..Settings::default() })?;
    stage.ask(&daemon)?;
    for (index, title) in ["nothing else", "MTA-STS enforces", "the list enforces"].into_iter().enumerate() {
        matrix.column(title);
        column(stage, matrix, "asked", index, Some(&daemon))?;
    }
    Ok(())
}

/// Sends a mail to one domain of each case, and fills the column with what became of it, and with the daemon's answer.
fn column(
    stage: &Stage,
    matrix: &mut Matrix,
    user: &str,
    index: usize,
    daemon: Option<&Daemon>,
) -> Result<()> {
    let domains: Vec<_> = CASES.iter().map(|case| case.domains()[index].clone()).collect();
    let recipients: Vec<_> = domains.iter().map(|domain| format!("{user}@{domain}")).collect();
    let deliveries = stage.deliver(&recipients)?;
    for ((case, domain), delivery) in CASES.iter().zip(&domains).zip(&deliveries) {
        let mut cell = outcome::summary(delivery);
        let mut complaint = None;
        let outcome = match daemon {
            Some(daemon) => {
                let (answer, outcome) = case.rightly(index);
                let reply = daemon.ask(stage.map(), domain)?;
                complaint = (!answer.is(&reply)).then(|| format!("{reply:?}, not {answer:?}"));
                cell = format!("{}: {cell}", reply.level());
                outcome
            }
            None => case.of_itself(index, case.harm),
        };
        let complaint = complaint.into_iter().chain(outcome.complaint(&stage.lab, delivery)?);
        let complaint = complaint.reduce(|one, other| format!("{one}; {other}"));
        matrix.cell(case.name, &cell, complaint);
    }
    Ok(())
}
