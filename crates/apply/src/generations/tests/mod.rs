//! Generations: old or new, never half.

mod cut_short;
mod entering;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use starttls_mta::Output as _;
use tempfile::TempDir;

use super::*;

/// A directory that an operator might name, and what holds it.
fn output() -> (TempDir, PathBuf) {
    let holder = starttls_testkit::world::directory().unwrap();
    let path = holder.path().canonicalize().unwrap().join("out");
    (holder, path)
}

/// Accepts every file.
#[expect(clippy::unnecessary_wraps, reason = "has the shape of a check")]
fn accept(_: &str, _: &Path) -> Result<(), Rejected> {
    Ok(())
}

/// Writes and publishes two files whose every line says `word`.
fn publish(generations: &Generations, word: &str, lines: usize) -> Result<Published, String> {
    let text = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        if let Some(source) = error.source() {
            let _ = write!(text, ": {source}");
        }
        text
    };
    let mut draft = generations.draft().map_err(|error| text(&error))?;
    for line in 0..lines {
        // An error is remembered, and answered by `check`.
        let _ = draft.append("table", &format!("{word} {line}\n"));
        let _ = draft.append("anchors/one.pem", &format!("{word} {line}\n"));
    }
    draft.check(&mut accept).map_err(|error| text(&error))?.publish().map_err(|error| text(&error))
}

/// The word in force, after looking whether both files are whole.
fn in_force(root: &Path, lines: usize) -> Option<String> {
    current(root).unwrap()?;
    let read = |name: &str| fs::read_to_string(root.join(CURRENT).join(name)).unwrap();
    let table = read("table");
    assert_eq!(table, read("anchors/one.pem"));
    assert_eq!(table.lines().count(), lines, "half a generation is in force");
    let word = table.split(' ').next().unwrap().to_owned();
    assert!(table.lines().all(|line| line.starts_with(&word)));
    Some(word)
}

fn generations_kept(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root.join(FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

mod publishing {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn swaps_and_keeps_exactly_one_generation_before() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        assert_eq!(in_force(&root, 3), None);
        for (number, word) in [(1, "one"), (2, "two"), (3, "three"), (4, "four")] {
            let published = publish(&generations, word, 3).unwrap();
            assert_eq!(published.number, number);
            assert_eq!(published.previous, (number > 1).then(|| number - 1));
            assert!(published.untidy.is_none());
            assert_eq!(in_force(&root, 3).as_deref(), Some(word));
        }
        assert_eq!(generations_kept(&root), ["0003", "0004"]);
    }

    #[test]
    fn leaves_modes_a_mail_server_can_read() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        publish(&generations, "word", 1).unwrap();
        let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o7777;
        for directory in ["", "generations", "current/", "current/anchors"] {
            assert_eq!(mode(directory), 0o755, "{directory}");
        }
        for file in ["current/table", "current/anchors/one.pem"] {
            assert_eq!(mode(file), 0o644, "{file}");
        }
    }

    #[test]
    fn holds_more_files_than_may_be_open() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        let mut draft = generations.draft().unwrap();
        for round in ["a", "b"] {
            for file in 0..100 {
                draft.append(&format!("anchors/{file}.pem"), round).unwrap();
            }
        }
        assert!(draft.open <= 16);
        draft.check(&mut accept).unwrap().publish().unwrap();
        for file in 0..100 {
            assert_eq!(fs::read_to_string(root.join(format!("current/anchors/{file}.pem"))).unwrap(), "ab");
        }
    }

    #[test]
    fn keeps_what_a_check_built_beside_a_file() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        let mut draft = generations.draft().unwrap();
        draft.append("table", "x\n").unwrap();
        let mut seen = Vec::new();
        let ready = draft
            .check(&mut |name, path| {
                seen.push(name.to_owned());
                fs::write(path.with_extension("db"), "built").unwrap();
                Ok(())
            })
            .unwrap();
        assert_eq!(ready.files(), ["table"]);
        ready.publish().unwrap();
        assert_eq!(seen, ["table"]);
        assert_eq!(fs::read_to_string(root.join("current/table.db")).unwrap(), "built");
    }
}

mod refusals {
    use super::*;

    #[test]
    fn of_a_check_leave_what_was_in_force() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        publish(&generations, "old", 2).unwrap();
        let mut draft = generations.draft().unwrap();
        draft.append("table", "bad\n").unwrap();
        let rejected =
            Rejected { file: "table".into(), line: Some(1), reason: "`bad` is no policy line".into() };
        let error = draft.check(&mut |_, _| Err(rejected.clone())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the new files were not put in force, what was in force still is: \
             `table` line 1: `bad` is no policy line"
        );
        assert_eq!(generations_kept(&root), ["0001"]);
        assert_eq!(in_force(&root, 2).as_deref(), Some("old"));
    }

    #[test]
    fn fault_5_of_a_directory_name_it() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        fs::write(root.join(FOLDER), "").unwrap();
        let error = generations.draft().unwrap_err().to_string();
        assert!(error.contains("cannot write `generations"), "{error}");
    }

    #[test]
    fn of_a_name_are_remembered_until_the_check() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        let mut draft = generations.draft().unwrap();
        assert!(draft.append("../escape", "x").is_err());
        assert!(draft.append("table", "x").is_err());
        assert!(matches!(draft.check(&mut accept), Err(CheckError::Draft(DraftError::Name(_)))));
        assert!(!root.join("escape").exists());
        assert!(generations_kept(&root).is_empty());
    }

    #[test]
    fn a_dropped_draft_vanishes() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        let mut draft = generations.draft().unwrap();
        draft.append("table", "x").unwrap();
        assert!(matches!(generations.draft(), Err(DraftError::AlreadyBegun { .. })));
        drop(draft);
        assert!(generations_kept(&root).is_empty());
        let mut draft = generations.draft().unwrap();
        draft.append("table", "x").unwrap();
        drop(draft.check(&mut accept).unwrap());
        assert!(generations_kept(&root).is_empty());
    }

    #[test]
    fn a_file_cannot_be_a_directory_too() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        let mut draft = generations.draft().unwrap();
        draft.append("a", "x").unwrap();
        assert!(draft.append("a/b", "x").is_err());
        assert!(matches!(draft.check(&mut accept), Err(CheckError::Draft(DraftError::Write { .. }))));
    }
}

mod going_back {
    use super::*;

    #[test]
    fn takes_one_step_and_says_when_there_is_none() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        assert!(matches!(generations.roll_back(), Err(RollBackError::NothingBefore { .. })));
        for word in ["one", "two", "three"] {
            publish(&generations, word, 1).unwrap();
        }
        let back = generations.roll_back().unwrap();
        assert_eq!((back.from, back.to), (3, 2));
        assert_eq!(in_force(&root, 1).as_deref(), Some("two"));
        assert!(matches!(generations.roll_back(), Err(RollBackError::NothingBefore { .. })));
        assert_eq!(publish(&generations, "four", 1).unwrap().previous, Some(2));
        assert_eq!(generations_kept(&root), ["0002", "0004"]);
    }

    #[test]
    fn clearing_leaves_nothing_and_can_be_repeated() {
        let (_holder, root) = output();
        let generations = Generations::open(&root).unwrap();
        publish(&generations, "one", 1).unwrap();
        generations.clear().unwrap();
        generations.clear().unwrap();
        assert_eq!(generations.current().unwrap(), None);
        assert_eq!(publish(&generations, "again", 1).unwrap().number, 1);
    }
}
