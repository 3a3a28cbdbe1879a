//! Claim: the operator's own tables are asked before ours, which is said by name, and come back to the byte.

use anyhow::{Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::network::output;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::{OUTPUT, Stage};

/// As operators write it.
const OWN_TABLES: &str = "
smtp_tls_policy_maps =
    texthash:$config_directory/partners
# Ask the mail team before you remove this one:
    texthash:$config_directory/exceptions
";

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    postfix.site().write(&format!("{}/partners", postfix.directory()), "pool.plain encrypt\n")?;
    postfix.site().write(&format!("{}/exceptions", postfix.directory()), "absent.test may\n")?;
    postfix.write_main_cf(&(postfix.main_cf()? + OWN_TABLES))?;
    let (before, value) = (postfix.main_cf()?, value(stage)?);
    wrongly(stage, &value)?;
    postfix.write_main_cf(&before)?;

    let run = stage.activate(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
    for (table, domain) in [("partners", "pool.plain"), ("exceptions", "absent.test")] {
        let said = run.stderr.lines().any(|line| {
            line.contains("[activate.shadowed]")
                && line.contains(table)
                && line.contains(&format!(": {domain}"))
        });
        ensure!(said, "no word that {table} hides {domain}");
    }
    let with_ours = format!("{value}, texthash:{OUTPUT}/current/tls_policy");
    ensure!(self::value(stage)? == with_ours, "not appended: {}", self::value(stage)?);
    stage.expect("excepted@absent.test", Sent("absent.mx.test", Cleartext))?;
    stage.expect("listed@CAPITALS.test", Deferred("4.7.4", "TLS is required"))?;
    stage.expect("listed@good.test", Sent("good.mx.test", Verified))?;

    stage.deactivate()?.expect(0)?;
    ensure!(postfix.main_cf()? == before, "main.cf is not as it was");
    stage.expect("after@absent.test", Sent("absent.mx.test", Cleartext))?;
    stage.expect("after@CAPITALS.test", Sent("absent.mx.test", Cleartext))
}

/// Whoever puts the table of a list first overrules what the operator arranged with a partner.
fn wrongly(stage: &Stage, own: &str) -> Result<()> {
    let postfix = stage.sender.postfix();
    postfix.site().write("/lab/tx/table", "absent.test secure match=absent.mx.test\n")?;
    stage.sender.changing(|| {
        postfix.set("smtp_tls_policy_maps", &format!("texthash:/lab/tx/table {own}"))?;
        postfix.reload()
    })?;
    stage.expect("overruled@absent.test", Deferred("4.7.4", "TLS is required"))
}

/// `smtp_tls_policy_maps` as main.cf gives it, on one line.
fn value(stage: &Stage) -> Result<String> {
    let text = output(stage.sender.postfix().command("postconf").args(["-h", "smtp_tls_policy_maps"]))?;
    Ok(text.trim().to_owned())
}
