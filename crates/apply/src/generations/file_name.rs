//! Names of files in a generation: made of `[a-z0-9._/-]`, never leading out of it.

/// Longest name, so that the whole path stays far below the system's limit.
const MAX_NAME_BYTES: usize = 200;

/// A file's name was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{name}` cannot name a file of a generation; want at most {MAX_NAME_BYTES} of `a-z 0-9 . _ / -`, \
     no part that is empty or begins with a dot"
)]
pub struct FileNameError {
    /// The name, made printable.
    pub name: String,
}

/// Checks a name.
pub(super) fn check(name: &str) -> Result<(), FileNameError> {
    let known = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'/' | b'-')
    };
    // A leading dot is kept for files of our own, and would allow `..`.
    let parts_fit = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if name.len() <= MAX_NAME_BYTES && name.bytes().all(known) && parts_fit {
        Ok(())
    } else {
        Err(FileNameError {
            name: name.chars().take(MAX_NAME_BYTES).flat_map(char::escape_default).collect(),
        })
    }
}

#[cfg(test)]
mod file_names {
    use super::*;

    #[test]
    fn never_lead_out_of_the_generation() {
        for name in ["tls_policy", "anchors/example-roots.pem", "a/b/c", "0", "x..y"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "a".repeat(201);
        for name in [
            "",
            "/etc/passwd",
            "..",
            "a/../b",
            "a//b",
            "a/",
            ".previous",
            "A",
            "a b",
            "a\n",
            "ä",
            "a\0",
            &long,
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }
}
