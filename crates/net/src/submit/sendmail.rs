//! The `sendmail` command, which every mail server for Unix brings along.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use std::{ffi::OsStr, io};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::{Mail, SubmitError};

/// The command of the local mail server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sendmail {
    /// Where it is.
    pub program: PathBuf,
    /// How long it may take; it is killed then.
    pub deadline: Duration,
}

impl Default for Sendmail {
    fn default() -> Self {
        // Where all of them put it; queueing one mail takes a moment, half a minute under heavy load.
        Self { program: "/usr/sbin/sendmail".into(), deadline: Duration::from_secs(30) }
    }
}

impl Sendmail {
    pub(super) async fn submit(&self, mail: &Mail) -> Result<(), SubmitError> {
        let run = timeout(self.deadline, self.run(mail)).await;
        let status = run.map_err(|_| SubmitError::DeadlinePassed { deadline: self.deadline })?;
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                Err(SubmitError::CommandFailed { program: self.program.clone(), code: status.code() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(SubmitError::NoCommand { program: self.program.clone() })
            }
            Err(source) => Err(SubmitError::Run { program: self.program.clone(), source }),
        }
    }

    async fn run(&self, mail: &Mail) -> io::Result<ExitStatus> {
        let mut child = Command::new(&self.program)
            // A line with one dot is no end; recipients are named here and not read from the headers: some servers take
            // both together for "all but these".
            .args(["-oi", "-f", mail.from().as_str(), "--"])
            .args(mail.to().iter().map(|address| OsStr::new(address.as_str())))
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(Stdio::piped())
            // What it says may hold addresses.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(&mail.text_with_lf()).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        let status = child.wait().await?;
        // One that ends early says why by its exit code; one that says all is well has not read all.
        if status.success() { written.map(|()| status) } else { Ok(status) }
    }
}

/// What an exit code means to mail servers.
pub(super) fn ending(code: Option<i32>) -> String {
    let Some(code) = code else { return "killed by a signal".to_owned() };
    let meaning = match code {
        64 => ": wrong usage",
        65 => ": bad data",
        67 => ": no such recipient",
        68 => ": no such host",
        69 => ": service not available",
        71 => ": system error",
        75 => ": try again later",
        77 => ": not permitted",
        78 => ": the mail server is not configured",
        _ => "",
    };
    format!("exit code {code}{meaning}")
}
