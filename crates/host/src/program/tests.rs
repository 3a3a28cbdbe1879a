//! Bounded runs, on shell scripts that do what no real program should.

use std::ffi::OsStr;

use super::*;

fn shell(script: &str, deadline: Duration, watch: &dyn Fn() -> Option<String>) -> Result<Ended, Stopped> {
    let bounds = Bounds { deadline, max_output_bytes: 100, max_message_bytes: 1_000, watch: Some(watch) };
    let call = Call {
        program: Path::new("/bin/sh"),
        arguments: &["-c".into(), script.into()],
        environment: Environment::Only(&[("PATH", "/usr/bin:/bin".into())]),
        directory: Path::new("/"),
        input: Input::Nothing,
        output: Output::Read,
        messages: Messages::Pipe,
        group: Group::Own,
    };
    run(call, &bounds)
}

const LONG: Duration = Duration::from_mins(1);

#[test]
fn what_a_tool_says_and_how_it_ends_is_told() {
    let ended = shell("echo out; echo err >&2; exit 3", LONG, &|| None).unwrap();
    assert_eq!(
        (ended.status.code(), ended.output, ended.messages),
        (Some(3), b"out\n".into(), b"err\n".into())
    );
}

#[test]
fn a_tool_without_end_is_killed_with_all_that_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("child");
    // The child would hold our pipes open.
    let script = format!("sleep 600 & echo $! > '{}'; wait", file.display());
    let stopped = shell(&script, Duration::from_millis(500), &|| None).unwrap_err();
    assert!(matches!(stopped, Stopped::TimedOut(_)), "{stopped}");
    let child = std::fs::read_to_string(file).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    // It was sent the signal; when it dies of it is up to the system.
    let give_up_at = Instant::now() + LONG;
    while !state().is_empty() && !state().contains(") Z ") {
        assert!(Instant::now() < give_up_at, "{}", state());
        std::thread::yield_now();
    }
}

#[test]
fn too_much_output_and_a_watch_that_objects_end_it() {
    let flood = shell("while :; do echo 0123456789; done", LONG, &|| None).unwrap_err();
    assert!(matches!(flood, Stopped::TooMuchOutput(100)), "{flood}");
    let watched = shell("sleep 600", LONG, &|| Some("too large".into())).unwrap_err();
    assert!(matches!(watched, Stopped::Watch(_)), "{watched}");
}

#[test]
fn nothing_of_our_environment_is_handed_on() {
    let ended = shell("echo \"${HOME-none} ${CARGO_PKG_NAME-none}\"", LONG, &|| None).unwrap();
    assert_eq!(ended.output, b"none none\n");
}

#[test]
fn relative_directories_of_a_search_path_do_not_count() {
    let along = SearchPath::along(Some(OsStr::new(".:relative:/absolute")), &["/usr/sbin"]);
    assert_eq!(along.directories().collect::<Vec<_>>(), [Path::new("/absolute"), Path::new("/usr/sbin")]);
    assert_eq!(along.variable(&["/sbin"]), "/absolute:/usr/sbin:/sbin");
    assert_eq!(SearchPath::of("/a:b").variable(&["/bin", "/sbin"]), "/bin:/sbin");
    assert_eq!(SearchPath::default().find("sh"), None);
}

#[test]
fn programs_of_the_operator_see_the_environment_and_the_directory_of_this_process() {
    let directory = tempfile::tempdir().unwrap();
    let call = Call {
        program: Path::new("/bin/sh"),
        arguments: &["-c".into(), "cat; pwd; echo $ADDED; test -n \"$PATH\" && echo path".into()],
        environment: Environment::Inherited(&[("ADDED", "more".into())]),
        directory: directory.path(),
        input: Input::Bytes(b"text\n"),
        output: Output::Read,
        messages: Messages::Discarded,
        group: Group::Shared,
    };
    let bounds = Bounds { deadline: LONG, max_output_bytes: 1_000, max_message_bytes: 0, watch: None };
    let output = String::from_utf8(run(call, &bounds).unwrap().output).unwrap();
    let directory = directory.path().canonicalize().unwrap();
    assert_eq!(output, format!("text\n{}\nmore\npath\n", directory.display()));
}

#[test]
fn input_that_a_program_does_not_take_holds_nobody_up_and_is_told() {
    let bytes = vec![b'x'; 1 << 20];
    let took_input = |script: &str| {
        let call = Call {
            program: Path::new("/bin/sh"),
            arguments: &["-c".into(), script.into()],
            environment: Environment::Inherited(&[]),
            directory: Path::new("/"),
            input: Input::Bytes(&bytes),
            output: Output::Discarded,
            messages: Messages::Discarded,
            group: Group::Own,
        };
        let bounds = Bounds { deadline: LONG, max_output_bytes: 0, max_message_bytes: 0, watch: None };
        let ended = run(call, &bounds).unwrap();
        assert!(ended.status.success() && ended.output.is_empty());
        ended.took_input
    };
    assert!(took_input("cat"));
    assert!(!took_input("true"));
    assert!(!took_input("exec 0<&-; true"));
}
