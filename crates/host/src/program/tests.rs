//! Bounded runs, on shell scripts that do what no real program should.

use std::ffi::OsStr;

use super::*;

fn shell(script: &str, deadline: Duration, watch: &dyn Fn() -> Option<String>) -> Result<Ended, Stopped> {
    let bounds = Bounds { deadline, max_output_bytes: 100, max_message_bytes: 1_000, watch: Some(watch) };
    let call = Call {
        program: Path::new("/bin/sh"),
        arguments: &["-c".into(), script.into()],
        environment: &[("PATH", "/usr/bin:/bin".into())],
        input: None,
        messages: Messages::Pipe,
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
