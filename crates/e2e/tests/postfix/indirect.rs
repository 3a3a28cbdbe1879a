//! Claim: settings that main.cf takes from other parameters count with their value: activation never leaves them weaker.

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::outcome::Outcome::Deferred;

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    for (parameter, value) in [
        ("own_level", "secure"),
        ("own_protocols", ">=TLSv1.3"),
        ("smtp_tls_security_level", "$own_level"),
        ("smtp_tls_mandatory_protocols", "$own_protocols"),
    ] {
        postfix.set(parameter, value)?;
    }
    stage.sender.changing(|| postfix.reload())?;
    let (untrusted, too_old) = (
        Deferred("4.7.5", "Server certificate not verified"),
        Deferred("4.7.5", "tlsv1 alert protocol version"),
    );
    stage.expect("before@otherca.test", untrusted)?;
    stage.expect("before@older.test", too_old)?;

    let encrypted = list::of(&stage.lab.keys, "enforce", &["otherca.test"])
        .replace("\"min-tls-version\"", "\"require\": \"tls\", \"min-tls-version\"");
    let verified = list::of(&stage.lab.keys, "enforce", &["good.test", "older.test"]);
    let run = stage.attempt(&[encrypted, verified], &[])?;
    ensure!(matches!(run.code, Some(0 | 3)), "neither activated nor refused");
    stage.sender.changing(|| postfix.reload())?;
    let after = [("after@otherca.test", untrusted), ("after@older.test", too_old)];
    stage.expect_each(&after).context("weaker than before")
}
