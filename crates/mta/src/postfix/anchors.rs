//! Key files: the public keys of a `trust-anchor` pinset, as `tafile=` reads them.
//!
//! A file is named after what it holds, so that domains with the same keys share it and a name never changes its
//! meaning between two generations.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (`tafile`) and `smtp_tls_trust_anchor_file` (what the file may hold).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};
use starttls_policy::{Label, Pin, Pinset, Spki};

use crate::Output;

/// Characters of base64 on a line.
const LINE_CHARS: usize = 64;
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
const DIRECTORY: &str = "anchors/";
const ENDING: &str = ".pem";

/// Every key file of one generation.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    // By the pinset's name first: to compare names and keys is much quicker than to hash again.
    known: BTreeMap<Label, Vec<Known>>,
    texts: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Known {
    pins: Box<[Pin]>,
    file: String,
}

impl Anchors {
    /// The name of the file with the pinset's keys, relative to the directory; `None` if it has no key.
    pub(super) fn file(&mut self, pinset: &Pinset) -> Option<&str> {
        pinset.trust_anchors().next()?;
        if !self.known.contains_key(&pinset.name) {
            self.known.insert(pinset.name.clone(), Vec::new());
        }
        let known = self.known.get_mut(&pinset.name)?;
        // Merged lists may give one name to different pinsets.
        let at = known.iter().position(|known| known.pins == pinset.pins).unwrap_or_else(|| {
            let text = text_of(pinset);
            let file = file_name(&text);
            self.texts.insert(file.clone(), text);
            known.push(Known { pins: pinset.pins.clone(), file });
            known.len() - 1
        });
        known.get(at).map(|known| known.file.as_str())
    }

    /// Tells whether no domain needs a key file.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Every file: its name relative to the directory, and its text.
    pub(super) fn into_files(self) -> impl Iterator<Item = (String, String)> {
        self.texts.into_iter()
    }

    /// Writes every file.
    pub(super) fn write(&self, out: &mut dyn Output) -> fmt::Result {
        self.texts.iter().try_for_each(|(file, text)| out.append(file, text))
    }
}

/// The same keys give the same text, in whatever order they are listed.
fn text_of(pinset: &Pinset) -> String {
    let mut keys: Vec<&Spki> = pinset.trust_anchors().collect();
    keys.sort_unstable();
    keys.dedup();
    let mut text = String::new();
    for key in keys {
        text.push_str(BEGIN);
        text.push('\n');
        let base64 = key.to_base64();
        let mut rest = base64.as_str();
        while let Some((line, tail)) = rest.split_at_checked(LINE_CHARS.min(rest.len())) {
            if line.is_empty() {
                break;
            }
            text.push_str(line);
            text.push('\n');
            rest = tail;
        }
        text.push_str(END);
        text.push('\n');
    }
    text
}

fn file_name(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    format!("{DIRECTORY}{hash:x}{ENDING}")
}

/// Tells whether a name, relative to the directory, is one that a key file can have.
pub(super) fn is_file_name(name: &str) -> bool {
    let hash = name.strip_prefix(DIRECTORY).and_then(|rest| rest.strip_suffix(ENDING));
    hash.is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// Reads a key file back: blocks of public keys and nothing else, under the name that belongs to them.
pub(super) fn check(file: &str, text: &str) -> Result<(), (usize, String)> {
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        if line != BEGIN {
            return Err((number, format!("want `{BEGIN}`")));
        }
        let mut base64 = String::new();
        while let Some((line, _)) = lines.next_if(|&(line, _)| line != END) {
            base64.push_str(line);
        }
        if lines.next().is_none() {
            return Err((number, format!("the key has no `{END}`")));
        }
        Spki::parse(&base64).map_err(|error| (number, format!("{error}")))?;
    }
    if text.is_empty() || !text.ends_with('\n') {
        return Err((1, "the file is empty or cut off".into()));
    }
    if file_name(text) != file {
        return Err((1, "the file's name is not the hash of its text".into()));
    }
    Ok(())
}
