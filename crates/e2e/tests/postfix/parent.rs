//! Claim: what the operator demands of all domains below one is never weakened by a line of ours for a domain below, and counts
//! anew when the operator changes it.

use anyhow::{Result, ensure};
use starttls_e2e::delivery::Channel::{Trusted, Verified};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::{OUTPUT, Stage};

const LIST: &str = r#"{
  "version": "1", "author": "Some", "serial": 1,
  "timestamp": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z",
  "policies": {
    "good.test": { "mode": "enforce", "mx": ["good.mx.test"] },
    "second.plain": { "mode": "enforce", "mx": ["good.mx.test"] },
    "spoofed.plain": { "mode": "enforce", "mx": ["mx.attacker.test"], "require": "tls" }
  }
}
"#;
const SETTINGS: &str = "/lab/parent/starttls.toml";
const STRICT: &str = ".plain secure match=good.mx.test\n.test fingerprint match=00:11\n";

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let own = format!("{}/partners", postfix.directory());
    postfix.site().write(&own, STRICT)?;
    let mismatch = Deferred("4.7.5", "hostname mismatch");
    let unlisted = Sent("mx.attacker.test", Trusted);
    stage.sender.changing(|| {
        postfix.set("smtp_tls_policy_maps", &format!("texthash:{own}"))?;
        postfix.reload()
    })?;
    stage.expect("before@spoofed.plain", mismatch)?;

    // Without a look at the entry above, the line for the domain takes its place, although its table stands last.
    postfix.site().write("/lab/tx/naive", "spoofed.plain encrypt\n")?;
    stage.sender.changing(|| {
        postfix.set("smtp_tls_policy_maps", &format!("texthash:{own}, texthash:/lab/tx/naive"))?;
        postfix.reload()
    })?;
    stage.expect("naively@spoofed.plain", unlisted)?;
    postfix.set("smtp_tls_policy_maps", &format!("texthash:{own}"))?;

    let run = stage.activate(&[LIST.to_owned()], &["--no-probe"])?.expect(0)?;
    for (code, domain) in
        [("postfix.operator-stricter", "spoofed.plain"), ("postfix.operator-incomparable", "good.test")]
    {
        let is_named = run.stderr.lines().any(|line| line.contains(code) && line.contains(domain));
        ensure!(is_named, "{domain} is not named with {code}:\n{}", run.stderr);
    }
    stage.expect("kept@spoofed.plain", mismatch)?;
    stage.expect("tightened@second.plain", Sent("good.mx.test", Verified))?;
    ensure!(domains(stage)? == ["second.plain"], "{:?}", domains(stage)?);

    // The list stays as it is, the operator's table does not.
    let site = postfix.site();
    site.write("/lab/parent/list.json", LIST)?;
    let settings = format!(
        "state-dir = \"/lab/parent/state\"\n[postfix]\noutput = \"{OUTPUT}\"\nconfig = \"{}\"\nprobe = false\n\
         [update]\nwithdrawal-timer = \"own\"\n[[list]]\nname = \"some\"\ntrust = \"unsigned\"\nfile = \"list.json\"\n",
        postfix.directory()
    );
    site.write(SETTINGS, &settings)?;
    site.write(&own, ".plain may\n")?;
    let update = || stage.run(&["--config", SETTINGS, "update", "--verbose"]);
    stage.sender.changing(update)?.expect(0)?;
    ensure!(domains(stage)? == ["good.test", "second.plain", "spoofed.plain"], "{:?}", domains(stage)?);
    stage.expect("relaxed@spoofed.plain", unlisted)?;
    site.write(&own, STRICT)?;
    let words = stage.sender.changing(update)?.expect(0)?.words();
    ensure!(words.contains("spoofed.plain"), "`update` does not name the domain:\n{words}");
    ensure!(domains(stage)? == ["second.plain"], "{:?}", domains(stage)?);
    stage.expect("again@spoofed.plain", mismatch)
}

/// The domains of our table.
fn domains(stage: &Stage) -> Result<Vec<String>> {
    let table = stage.sender.postfix().site().read(&format!("{OUTPUT}/current/tls_policy"))?;
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect())
}
