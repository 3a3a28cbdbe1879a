//! Postfix, in each version that Debian has, as the sender: what reaches whom with and without our configuration.
//!
//! Each test builds a lab of its own, sends the mails of all cases under one configuration after the other, prints the
//! matrix of outcomes, and complains of every cell that is not as `cases` has it.

mod cases;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use starttls_e2e::lab::Lab;
use starttls_e2e::matrix::Matrix;
use starttls_e2e::network::sealed;
use starttls_e2e::postfix::Version;
use starttls_e2e::sender::Sender;
use starttls_e2e::site::Site;
use starttls_e2e::tree::Tree;

use cases::{CASES, Case, Outcome};

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn bookworm_without_attributes_for_mx_patterns() -> Result<()> {
    test("bookworm_without_attributes_for_mx_patterns", "bookworm", |version| version < Version(3, 10, 0))
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn backports() -> Result<()> {
    test("backports", "backports", |_| true)
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn trixie_enforcing_mx_patterns() -> Result<()> {
    test("trixie_enforcing_mx_patterns", "trixie", |version| version >= Version(3, 10, 5))
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn sid() -> Result<()> {
    test("sid", "sid", |_| true)
}

fn test(name: &str, tree: &str, expected: fn(Version) -> bool) -> Result<()> {
    sealed(name, |trees, site| {
        let mail: Vec<_> = CASES.iter().map(|case| (case.domain, case.hosts)).collect();
        let lab = Lab::build(trees, &site, &mail)?;
        let sender = start_sender(trees, &site, tree)?;
        let version = sender.postfix().version()?;
        ensure!(expected(version), "{tree} has Postfix {version}: choose another suite in crates/e2e/trees");
        let mut matrix = Matrix::default();
        let result = fill(&lab, &sender, version, &mut matrix);
        if result.is_err() || !matrix.complaints().is_empty() {
            println!("--- log of the sender ---\n{}", sender.postfix().log().lines()?.join("\n"));
        }
        println!("{}", matrix.table(&format!("Postfix {version} ({tree})")));
        result?;
        if !matrix.complaints().is_empty() {
            bail!("{}", matrix.complaints().join("\n"));
        }
        Ok(())
    })
}

/// The tree may be the receiver's, too, and then is mounted already.
fn start_sender(trees: &Path, site: &Site, tree: &str) -> Result<Sender> {
    Sender::start(&Tree::mount(trees, tree, site)?, site)
}

fn fill(lab: &Lab, sender: &Sender, version: Version, matrix: &mut Matrix) -> Result<()> {
    column(lab, sender, matrix, "no policy", |case| case.wrongly)?;
    let mut table = String::new();
    for case in CASES {
        write!(table, "{} {}", case.domain, (case.line)(&lab.keys))?;
        if version >= Version(3, 10, 5) && (case.line)(&lab.keys).starts_with("secure") {
            let policy = (case.policy)(&lab.keys);
            let pattern = policy.split('"').nth(3).unwrap_or_default();
            write!(table, " policy_type=sts policy_domain={} mx_host_pattern={pattern}", case.domain)?;
        }
        writeln!(table)?;
    }
    sender.postfix().site().write(
        "/lab/other.pem",
        &format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lab.keys.other_authority),
    )?;
    sender.install_table(&table)?;
    column(lab, sender, matrix, "enforce", |case| case.rightly(version))?;
    sender.remove_table()?;
    column(lab, sender, matrix, "testing", |case| case.wrongly)
}

/// Sends a mail for every case and compares.
fn column(
    lab: &Lab,
    sender: &Sender,
    matrix: &mut Matrix,
    title: &str,
    expected: impl Fn(&Case) -> Outcome,
) -> Result<()> {
    matrix.column(title);
    let recipient = |case: &Case| format!("{}@{}", title.replace(' ', "-"), case.domain);
    let deliveries = sender.deliver(&CASES.iter().map(recipient).collect::<Vec<_>>())?;
    for case in CASES {
        let recipient = recipient(case);
        let delivery = &deliveries[&recipient];
        let complaint = expected(case).complaint(lab, delivery)?;
        matrix.cell(case.name, cases::summary(delivery), complaint);
    }
    sender.empty_queue()
}
