//! Whether a file of the operator is one that is stored already.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use starttls_trust::Digest;

/// Tells whether a file has this size and this hash; what cannot be read has not.
pub(crate) fn is(path: &Path, size: u64, sha256: &Digest) -> bool {
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let Ok(mut file) = OpenOptions::new().read(true).custom_flags(flags).open(path) else { return false };
    let has_size = file.metadata().is_ok_and(|found| found.is_file() && found.len() == size);
    let mut hasher = Sha256::new();
    has_size
        && io::copy(&mut (&mut file).take(size), &mut hasher).is_ok_and(|read| read == size)
        && Digest::from_bytes(hasher.finalize().into()) == *sha256
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_what_their_size_and_hash_say() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("list.json");
        let text = "x".repeat(100_000);
        fs::write(&path, &text).unwrap();
        let sha256 = Digest::of(text.as_bytes());
        assert!(is(&path, 100_000, &sha256));
        assert!(!is(&path, 99_999, &sha256));
        assert!(!is(&path, 100_000, &Digest::of(b"x")));
        assert!(!is(&directory.path().join("none"), 100_000, &sha256));
        assert!(!is(directory.path(), 100_000, &sha256));
    }
}
