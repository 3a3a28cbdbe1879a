//! The `sendmail` command, which every mail server for Unix brings along.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use starttls_host::program::{self, Bounds, Call, Environment, Group, Input, Messages, Output, Stopped};

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
        let (command, text) = (self.clone(), mail.text_with_lf());
        // A line with one dot is no end; recipients are named here and not read from the headers: some servers take both
        // together for "all but these".
        let mut arguments: Vec<OsString> = ["-oi", "-f", mail.from().as_str(), "--"].map(Into::into).into();
        arguments.extend(mail.to().iter().map(|address| address.as_str().into()));
        let run = tokio::task::spawn_blocking(move || command.run(&arguments, &text)).await;
        run.unwrap_or_else(|_| Err(Stopped::Io(io::ErrorKind::Other.into())))
            .map_err(|stopped| {
                let program = self.program.clone();
                match stopped {
                    Stopped::TimedOut(deadline) => SubmitError::DeadlinePassed { deadline },
                    Stopped::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                        SubmitError::NoCommand { program }
                    }
                    Stopped::Io(source) => SubmitError::Run { program, source },
                    other => SubmitError::Run { program, source: io::Error::other(other.to_string()) },
                }
            })
            .and_then(|status| {
                if status.success() {
                    return Ok(());
                }
                Err(SubmitError::CommandFailed { program: self.program.clone(), code: status.code() })
            })
    }

    fn run(&self, arguments: &[OsString], text: &[u8]) -> Result<ExitStatus, Stopped> {
        let call = Call {
            program: &self.program,
            arguments,
            environment: Environment::Only(&[
                ("LC_ALL", "C".into()),
                ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ]),
            directory: Path::new("/"),
            input: Input::Bytes(text),
            // Both may hold addresses.
            output: Output::Discarded,
            messages: Messages::Discarded,
            group: Group::Own,
        };
        let bounds =
            Bounds { deadline: self.deadline, max_output_bytes: 0, max_message_bytes: 0, watch: None };
        let ended = program::run(call, &bounds)?;
        // One that ends early says why by its exit code; one that says all is well has not read all.
        if ended.status.success() && !ended.took_input {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        Ok(ended.status)
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
