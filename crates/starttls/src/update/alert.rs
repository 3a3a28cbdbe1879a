//! Telling people: on stderr, to a command of the operator's, by mail; the same trouble once a day.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use starttls_apply::validity::Alert;
use starttls_host::program::{self, Bounds, Call, Environment, Group, Input, Messages, Output};
use starttls_net::roots::Roots;
use starttls_net::submit::{Address, Mail, Route, Sendmail, Smtp, Stamp};
use starttls_policy::{Finding, Severity, Timestamp};

use super::message::Message;
use super::repetition::{Memory, Told};
use crate::settings::Submission;
use crate::settings::value::Word as _;

/// A pager's script that takes longer hangs.
const COMMAND_DEADLINE: Duration = Duration::from_mins(1);

/// Tells what is worth telling; nothing when all is well, or when the same was told within a day.
///
/// What cannot be told one way is said on stderr.
pub(crate) fn tell(
    findings: &[Finding],
    stands: &[String],
    alert: &Alert,
    memory: &impl Memory,
    now: Timestamp,
) {
    let worth_it: Vec<Finding> =
        findings.iter().filter(|finding| finding.severity >= Severity::Warning).cloned().collect();
    let (before, told) = (Told::read(memory), Told::of(&worth_it, now));
    if told.is_empty() {
        if !before.is_empty() {
            told.write(memory);
        }
        return;
    }
    let is_news = before.is_news(&told);
    if !is_news && !std::io::stderr().is_terminal() {
        return;
    }
    let message = Message::new(&host(), &worth_it, stands, now);
    anstream::eprint!("{}", message.text());
    if is_news {
        for failure in send(&message, alert) {
            anstream::eprintln!("this could not be told otherwise: {failure:#}");
        }
        told.write(memory);
    }
}

/// Sends a message every way that the operator named; answers what went wrong.
fn send(message: &Message, alert: &Alert) -> Vec<anyhow::Error> {
    let by_command = alert.command.as_ref().map(|words| to_command(words, message));
    let by_mail = alert.mail.as_ref().map(|to| by_mail(to, message, alert));
    by_command.into_iter().chain(by_mail).filter_map(Result::err).collect()
}

/// Hands the message to a program's standard input; no shell is between.
fn to_command(words: &[String], message: &Message) -> anyhow::Result<()> {
    let (program_name, arguments) =
        words.split_first().ok_or_else(|| anyhow::anyhow!("`alert-command` is empty"))?;
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let text = message.text();
    let call = Call {
        program: Path::new(program_name),
        arguments: &arguments,
        environment: Environment::Inherited(&[]),
        directory: Path::new("."),
        input: Input::Bytes(text.as_bytes()),
        output: Output::Discarded,
        messages: Messages::Inherited,
        group: Group::Own,
    };
    let bounds =
        Bounds { deadline: COMMAND_DEADLINE, max_output_bytes: 0, max_message_bytes: 0, watch: None };
    let ended = program::run(call, &bounds)
        .map_err(|error| anyhow::anyhow!("`alert-command`: cannot run {program_name}: {error}"))?;
    anyhow::ensure!(ended.status.success(), "`alert-command`: {program_name} ended with {}", ended.status);
    Ok(())
}

fn by_mail(to: &str, message: &Message, alert: &Alert) -> anyhow::Result<()> {
    let from = alert.mail_from.clone().unwrap_or_else(|| format!("root@{}", host()));
    let address = |text: &str| -> anyhow::Result<Address> {
        let whole = if text.contains('@') { text.to_owned() } else { format!("{text}@localhost") };
        Ok(whole.parse()?)
    };
    let token = (u128::from(fastrand::u64(..)) << 64) | u128::from(fastrand::u64(..));
    let stamp = Stamp { date: SystemTime::now(), token };
    let mail = Mail::new(address(&from)?, vec![address(to)?], &message.subject, &message.body, stamp)?;
    let submission = alert.submission.as_deref().map_or(Ok(Submission::Sendmail), Submission::from_word);
    let route = match submission.map_err(anyhow::Error::msg)? {
        Submission::Sendmail => Route::Sendmail(Sendmail::default()),
        Submission::Server { host, port } => {
            let roots = match &alert.ca_file {
                Some(file) => Roots::SystemAnd(vec![file.clone()]),
                None => Roots::System,
            };
            Route::Smtp(Smtp { host, port, roots, ..Smtp::default() })
        }
    };
    Ok(route.submit(&mail)?)
}

/// What this machine is called.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let name: String = name.chars().filter(|c| is_plain(*c)).collect();
    if name.is_empty() { "localhost".into() } else { name }
}
