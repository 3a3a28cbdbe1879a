//! Claim: the shared store is reached over TLS from an authority that the URL names, for the name that it has; where either is
//! wrong nothing is sent to it, and the daemon goes on alone and says so.

use anyhow::{Result, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::names::Names;
use starttls_e2e::postgres::Postgres;
use starttls_e2e::sender::ROOTS;

use super::{CLEAR, HELD, announce, held};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// Where the server's root lies: nothing else that the daemon may read is there.
const ROOT: &str = "/lab/store/root.pem";

/// Where the root lies that signed nothing of the server's.
const OTHER_ROOT: &str = "/lab/store/other-root.pem";

fn names(names: &mut Names) -> Result<()> {
    announce(names, &held(&["learnt.plain", "alone.plain"]))
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&held(&["learnt.plain", "alone.plain"]))?;
    stage.expect("before@alone.plain", CLEAR)?;
    let identity = stage.lab.identity(&["127.0.0.1"])?;
    let database = Postgres::start_with_tls(&stage.trees, &stage.site, &identity)?;
    stage.site.write(ROOT, &stage.site.read(ROOTS)?)?;
    stage.site.write(OTHER_ROOT, &stage.lab.other_root())?;

    let verified = |root| format!("sslmode=verify-full&sslrootcert={root}");
    let sharing = share(stage, ("daemon", 8461), "127.0.0.1", &verified(ROOT))?;
    sharing.log().wait_for_line("is reached", 0)?;
    sharing.expect(&[("learnt.plain", "secure")])?;
    database.wait_for_policy("learnt.plain")?;

    for (place, host, parameters, cause) in [
        (("second", 8471), "127.0.0.1", verified(OTHER_ROOT), "UnknownIssuer"),
        (("third", 8481), "localhost", verified(ROOT), "not valid for name"),
        (("fourth", 8491), "127.0.0.1", "sslmode=disable".to_owned(), "no encryption"),
    ] {
        let alone = share(stage, place, host, &parameters)?;
        let words = alone.log().wait_for_line("this node goes on alone", 0)?;
        ensure!(words.contains(cause), "{words}");
        let status = alone.status("/status.json")?;
        ensure!(status.contains(r#""shared-store": "down""#), "{status}");
        alone.expect(&[("alone.plain", "secure")])?;
        stage.ask(&alone)?;
        stage.expect(&format!("{}@alone.plain", place.0), HELD)?;
    }
    database.expect_no_policy("alone.plain")
}

/// A daemon with the database as its shared store, by this name and with these parameters.
fn share(stage: &Stage, (name, port): (&'static str, u16), host: &str, parameters: &str) -> Result<Daemon> {
    let further = format!("store = \"postgres://starttls@{host}/starttls?{parameters}\"\n");
    stage.start(Settings { name, port, further, ..Settings::default() })
}
