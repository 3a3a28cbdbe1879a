//! Replays tests/data: one folder per attack, or per thing that must work, made by tests/data/make with GnuPG.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::error::Error;
use std::path::{Path, PathBuf};

use starttls_openpgp::{Certificate, Verified};
use starttls_policy::Timestamp;

type Outcome = Result<Verified, Box<dyn Error>>;

fn folders() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn judge(folder: &Path, now: Timestamp) -> Outcome {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let certificate = Certificate::parse(&read("certificate"))?;
    if folder.join("data").exists() {
        return Ok(certificate.verify_detached(&read("data"), &read("signature"), now)?);
    }
    let message = certificate.verify_clearsigned(&read("message"), now)?;
    assert_eq!(String::from_utf8(message.text).unwrap(), String::from_utf8(read("text")).unwrap());
    Ok(message.verified)
}

fn in_words(outcome: &Outcome) -> String {
    let words = match outcome {
        Ok(verified) => {
            let key = if verified.key == verified.certificate { "the primary key" } else { "a subkey" };
            format!("good: signed by {key} at {}", verified.signed_at)
        }
        Err(error) => {
            let causes = std::iter::successors(error.source(), |cause| (*cause).source());
            causes.fold(format!("refused: {error}"), |text, cause| format!("{text}: {cause}"))
        }
    };
    without_fingerprints(&words)
}

/// Whatever is as long as a fingerprint and written as one.
fn without_fingerprints(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let hex = word.trim_matches(|char: char| !char.is_ascii_alphanumeric());
        let is_fingerprint = hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_fingerprint { word.replace(hex, "KEY") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn end_as_their_folder_says() {
    let folders = folders();
    assert!(folders.len() >= 40, "the folders are gone");
    let mut wrong = Vec::new();
    for folder in folders {
        let expected = std::fs::read_to_string(folder.join("expected")).unwrap();
        let (now, words) = expected.trim_end().split_once('\n').unwrap();
        let now = Timestamp::parse(now.strip_prefix("at ").unwrap()).unwrap();
        let got = in_words(&judge(&folder, now));
        if got != words {
            wrong.push(format!("{}\n  want {words}\n  got  {got}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever is changed in a good message, it is refused or says the same.
#[test]
fn no_changed_byte_of_a_message_changes_what_is_verified() {
    let now = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/good-clearsigned");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let certificate = Certificate::parse(&read("certificate")).unwrap();
    let (message, text) = (read("message"), read("text"));
    let same_or_refused = |changed: &[u8], what: &str| {
        if let Ok(verified) = certificate.verify_clearsigned(changed, now) {
            assert_eq!(verified.text, text, "{what}");
        }
    };
    for at in 0..message.len() {
        let bytes = [0, b'\n', b'\r', b' ', b'-', b'x', message[at] ^ 1, message[at] ^ 0x80];
        let mut changed = message.clone();
        changed[at] = bytes[at % bytes.len()];
        same_or_refused(&changed, &format!("byte {at} is {}", changed[at]));
        changed.remove(at);
        if at % 4 == 0 {
            same_or_refused(&changed, &format!("byte {at} is gone"));
        }
    }
}
