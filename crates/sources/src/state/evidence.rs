//! Evidence: what contradicted, kept for the operator and for whoever must answer for it.

use std::fmt::Write as _;

use starttls_policy::Timestamp;
use starttls_trust::Digest;

use super::{SourceDir, StateError};

/// All evidence of one source; the newest is kept in any case.
const MAX_EVIDENCE_BYTES: u64 = 10 << 20;

/// Holds a directory for each contradiction.
const EVIDENCE: &str = "evidence";

/// One contradiction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Evidence {
    /// A word for a file name.
    pub(crate) kind: &'static str,
    /// What contradicts what.
    pub(crate) words: String,
    /// The files that show it, most telling first.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Evidence {
    /// Keeps it, once for equal files; older evidence makes room. Answers its place below the source's directory.
    pub(crate) fn keep(&self, source: &SourceDir, now: Timestamp) -> Result<String, StateError> {
        let directory = source.directory().make_below(EVIDENCE)?;
        let ending = format!("-{}-{}", self.kind, self.fingerprint());
        if let Some(same) = directory.names()?.into_iter().find(|name| name.ends_with(&ending)) {
            return Ok(format!("{EVIDENCE}/{same}"));
        }
        let files = self.fitting();
        let size: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        make_room(&directory, MAX_EVIDENCE_BYTES.saturating_sub(size))?;
        // RFC 3339's colons are awkward in names.
        let name = format!("{}{ending}", now.to_string().replace([':', '-'], ""));
        let below = directory.make_below(&name)?;
        for (file, bytes) in &files {
            below.write_new(file, bytes)?;
        }
        below.sync()?;
        Ok(format!("{EVIDENCE}/{name}"))
    }

    fn fingerprint(&self) -> String {
        let all: Vec<u8> = self.files.iter().flat_map(|(_, bytes)| *Digest::of(bytes).as_bytes()).collect();
        Digest::of(&all).to_string().chars().take(16).collect()
    }

    /// The words and the files that fit; of others, their hash.
    fn fitting(&self) -> Vec<(String, Vec<u8>)> {
        let mut words = format!("{}\n", self.words);
        let mut left = MAX_EVIDENCE_BYTES / 2;
        let mut kept = Vec::new();
        for (name, bytes) in &self.files {
            let size = bytes.len() as u64;
            if size <= left {
                left -= size;
                kept.push((name.clone(), bytes.clone()));
            } else {
                let _ =
                    writeln!(words, "{name}: {size} bytes, SHA-256 {}, too large to keep", Digest::of(bytes));
            }
        }
        kept.push(("why.txt".into(), words.into_bytes()));
        kept
    }
}

/// Removes the oldest until the rest has at most `max_bytes`.
fn make_room(directory: &super::Directory, max_bytes: u64) -> Result<(), StateError> {
    let mut sizes = Vec::new();
    for name in directory.names()? {
        let Some(below) = directory.below(&name)? else { continue };
        let mut size = 0;
        for file in below.names()? {
            let opened = below.open_to_read(&file)?;
            size += opened.and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len());
        }
        sizes.push((name, size));
    }
    let mut all: u64 = sizes.iter().map(|(_, size)| size).sum();
    for (name, size) in sizes {
        if all <= max_bytes {
            break;
        }
        directory.remove_below(&name)?;
        all -= size;
    }
    Ok(())
}
