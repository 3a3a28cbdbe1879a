//! Claim: what goes wrong without a policy goes right with one, and a policy in `testing` only shows it.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use starttls_e2e::cases::CASES;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Delivery;
use starttls_e2e::matrix::Matrix;
use starttls_e2e::outcome;
use starttls_e2e::postfix::ENFORCES_PATTERNS;

use crate::stage::{OUTPUT, Stage};

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let mut matrix = Matrix::default();
    let result = fill(stage, &mut matrix);
    matrix.conclude(&format!("Postfix {}", stage.version), result)
}

fn fill(stage: &Stage, matrix: &mut Matrix) -> Result<()> {
    matrix.column("no policy");
    let deliveries = send(stage, "none")?;
    for (case, delivery) in CASES.iter().zip(&deliveries) {
        matrix.cell(case.name, &outcome::summary(delivery), case.wrongly.complaint(&stage.lab, delivery)?);
    }
    ensure!(stage.lab.stripper.overheard("The secret of none@stripped.test"), "the attacker did not listen");

    stage.activate(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
    check_attributes(stage)?;
    matrix.column("enforced");
    let deliveries = send(stage, "enforced")?;
    for (case, delivery) in CASES.iter().zip(&deliveries) {
        let complaint = case.rightly(stage.version).complaint(&stage.lab, delivery)?;
        matrix.cell(case.name, &outcome::summary(delivery), complaint);
    }
    ensure!(!stage.lab.stripper.overheard("enforced@stripped.test"), "the attacker overheard an address");

    stage.activate(&list::texts(&stage.lab.keys, "testing"), &[])?.expect(0)?;
    matrix.column("testing");
    let deliveries = send(stage, "testing")?;
    for (case, delivery) in CASES.iter().zip(&deliveries) {
        matrix.cell(case.name, &outcome::summary(delivery), case.wrongly.complaint(&stage.lab, delivery)?);
    }
    matrix.column("what the log shows");
    for (case, delivery) in CASES.iter().zip(&deliveries) {
        let complaint = (!case.shown.is_in(delivery, case.entry)).then(|| "not shown".to_owned());
        matrix.cell(case.name, case.shown.word(), complaint);
    }
    Ok(())
}

/// Only a Postfix that enforces MX patterns may be given any.
fn check_attributes(stage: &Stage) -> Result<()> {
    let table = stage.sender.postfix().site().read(&format!("{OUTPUT}/current/tls_policy"))?;
    let has_patterns = table.contains("policy_type=") || table.contains("mx_host_pattern=");
    ensure!(has_patterns == (stage.version >= ENFORCES_PATTERNS), "MX patterns in the table:\n{table}");
    Ok(())
}

/// Sends a mail for each case, and returns what became of each.
fn send(stage: &Stage, user: &str) -> Result<Vec<Delivery>> {
    let recipients: Vec<_> = CASES.iter().map(|case| format!("{user}@{}", case.domain)).collect();
    let mut deliveries: HashMap<_, _> = stage.sender.deliver(&recipients)?;
    stage.sender.empty_queue()?;
    Ok(recipients.iter().filter_map(|recipient| deliveries.remove(recipient)).collect())
}
