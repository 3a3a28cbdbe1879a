//! What the sandbox refuses is tried in a process of its own, once without and once with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use starttls_policy::{Domain, Timestamp};

use super::*;
use crate::learned::{DEFAULT_ROW_LIMIT, Learned, LearnedSettings};

/// Says to the test's own process that it is the one to try things, and where.
const PLACE: &str = "STARTTLS_TEST_SANDBOX";
/// Whether it is in the sandbox, and whether programs are run there.
const KIND: &str = "STARTTLS_TEST_SANDBOX_KIND";

/// Whether each attempt was done, by its name.
fn attempts(kind: &str) -> Vec<(String, bool)> {
    let place = tempfile::tempdir().unwrap();
    for directory in ["state", "settings", "elsewhere"] {
        fs::create_dir(place.path().join(directory)).unwrap();
        fs::write(place.path().join(directory).join("file"), "text").unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "operations::sandbox::tests::tries_things", "--ignored", "--nocapture"])
        .env(PLACE, place.path())
        .env(KIND, kind)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines = text.lines().filter_map(|line| line.strip_prefix("attempt: ")?.split_once('='));
    lines.map(|(name, result)| (name.to_owned(), result == "done")).collect()
}

#[test]
#[ignore = "the other end of the tests below, which run it in a process of its own"]
fn tries_things() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let programs = match std::env::var(KIND).unwrap().as_str() {
        "free" => None,
        "held" => Some(Programs::None),
        "old kernel" => {
            without_landlock();
            Some(Programs::None)
        }
        _ => Some(Programs::Run),
    };
    if let Some(programs) = programs {
        let (state, settings) = (place.join("state"), place.join("settings"));
        let enforced = Sandbox { read_write: vec![state], read_only: vec![settings], programs }.enforce();
        say("files held", matches!(enforced.files, FilesHeld::Held { .. }));
        say("calls held", enforced.calls == CallsHeld::Held);
    }
    // In a thread of its own: what is held is held for threads too.
    std::thread::spawn(move || try_all(&place)).join().unwrap();
}

/// As a kernel answers that has no Landlock.
fn without_landlock() {
    let calls = [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_restrict_self];
    let rules = calls.map(|call| (call, Vec::new())).into();
    let target = std::env::consts::ARCH.try_into().unwrap();
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter: BpfProgram =
        SeccompFilter::new(rules, SeccompAction::Allow, unknown, target).unwrap().try_into().unwrap();
    seccompiler::apply_filter(&filter).unwrap();
}

fn say(name: &str, done: bool) {
    // At the beginning of a line, whatever the harness wrote before.
    println!("\nattempt: {name}={}", if done { "done" } else { "refused" });
}

fn try_all(place: &Path) {
    let file = |directory: &str| place.join(directory).join("file");
    say("write state", fs::write(place.join("state/new"), "x").is_ok());
    say("rename state", fs::rename(place.join("state/new"), place.join("state/newer")).is_ok());
    say("remove state", fs::remove_file(place.join("state/newer")).is_ok());
    say("read settings", fs::read(file("settings")).is_ok());
    say("read system", fs::read("/etc/passwd").is_ok() && fs::read("/proc/self/status").is_ok());
    // Nobody knows at the start which directory there will hold the system's resolv.conf.
    say("read run", fs::read_dir("/run").is_ok());
    say("write null", fs::write("/dev/null", "x").is_ok());
    say("talk", std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    say("start thread", std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()));

    say("learn much", learn_much(&place.join("state")));

    say("write settings", fs::write(file("settings"), "x").is_ok());
    say("read elsewhere", fs::read(file("elsewhere")).is_ok());
    say("write elsewhere", fs::write(file("elsewhere"), "x").is_ok());
    say(
        "run program",
        Command::new("/bin/true").stdout(Stdio::null()).status().is_ok_and(|status| status.success()),
    );
    say("open netlink", socket(AddressFamily::NETLINK, SocketType::RAW, None).is_ok());
    #[expect(
        unsafe_code,
        reason = "descriptors are used by nobody else at that moment, and it is the call to be refused"
    )]
    let unshared = unsafe { unshare_unsafe(UnshareFlags::FILES) };
    say("unshare", unshared.is_ok());
    if rustix::process::geteuid().is_root() {
        let target = place.join("elsewhere");
        let mounted = mount(c"none", &target, c"tmpfs", MountFlags::empty(), None).is_ok();
        say("mount", mounted);
        if mounted {
            let _ = unmount(&target, UnmountFlags::DETACH);
        }
    }
}

/// More than a database writes without temporary files.
fn learn_much(state: &Path) -> bool {
    let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
    let settings = LearnedSettings {
        path: state.join("learned.db"),
        shared: None,
        node: "test".into(),
        row_limit: DEFAULT_ROW_LIMIT,
        settled_after: std::time::Duration::ZERO,
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let learned = Learned::open(settings).await;
        if learned.trouble().is_some() {
            return false;
        }
        for number in 0..2_000 {
            let domain = Domain::parse(&format!("d{number}.example")).unwrap();
            learned.keep_dane(&domain, at(1_790_000_000));
        }
        learned.flush().await;
        learned.troubles().failed_writes == 0 && learned.counts(at(1_780_000_000)).await.dane == 2_000
    })
}

fn result(attempts: &[(String, bool)], name: &str) -> Option<bool> {
    attempts.iter().find(|(tried, _)| tried == name).map(|(_, done)| *done)
}

const NEEDED: [&str; 10] = [
    "write state",
    "rename state",
    "remove state",
    "read settings",
    "read system",
    "read run",
    "write null",
    "talk",
    "start thread",
    "learn much",
];
const OF_FILES: [&str; 3] = ["write settings", "read elsewhere", "write elsewhere"];
const OF_CALLS: [&str; 3] = ["open netlink", "unshare", "mount"];

#[test]
fn fault_15_whatever_resolv_conf_leads_to_below_run_can_be_read() {
    assert_eq!(result(&attempts("held"), "read run"), Some(true));
}

#[test]
fn harm_is_possible_without_it() {
    let attempts = attempts("free");
    for name in NEEDED.iter().chain(&OF_FILES).chain(&["run program", "open netlink", "unshare"]) {
        assert_eq!(result(&attempts, name), Some(true), "{name}");
    }
}

#[test]
fn harm_is_refused_and_work_goes_on() {
    let attempts = attempts("held");
    for name in NEEDED {
        assert_eq!(result(&attempts, name), Some(true), "{name}");
    }
    if result(&attempts, "files held") == Some(true) {
        for name in OF_FILES {
            assert_eq!(result(&attempts, name), Some(false), "{name}");
        }
    } else {
        eprintln!("SKIPPED: this kernel does not let us hold files");
    }
    if result(&attempts, "calls held") == Some(true) {
        for name in OF_CALLS.iter().chain(&["run program"]) {
            assert_ne!(result(&attempts, name), Some(true), "{name}");
        }
    } else {
        eprintln!("SKIPPED: this kernel does not let us hold system calls");
    }
}

#[test]
fn kernel_without_landlock_is_told_and_the_rest_held() {
    let attempts = attempts("old kernel");
    assert_eq!(result(&attempts, "files held"), Some(false));
    assert_eq!(result(&attempts, "calls held"), Some(true));
    assert_eq!(result(&attempts, "write elsewhere"), Some(true));
    assert_eq!(result(&attempts, "run program"), Some(false));
}

#[test]
fn programs_are_run_where_they_are_needed_and_held_too() {
    let attempts = attempts("programs");
    assert_eq!(result(&attempts, "run program"), Some(true));
    if result(&attempts, "calls held") == Some(true) {
        for name in OF_CALLS {
            assert_ne!(result(&attempts, name), Some(true), "{name}");
        }
    }
}

#[test]
fn what_is_held_is_told_in_words() {
    let whole = Enforced {
        files: FilesHeld::Held { degree: Degree::Whole, abi: 6, other_threads: 0 },
        calls: CallsHeld::Held,
        missing: Vec::new(),
    };
    assert!(whole.is_whole());
    assert_eq!(
        whole.to_string(),
        "files held by Landlock (ABI 6 of the kernel, 6 known); system calls held by seccomp"
    );
    let part = Enforced {
        files: FilesHeld::Held { degree: Degree::Part, abi: 2, other_threads: 2 },
        calls: CallsHeld::Free { why: "unknown architecture".into() },
        missing: vec!["/srv/lists".into()],
    };
    assert!(!part.is_whole());
    assert_eq!(
        part.to_string(),
        "files held by Landlock (ABI 2 of the kernel, 6 known), but for what this kernel cannot hold: truncating files, ioctl on \
         devices, signals and abstract Unix sockets, but for 2 threads that were there before; system calls not held: \
         unknown architecture; `/srv/lists` is not there and stays out of reach"
    );
    let none = FilesHeld::Free { why: "this kernel has no Landlock, or has it switched off".into() };
    assert_eq!(none.to_string(), "files not held: this kernel has no Landlock, or has it switched off");
}
