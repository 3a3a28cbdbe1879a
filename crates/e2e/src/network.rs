//! The sealed network: a process of its own that sees no interface but its own loopback.
//!
//! Network, mounts and processes live in namespaces that end with the test, however it ends: each process asks the
//! kernel to be killed with its parent, and the death of a namespace's first process takes all others along.

use std::env;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::site::Site;

/// Where the unpacked servers are; set by `./test`. Without it no end-to-end test can run.
const TREES: &str = "STARTTLS_E2E_TREES";

/// Tells the inner process where its site is, and that it is the inner one.
const SITE: &str = "STARTTLS_E2E_SITE";

/// When set, the directory of a run stays, for somebody to look at.
const KEEP: &str = "STARTTLS_E2E_KEEP";

/// Reaps the orphans that daemons leave, and passes on the result of the only program that counts.
const FIRST_PROCESS: &str = r#""$@"; exit "$?""#;

/// Runs `body` inside a sealed network.
///
/// `test` is the full name of the calling test: the test binary is started again, in new namespaces, to run that test alone.
///
/// # Errors
/// When namespaces cannot be made, or when `body` fails.
pub fn sealed(test: &str, body: impl FnOnce(&Path, Site) -> Result<()>) -> Result<()> {
    let trees =
        PathBuf::from(env::var_os(TREES).with_context(|| format!("{TREES} is not set: run `./test e2e`"))?);
    match env::var_os(SITE) {
        Some(site) => {
            run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
            body(&trees, Site::at(Path::new(&site)))
        }
        None => start_again(test, &trees),
    }
}

fn start_again(test: &str, trees: &Path) -> Result<()> {
    let runs = trees.parent().context("the trees have no parent directory")?.join("run");
    let mut directory = Site::directory(&runs)?;
    directory.disable_cleanup(env::var_os(KEEP).is_some());
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private", "sh", "-c", FIRST_PROCESS, "sh"])
        .arg(env::current_exe()?)
        .args(["--quiet", "--exact", test, "--include-ignored", "--nocapture", "--test-threads", "1"])
        .env(SITE, directory.path())
        .stdin(Stdio::null())
        .status()
        .context("`setpriv` and `unshare` (package util-linux)")?;
    ensure!(status.success(), "the sealed test ended with {status}");
    Ok(())
}

/// Gives the loopback interface one more address, so that a server may call it its own.
///
/// # Errors
/// When `ip` refuses.
pub fn add_address(address: Ipv4Addr) -> Result<()> {
    run(Command::new("ip").args(["address", "add", &format!("{address}/8"), "dev", "lo"]))
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started, or says that it went wrong; the error holds what it printed.
pub fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Runs a command to its end and returns what it wrote to standard output.
///
/// # Errors
/// As [`run`].
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?}: {}\n{words}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(words)
}
