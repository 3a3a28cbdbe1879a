//! Bounded runs, on shell scripts that do what no real tool should.

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::fake;

fn with_script(script: &str) -> (TempDir, Commands) {
    let holder = starttls_testkit::world::directory().unwrap();
    fake::script(&holder.path().join("tool"), script);
    let commands = Commands::in_directory(holder.path());
    (holder, commands)
}

fn call() -> Call {
    Call {
        name: "tool",
        arguments: vec!["an argument".into()],
        environment: vec![("MAIL_CONFIG", "/etc/x".into())],
        input: None,
        messages: Messages::Pipe,
        deadline: Duration::from_mins(1),
        max_bytes: 100_000,
    }
}

#[test]
fn a_run_answers_code_output_and_messages() {
    let (_holder, commands) = with_script("echo out \"$1\"; echo err >&2; exit 3");
    let answer = commands.run(call()).unwrap();
    assert_eq!(answer.code, Some(3));
    assert_eq!(answer.output, "out an argument\n");
    assert_eq!(answer.messages, "err\n");
    assert_eq!(
        commands.demand(call()).unwrap_err().to_string(),
        "`tool an argument` ended with exit code 3: err"
    );
}

#[test]
fn the_environment_is_clean() {
    let (_holder, commands) =
        with_script("env | sort | grep -v -e ^PATH= -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD=; pwd");
    assert_eq!(commands.run(call()).unwrap().output, "LC_ALL=C\nMAIL_CONFIG=/etc/x\n/\n");
}

#[test]
fn a_tool_that_hangs_is_killed_with_its_children() {
    let script = "mkfifo \"$1\"; exec 3<>\"$1\"; sleep 1000 & wait";
    let (holder, commands) = with_script(script);
    let held = holder.path().join("held");
    let arguments = vec![held.clone().into()];
    let deadline = Duration::from_millis(500);
    let error = commands.run(Call { arguments, deadline, ..call() }).unwrap_err();
    assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
    // On a machine too slow to have come to it there is nothing to wait for.
    if !held.exists() {
        return;
    }
    let nonblocking = rustix::fs::OFlags::NONBLOCK;
    let mut held =
        File::options().read(true).custom_flags(nonblocking.bits().cast_signed()).open(held).unwrap();
    rustix::fs::fcntl_setfl(&held, rustix::fs::OFlags::empty()).unwrap();
    // Ends as soon as nobody holds it any more: neither the tool nor its child.
    held.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_tool_that_writes_without_end_is_killed() {
    for script in ["yes", "yes >&2"] {
        let (_holder, commands) = with_script(script);
        let error = commands.run(call()).unwrap_err();
        assert!(matches!(error, CommandError::TooMuchOutput { max_bytes: 100_000, .. }), "{error}");
    }
}

#[test]
fn a_daemon_that_keeps_the_pipes_open_is_not_waited_for() {
    let (holder, commands) = with_script("echo begun; sleep 1000 & echo $! > \"${0%/*}/child\"");
    let answer = commands.run(call()).unwrap();
    assert_eq!((answer.code, answer.output.as_str()), (Some(0), "begun\n"));
    let child = fs::read_to_string(holder.path().join("child")).unwrap();
    let pid = rustix::process::Pid::from_raw(child.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn input_comes_from_a_file() {
    let (_holder, commands) = with_script("cat");
    let mut input = tempfile::tempfile().unwrap();
    let text = "key\n".repeat(10_000);
    input.write_all(text.as_bytes()).unwrap();
    input.rewind().unwrap();
    assert_eq!(commands.run(Call { input: Some(input), ..call() }).unwrap().output, text);
}

#[test]
fn some_tools_speak_to_terminals_only() {
    let (_holder, commands) = with_script("if test -t 2; then echo seen >&2; fi; exit 1");
    let error = commands.demand(call()).unwrap_err().to_string();
    assert!(error.ends_with("it said nothing; look into the mail log"), "{error}");
    let answer = commands.run(Call { messages: Messages::Terminal, ..call() }).unwrap();
    assert_eq!(answer.messages, "seen\n");
}

#[test]
fn a_missing_tool_names_where_it_was_looked_for() {
    let commands = Commands::in_directory("/nonexistent");
    let error = commands.run(call()).unwrap_err().to_string();
    assert!(error.contains("no `tool` in `/nonexistent`"), "{error}");
    let (holder, _) = with_script("true");
    fs::set_permissions(holder.path().join("tool"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(Commands::in_directory(holder.path()).find("tool"), None);
    let along = Commands::along(Some(OsStr::new(".:relative:/absolute")));
    let found: Vec<_> = along.search.directories().filter_map(Path::to_str).collect();
    assert_eq!(found.first(), Some(&"/absolute"));
    assert!(found.contains(&"/usr/sbin"));
}
