//! Attacks, each a folder of `attacks/` named after it: what a mirror offers, what the client knows, what it must say.
//!
//! The folders are made by `UPDATE_ATTACKS=1 cargo test -p starttls-trust --test attacks` and replayed as they stand, so
//! that what is refused today is refused by every later version too.
#![allow(clippy::unwrap_used, reason = "a folder that cannot be read is a failed test")]

mod cases;
mod world;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use starttls_trust::log::ReadTiles;
use starttls_trust::{Anchor, Bundle, Memory};

use cases::Attack;
use world::{accept, time};

/// Files of one attack's folder.
struct Folder(PathBuf);

impl ReadTiles for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(path)).map_err(|_| "there is no such file".into())
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks").join(name)
}

/// What comes of it, in words.
fn outcome(dir: &Path) -> String {
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    let anchor = Anchor::parse(text("anchor.note").as_bytes()).unwrap();
    let memory = fs::read(dir.join("memory.json")).ok().map(|bytes| Memory::parse(&bytes).unwrap());
    let bundle = Bundle::parse(text("bundle.json").as_bytes()).unwrap();
    let now = time(text("now.txt").trim());
    match accept(&anchor, memory.as_ref(), &bundle, &text("list.json"), &Folder(dir.into()), now) {
        Err(refusal) => format!("refused ({})\n{refusal}\n", refusal.weight()),
        Ok(accepted) => {
            let relaxed: Vec<_> = accepted.relaxations.keys().map(ToString::to_string).collect();
            let mut said = format!("accepted, relaxed: [{}]\n", relaxed.join(", "));
            for finding in &accepted.findings {
                writeln!(said, "{} {}: {}", finding.code, finding.subject, finding.message).unwrap();
            }
            said
        }
    }
}

fn write(attack: &Attack) {
    let dir = folder(attack.name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("anchor.note"), attack.anchor.note()).unwrap();
    fs::write(dir.join("bundle.json"), attack.bundle.to_text()).unwrap();
    fs::write(dir.join("list.json"), &attack.list).unwrap();
    fs::write(dir.join("now.txt"), format!("{}\n", attack.now)).unwrap();
    if let Some(memory) = &attack.memory {
        fs::write(dir.join("memory.json"), memory.to_text()).unwrap();
        for (path, bytes) in &attack.tiles.0 {
            if path.starts_with("tile/") && !path.starts_with("tile/entries") {
                let path = dir.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
    fs::write(dir.join("expected.txt"), outcome(&dir)).unwrap();
}

#[test]
fn each_has_its_expected_refusal() {
    let attacks = cases::all();
    if std::env::var_os("UPDATE_ATTACKS").is_some() {
        attacks.iter().for_each(write);
    }
    for attack in &attacks {
        let dir = folder(attack.name);
        let expected = fs::read_to_string(dir.join("expected.txt")).unwrap_or_default();
        assert_eq!(outcome(&dir), expected, "{}", attack.name);
        assert!(
            expected.contains(attack.says),
            "{}: want {:?} in what is said:\n{expected}",
            attack.name,
            attack.says
        );
    }
    let mut folders: Vec<_> = fs::read_dir(folder(""))
        .unwrap()
        .map(|dir| dir.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<_> = attacks.iter().map(|attack| attack.name.to_owned()).collect();
    names.sort();
    assert_eq!(folders, names, "every folder is an attack and every attack has its folder");
}
