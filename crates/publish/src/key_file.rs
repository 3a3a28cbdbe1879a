//! Files with a secret key: made once, readable by their owner alone, never overwritten.
//!
//! A line above the key says what it is for, so that the log's key cannot sign a list by mistake; keys made elsewhere
//! come without it.
//!
//! Spec: docs/list-distribution.md, "Keys and notes".

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use starttls_trust::{Algorithm, KeyError, SigningKey, VerifierKey};

use crate::file::shown;

/// What a key is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Signs lists, roots and relax orders for an organisation.
    Organisation,
    /// Cosigns checkpoints.
    Witness,
    /// Signs the log's checkpoints; its name is the log's origin.
    Log,
}

/// A secret key, and what it was made for as far as that is known.
#[derive(Debug)]
pub struct KeyFile {
    /// The key.
    pub key: SigningKey,
    /// What for; `None` of keys of type 01 that were made elsewhere.
    pub purpose: Option<Purpose>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Something has that name already.
    #[error("{} is there already, and no key is ever overwritten; choose another name", shown(path))]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot open the key {}", shown(path))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "{} is open to others (mode {mode:o}); make a new key if anybody may have read it, or `chmod 600` it",
        shown(path)
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It holds no key; never says what it holds.
    #[error("{} holds no secret key", shown(path))]
    NoKey {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// No key can have that name.
    #[error("no key can be named so")]
    Name(#[source] KeyError),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Largest file with a key: one line of comment and one of a few hundred bytes.
const MAX_KEY_FILE_BYTES: u64 = 4096;

const COMMENT: &str = "# starttls-everywhere secret key: ";

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Organisation, Self::Witness, Self::Log];

    /// The word used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Witness => "witness",
            Self::Log => "log",
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Organisation | Self::Log => Algorithm::Ed25519,
            Self::Witness => Algorithm::Cosignature,
        }
    }
}

/// Makes a key in a new file that its owner alone can read, and tells the public half.
///
/// # Errors
/// [`KeyFileError`]; nothing is left behind then.
pub fn make(path: &Path, name: &str, purpose: Purpose) -> Result<VerifierKey, KeyFileError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(KeyFileError::Random)?;
    let key = SigningKey::from_seed(name, purpose.algorithm(), &seed).map_err(KeyFileError::Name)?;
    let mut file =
        File::options().write(true).create_new(true).mode(0o600).open(path).map_err(|source| match source
            .kind()
        {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
            _ => KeyFileError::Io { path: path.into(), source },
        })?;
    let text = format!("{COMMENT}{}\n{}\n", purpose.name(), key.to_secret_text());
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(source) = written {
        // Half a key is of no use to anybody.
        let _ = fs::remove_file(path);
        return Err(KeyFileError::Io { path: path.into(), source });
    }
    Ok(key.public().clone())
}

/// Reads a secret key from a file that is closed to others.
///
/// # Errors
/// [`KeyFileError`], never with a part of the key in it.
pub fn read(path: &Path) -> Result<KeyFile, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.into(), mode });
    }
    let mut text = String::new();
    file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    parse(&text).map_err(|source| KeyFileError::NoKey { path: path.into(), source })
}

fn parse(text: &str) -> Result<KeyFile, KeyError> {
    let (comments, rest): (Vec<&str>, Vec<&str>) =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).partition(|line| line.starts_with('#'));
    let [line] = rest.as_slice() else { return Err(KeyError::SecretForm) };
    let key = SigningKey::parse(line)?;
    let told = comments.iter().find_map(|comment| comment.strip_prefix(COMMENT));
    let purpose = told.and_then(|told| Purpose::ALL.into_iter().find(|purpose| purpose.name() == told));
    let purpose = match key.public().algorithm() {
        Algorithm::Cosignature => Some(Purpose::Witness),
        _ => purpose.filter(|purpose| *purpose != Purpose::Witness),
    };
    Ok(KeyFile { key, purpose })
}

#[cfg(test)]
mod key_files {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn are_closed_to_others_and_never_overwritten() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("key");
        let public = make(&path, "alpha.example", Purpose::Log).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let read_back = read(&path).unwrap();
        assert_eq!((read_back.key.public(), read_back.purpose), (&public, Some(Purpose::Log)));
        let before = fs::read(&path).unwrap();
        assert!(matches!(make(&path, "alpha.example", Purpose::Log), Err(KeyFileError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn that_others_can_read_are_refused() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("key");
        make(&path, "alpha.example", Purpose::Organisation).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(KeyFileError::Open { .. })), "{mode:o}");
        }
    }

    #[test]
    fn without_a_key_are_refused_without_repeating_them() {
        let directory = starttls_testkit::world::directory().unwrap();
        let good = directory.path().join("good");
        let public = make(&good, "alpha.example", Purpose::Organisation).unwrap().to_string();
        let secret = fs::read_to_string(&good).unwrap();
        let cut = secret.trim_end().get(..secret.len() - 12).unwrap_or_default();
        for bad in ["", "\n", public.as_str(), cut, &[secret.as_str(), &secret].concat()] {
            let path = directory.path().join("bad");
            let mut file =
                File::options().create(true).truncate(true).write(true).mode(0o600).open(&path).unwrap();
            file.write_all(bad.as_bytes()).unwrap();
            let error = read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::NoKey { .. }), "{error}");
            assert!(!format!("{error:?}").contains("PRIVATE"), "{error:?}");
        }
    }

    #[test]
    fn of_other_programs_come_without_a_purpose() {
        let key = SigningKey::from_seed("a", Algorithm::Ed25519, &[1; 32]).unwrap();
        assert_eq!(parse(&key.to_secret_text()).unwrap().purpose, None);
        let key = SigningKey::from_seed("a", Algorithm::Cosignature, &[1; 32]).unwrap();
        let told = format!("{COMMENT}log\n{}\n", key.to_secret_text());
        assert_eq!(parse(&told).unwrap().purpose, Some(Purpose::Witness));
    }
}
