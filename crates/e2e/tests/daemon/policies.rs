//! Claim: whatever static tables do for the cases, the daemon's answers do.

use anyhow::{Result, ensure};
use starttls_e2e::cases::{CASES, list};
use starttls_e2e::daemon::Settings;
use starttls_e2e::delivery::Delivery;
use starttls_e2e::matrix::Matrix;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::{self, Outcome};

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

fn names(names: &mut Names) -> Result<()> {
    let mail: Vec<_> = CASES.iter().map(|case| (case.domain, case.hosts)).collect();
    names.mail(&mail)
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut matrix = Matrix::default();
    let result = fill(stage, &mut matrix);
    matrix.conclude(&format!("Postfix {}, policies by the daemon", stage.version), result)
}

fn fill(stage: &Stage, matrix: &mut Matrix) -> Result<()> {
    let wrongly: Vec<_> = CASES.iter().map(|case| case.wrongly).collect();
    let rightly: Vec<_> = CASES.iter().map(|case| case.rightly).collect();
    column(stage, matrix, "no policy", &wrongly)?;
    ensure!(
        stage.lab.stripper.overheard("The secret of no-policy@stripped.test"),
        "the attacker did not listen"
    );

    let lists = list::texts(&stage.lab.keys, "enforce").into();
    let daemon = stage.start(Settings { lists, ..Settings::default() })?;
    for (map, title) in [("QUERY", "enforced"), (stage.map(), "enforced, all attributes")] {
        stage.sender.ask(daemon.address(), map)?;
        column(stage, matrix, title, &rightly)?;
    }
    ensure!(!stage.lab.stripper.overheard("enforced@stripped.test"), "the attacker overheard an address");
    drop(daemon);

    let lists = list::texts(&stage.lab.keys, "testing").into();
    let daemon = stage.start(Settings { name: "second", port: 8471, lists, ..Settings::default() })?;
    stage.ask(&daemon)?;
    column(stage, matrix, "testing", &wrongly)
}

/// Sends a mail for each case, and fills a column with what became of it.
fn column(stage: &Stage, matrix: &mut Matrix, title: &str, outcomes: &[Outcome]) -> Result<()> {
    matrix.column(title);
    let user = title.replace([' ', ','], "-");
    let recipients: Vec<_> = CASES.iter().map(|case| format!("{user}@{}", case.domain)).collect();
    let deliveries: Vec<Delivery> = stage.deliver(&recipients)?;
    for ((case, delivery), outcome) in CASES.iter().zip(&deliveries).zip(outcomes) {
        matrix.cell(case.name, &outcome::summary(delivery), outcome.complaint(&stage.lab, delivery)?);
    }
    Ok(())
}
