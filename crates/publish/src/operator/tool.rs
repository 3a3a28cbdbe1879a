//! One bounded run of a tool of the operator.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::OperatorError;

/// Time for a person to type a passphrase, and for a large list.
const DEADLINE: Duration = Duration::from_mins(5);

/// Most of what is listened to; the rest of a longer answer is read and dropped.
const MAX_OUTPUT_BYTES: u64 = 4 << 20;

/// Runs a tool that must end well, and returns what it wrote.
pub(super) fn run(tool: &Path, arguments: &[&OsStr]) -> Result<Vec<u8>, OperatorError> {
    let answer = ask(tool, arguments)?;
    if answer.is_good {
        return Ok(answer.output);
    }
    let messages = String::from_utf8_lossy(&answer.messages).trim().replace('\n', "; ");
    let messages = starttls_policy::printable(&messages);
    Err(OperatorError::Failed { tool: spelled(tool, arguments), messages })
}

/// What a tool answered.
pub(super) struct Answer {
    pub(super) is_good: bool,
    pub(super) output: Vec<u8>,
    messages: Vec<u8>,
}

/// Runs a tool to its end, whatever its exit code.
pub(super) fn ask(tool: &Path, arguments: &[&OsStr]) -> Result<Answer, OperatorError> {
    let failed = |source| OperatorError::Run { tool: spelled(tool, &[]), source };
    let mut child = Command::new(tool)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let pid = Pid::from_child(&child);
    let (output, messages) = (child.stdout.take(), child.stderr.take());
    let output = thread::spawn(move || heard(output));
    let messages = thread::spawn(move || heard(messages));
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Nobody listens any more after a time-out.
        let _ = sender.send(child.wait());
    });
    let status = match receiver.recv_timeout(DEADLINE) {
        Ok(status) => status.map_err(failed)?,
        Err(RecvTimeoutError::Timeout) => {
            // It may have ended meanwhile, which is as good.
            let _ = kill_process(pid, Signal::KILL);
            return Err(OperatorError::TimedOut {
                tool: spelled(tool, arguments),
                seconds: DEADLINE.as_secs(),
            });
        }
        Err(RecvTimeoutError::Disconnected) => return Err(failed(io::ErrorKind::BrokenPipe.into())),
    };
    let join = |thread: thread::JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
    Ok(Answer { is_good: status.success(), output: join(output), messages: join(messages) })
}

/// The beginning of what a tool writes; the rest is read, so that it does not wait for us.
fn heard(stream: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = stream.by_ref().take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
        let _ = io::copy(&mut stream, &mut io::sink());
    }
    bytes
}

fn spelled(tool: &Path, arguments: &[&OsStr]) -> String {
    let all: Vec<OsString> =
        std::iter::once(tool.as_os_str()).chain(arguments.iter().copied()).map(OsStr::to_owned).collect();
    let words: Vec<_> = all.iter().map(|word| word.to_string_lossy()).collect();
    starttls_policy::printable(&words.join(" "))
}
