//! What a hostile mirror serves instead of what was published.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What a hostile mirror serves, and what the client must say.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) directory: PathBuf,
    pub(crate) says: &'static str,
}

/// Copies a published directory beside it.
pub(crate) fn copy(from: &Path, name: &str) -> Result<PathBuf> {
    let to = from.with_file_name(name);
    copy_below(from, &to)?;
    Ok(to)
}

/// All attacks on what is published now; `yesterday` was published before.
pub(crate) fn all(public: &Path, yesterday: &Path) -> Result<Vec<Attack>> {
    let attack =
        |name: &'static str, says: &'static str, change: &dyn Fn(&Path) -> Result<()>| -> Result<Attack> {
            let directory = copy(public, name)?;
            change(&directory)?;
            Ok(Attack { name, directory, says })
        };
    let old = bundle(yesterday)?;
    Ok(vec![
        Attack { name: "rolled-back", directory: yesterday.to_owned(), says: "is known already" },
        attack("old-list-new-checkpoint", "failed", &|mirror| {
            change_bundle(mirror, |bundle| {
                bundle["list"] = old["list"].clone();
                Ok(())
            })
        })?,
        attack("old-manifest-new-checkpoint", "failed", &|mirror| {
            change_bundle(mirror, |bundle| {
                for member in ["list", "manifest", "relax", "included", "manifest-proof"] {
                    bundle[member] = old[member].clone();
                }
                Ok(())
            })
        })?,
        attack("below-threshold", "failed", &|mirror| {
            change_bundle(mirror, |bundle| {
                let note = bundle["list"].as_str().context("no list")?;
                let (front, _) = note.trim_end().rsplit_once('\n').context("one signature alone")?;
                bundle["list"] = format!("{front}\n").into();
                Ok(())
            })
        })?,
        attack("changed-statement", "failed", &|mirror| {
            change_bundle(mirror, |bundle| {
                let note = bundle["list"].as_str().context("no list")?;
                bundle["list"] = note.replace("\"entries\": 2", "\"entries\": 3").into();
                Ok(())
            })
        })?,
        attack("no-witnesses", "failed", &|mirror| {
            change_bundle(mirror, |bundle| {
                let note = bundle["checkpoint"].as_str().context("no checkpoint")?;
                let lines: Vec<&str> = note.lines().filter(|line| !line.starts_with("— green")).collect();
                bundle["checkpoint"] = format!("{}\n", lines.join("\n")).into();
                Ok(())
            })
        })?,
        attack("truncated-bundle", "failed", &|mirror| {
            let file = mirror.join("proof.json");
            let bytes = fs::read(&file)?;
            Ok(fs::write(file, &bytes[..bytes.len() / 2])?)
        })?,
        attack("oversized-bundle", "failed", &|mirror| {
            Ok(fs::write(mirror.join("proof.json"), vec![b' '; (16 << 20) + 1])?)
        })?,
    ])
}

fn change_bundle(mirror: &Path, change: impl FnOnce(&mut Value) -> Result<()>) -> Result<()> {
    let mut value = bundle(mirror)?;
    change(&mut value)?;
    Ok(fs::write(mirror.join("proof.json"), serde_json::to_vec_pretty(&value)?)?)
}

fn bundle(directory: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(directory.join("proof.json"))?)?)
}

fn copy_below(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_below(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
