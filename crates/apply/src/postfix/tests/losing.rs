//! Withdrawal is the last guard: whichever file of ours is lost, damaged or elsewhere, it does its work, or ends with our
//! table out of main.cf or emptied, or says what it could not do and how to put that right.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::emptying::{block_main_cf, has_no_lines};
use super::server::Server;
use super::withdrawing::{activate_recorded, at, with_header};
use super::*;
use crate::Generations;
use crate::validity::{ActivationState, State};

/// The end of one run of withdrawal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Nothing was due, and everything stays.
    Quiet,
    /// main.cf names our table no more.
    TakenOut,
    /// main.cf names our table, which has no lines.
    Emptied,
    /// An error, and everything stays.
    Error,
}

use End::{Emptied, Error, Quiet, TakenOut};

/// What happens to the files of an activation.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost(&'static [&'static str]),
    Damaged(&'static str),
    /// `current` leads to a directory of others, with a table or without.
    ElsewhereWithTable,
    ElsewhereWithout,
    /// `current` was copied as a directory.
    CurrentIsDirectory,
    /// A file stands where a new generation is written.
    DraftIsFile,
}

use Fault::{CurrentIsDirectory, Damaged, DraftIsFile, ElsewhereWithTable, ElsewhereWithout, Lost};

/// Each fault, and how a run ends before something expires, after everything did, and after that where main.cf cannot be
/// written.
const CASES: [(Fault, [End; 3]); 24] = [
    (Lost(&["current/.validity.json"]), [Error, TakenOut, Emptied]),
    (Lost(&["current/.expiries"]), [Quiet, TakenOut, Emptied]),
    (Lost(&["state.json"]), [Quiet, TakenOut, Emptied]),
    (Lost(&["validity-seen.json"]), [Quiet, TakenOut, Emptied]),
    (Lost(&["activation"]), [Quiet, TakenOut, Emptied]),
    (Lost(&[".starttls-output"]), [Quiet, TakenOut, Emptied]),
    (Lost(&["current/.validity.json", "validity-seen.json"]), [Error, Error, Error]),
    (
        Lost(&["current/.validity.json", "validity-seen.json", "state.json", "activation"]),
        [Error, Error, Error],
    ),
    (Lost(&["current/tls_policy"]), [TakenOut, TakenOut, Emptied]),
    (Lost(&["current"]), [TakenOut, TakenOut, Emptied]),
    (Lost(&["generations"]), [TakenOut, TakenOut, Emptied]),
    (Lost(&["generations", ".starttls-output"]), [TakenOut, TakenOut, Emptied]),
    (
        Lost(&["activation", "current", "generations", "state.json", "validity-seen.json"]),
        [TakenOut, TakenOut, Emptied],
    ),
    (Lost(&[""]), [TakenOut, TakenOut, Emptied]),
    (Damaged("current/.validity.json"), [Error, TakenOut, Emptied]),
    (Damaged("current/.expiries"), [Quiet, TakenOut, Emptied]),
    (Damaged("state.json"), [Quiet, TakenOut, Emptied]),
    (Damaged("validity-seen.json"), [Quiet, TakenOut, Emptied]),
    (Damaged("activation"), [Quiet, TakenOut, Emptied]),
    (Damaged(".starttls-output"), [Quiet, TakenOut, Emptied]),
    (ElsewhereWithTable, [Error, TakenOut, Emptied]),
    (ElsewhereWithout, [TakenOut, TakenOut, Emptied]),
    (CurrentIsDirectory, [Quiet, TakenOut, Emptied]),
    (DraftIsFile, [Quiet, TakenOut, Emptied]),
];

impl Fault {
    fn happen(self, server: &Server) {
        let root = &server.root;
        let relink = |to: &Path| {
            fs::remove_file(root.join("current")).unwrap();
            symlink(to, root.join("current")).unwrap();
        };
        match self {
            Lost(names) => names.iter().for_each(|name| remove(&root.join(name))),
            Damaged(name) => fs::write(root.join(name), "garbage").unwrap(),
            ElsewhereWithTable | ElsewhereWithout => {
                let elsewhere = server.home().join("elsewhere");
                fs::create_dir(&elsewhere).unwrap();
                if matches!(self, ElsewhereWithTable) {
                    fs::write(elsewhere.join("tls_policy"), THEIRS).unwrap();
                }
                relink(&elsewhere);
            }
            CurrentIsDirectory => {
                let real = root.join("current").canonicalize().unwrap();
                fs::remove_file(root.join("current")).unwrap();
                fs::rename(real, root.join("current")).unwrap();
            }
            DraftIsFile => fs::write(root.join("generations/draft"), "").unwrap(),
        }
    }
}

const THEIRS: &str = "theirs.test encrypt\n";

fn remove(path: &Path) {
    // The path of the output directory itself ends in a slash here.
    let path: std::path::PathBuf = path.components().collect();
    if fs::symlink_metadata(&path).unwrap().is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

/// A server whose policy expires on the 20th, and whose withdrawal timer has not run yet.
fn activated() -> Server {
    let server = Server::new();
    let generations = server.generations();
    activate_recorded(&server, &generations);
    with_header(&server);
    server
}

/// One run, as the command makes it.
fn run(server: &Server, day: u32) -> Result<Withdrawal, WithdrawError> {
    check_output(&server.root, &server.instance)?;
    let generations = Generations::open(&server.root).unwrap();
    withdraw(&generations, &server.instance, at(day))
}

/// How a run ended, by what is left; errors in words.
fn end_of(server: &Server, result: &Result<Withdrawal, WithdrawError>) -> End {
    let is_named = server.main_cf().contains("/current/");
    match result {
        Ok(_) if !is_named => TakenOut,
        Ok(Withdrawal::NothingExpired) => Quiet,
        Ok(Withdrawal::Emptied { .. } | Withdrawal::WasMissing(_)) if has_no_lines(server) => Emptied,
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            let words = starttls_policy::with_causes(error);
            assert!(words.contains("; run `starttls ") || words.contains("; move "), "no cure: {words}");
            Error
        }
    }
}

#[test]
fn fault_2_and_3_withdrawal_does_its_work_whichever_file_is_lost_damaged_or_elsewhere() {
    let mut wrong = Vec::new();
    for (fault, ends) in CASES {
        for (what, day, is_blocked, expected) in [
            ("before", 2, false, ends[0]),
            ("after", 21, false, ends[1]),
            ("after, main.cf not writable", 21, true, ends[2]),
        ] {
            let server = activated();
            let own = server
                .main_cf()
                .replace(&format!(", texthash:{}/current/tls_policy", server.root.display()), "");
            fault.happen(&server);
            if is_blocked {
                block_main_cf(&server);
            }
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let result = run(&server, day);
                (end_of(&server, &result), result)
            }));
            match result {
                Ok((end, _)) if end == expected => {}
                Ok((end, result)) => {
                    wrong.push(format!("{fault:?} {what}: {end:?} for {expected:?}: {result:?}"));
                }
                Err(_) => wrong.push(format!("{fault:?} {what}: panic")),
            }
            if expected == TakenOut && server.main_cf() != own {
                wrong.push(format!("{fault:?} {what}: {}", server.main_cf()));
            }
            let theirs = server.home().join("elsewhere/tls_policy");
            assert!(!theirs.exists() || fs::read_to_string(theirs).unwrap() == THEIRS, "{fault:?} {what}");
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn fault_3_a_mistyped_directory_is_an_error_and_is_not_made() {
    let server = activated();
    for name in ["mistyped", "above/mistyped", "empty"] {
        let path = server.home().join(name);
        if name == "empty" {
            fs::create_dir(&path).unwrap();
        }
        let error = check_output(&path, &server.instance).unwrap_err();
        assert!(matches!(error, WithdrawError::NoActivation { .. }), "{name}: {error:?}");
        assert_eq!(path.exists(), name == "empty", "{name}");
        assert!(name != "empty" || fs::read_dir(path).unwrap().next().is_none());
    }
}

#[test]
fn fault_3_after_a_deactivation_the_timer_stays_quiet_and_no_copy_of_the_record_is_left() {
    let server = activated();
    run(&server, 2).unwrap();
    let generations = server.generations();
    ActivationState::new(State::Deactivated, at(2)).write(&generations).unwrap();
    server.deactivate(&generations).unwrap();
    drop(generations);
    assert!(!server.root.join("validity-seen.json").exists());
    let before = server.main_cf();
    for tools in ["work", "are gone"] {
        if tools == "are gone" {
            fs::remove_dir_all(server.home().join("tools")).unwrap();
        }
        for day in [3, 21] {
            let result = run(&server, day);
            assert!(matches!(result, Ok(Withdrawal::NothingExpired | Withdrawal::NotInForce)), "{result:?}");
        }
    }
    assert_eq!(server.main_cf(), before);
}

#[test]
fn fault_3_a_main_cf_that_names_a_deactivated_table_again_stops_no_mail() {
    let server = activated();
    let active = server.main_cf();
    let generations = server.generations();
    server.deactivate(&generations).unwrap();
    ActivationState::new(State::Deactivated, at(2)).write(&generations).unwrap();
    drop(generations);
    let before = server.main_cf();
    fs::write(server.config.join("main.cf"), active).unwrap();
    run(&server, 3).unwrap();
    assert_eq!(server.main_cf(), before);
    let state = ActivationState::read(&server.root).unwrap().unwrap();
    assert_eq!(state.state, State::Deactivated, "an update does not bring it back");
}

#[test]
fn fault_2_the_copy_of_the_record_follows_what_is_in_force() {
    use crate::validity::Validity;
    let server = activated();
    let copy = || Validity::copy(&server.root).unwrap();
    assert_eq!(copy(), Validity::read(&server.root).unwrap());
    assert!(copy().is_some(), "written by activation itself");
    let generations = server.generations();
    // An activation that fails leaves the copy of what is in force.
    let before = copy();
    server.flag("reload-fails");
    assert!(server.activate(&generations, "two").is_err());
    assert_eq!((copy(), Validity::read(&server.root).unwrap()), (before.clone(), before));
}

#[test]
fn fault_5_an_emptied_table_leaves_main_cf_once_that_can_be_written() {
    let server = activated();
    let own =
        server.main_cf().replace(&format!(", texthash:{}/current/tls_policy", server.root.display()), "");
    block_main_cf(&server);
    for day in [21, 22] {
        let result = run(&server, day).unwrap();
        let Withdrawal::Emptied { cause, .. } = &result else { panic!("{result:?}") };
        assert!(
            cause.contains("directory (os error 21)") || cause.contains("os error"),
            "no reason: {cause}"
        );
    }
    fs::remove_dir(server.config.join("main.cf.starttls-new")).unwrap();
    assert!(matches!(run(&server, 23), Ok(Withdrawal::TakenOut { .. })));
    assert_eq!(server.main_cf(), own);
}
