//! One run of a tool of the operator, within limits.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

use starttls_host::program::{
    self, Bounds, Call, Ended, Environment, Group, Input, Messages, Output, Stopped,
};

use super::OperatorError;

/// Time for a person to type a passphrase, and for a large list.
const DEADLINE: Duration = Duration::from_mins(5);

/// More than a list, its signature or a certificate.
const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// More than any message.
const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// Runs a tool that must succeed, and returns what it wrote.
pub(super) fn run(tool: &Path, arguments: &[&OsStr]) -> Result<Vec<u8>, OperatorError> {
    let finished = try_run(tool, arguments)?;
    if finished.status.success() {
        return Ok(finished.output);
    }
    let messages = String::from_utf8_lossy(&finished.messages).trim().replace('\n', "; ");
    let messages = starttls_policy::printable(&messages);
    Err(OperatorError::Failed { tool: command_line(tool, arguments), messages })
}

/// Runs a tool to its end, whatever its exit code. It keeps the terminal and the environment: it may ask for a passphrase.
pub(super) fn try_run(tool: &Path, arguments: &[&OsStr]) -> Result<Ended, OperatorError> {
    let owned: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let call = Call {
        program: tool,
        arguments: &owned,
        environment: Environment::Inherited(&[("LC_ALL", "C".into())]),
        directory: Path::new("."),
        input: Input::Nothing,
        output: Output::Read,
        messages: Messages::Pipe,
        group: Group::Shared,
    };
    let bounds = Bounds {
        deadline: DEADLINE,
        max_output_bytes: MAX_OUTPUT_BYTES,
        max_message_bytes: MAX_MESSAGE_BYTES,
        watch: None,
    };
    program::run(call, &bounds).map_err(|stopped| match stopped {
        Stopped::TimedOut(deadline) => {
            OperatorError::TimedOut { tool: command_line(tool, arguments), seconds: deadline.as_secs() }
        }
        Stopped::Io(source) => OperatorError::Run { tool: command_line(tool, &[]), source },
        other => {
            OperatorError::Run { tool: command_line(tool, &[]), source: io::Error::other(other.to_string()) }
        }
    })
}

/// A tool and its arguments, for messages.
fn command_line(tool: &Path, arguments: &[&OsStr]) -> String {
    let words: Vec<_> = std::iter::once(tool.as_os_str())
        .chain(arguments.iter().copied())
        .map(OsStr::to_string_lossy)
        .collect();
    starttls_policy::printable(&words.join(" "))
}
