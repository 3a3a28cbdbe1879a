//! OpenPGP forms of a list, made with the operator's `gpg` and verified as clients verify them.

use std::ffi::OsStr;
use std::path::PathBuf;

use starttls_openpgp::Certificate;
use starttls_policy::Timestamp;
use starttls_policy::read::MAX_LIST_BYTES;

use super::{OperatorError, tool};
use crate::file::{self, FileError};

/// The operator's `gpg` and the key to sign with.
#[derive(Clone, Debug)]
pub struct Gpg {
    /// The program; looked for along `PATH` if it is a bare name.
    pub program: PathBuf,
    /// The key, best by its whole fingerprint.
    pub key: String,
}

/// Both forms in which a list is signed with OpenPGP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forms {
    /// `list.json.asc`.
    pub detached: Vec<u8>,
    /// `list.clearsigned.asc`.
    pub clearsigned: Vec<u8>,
}

impl Gpg {
    /// The certificate that clients pin.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn certificate(&self) -> Result<Certificate, OperatorError> {
        let key = OsStr::new(&self.key);
        let arguments = ["--batch", "--export", "--export-options", "export-minimal", "--"].map(OsStr::new);
        let bytes = tool::run(&self.program, &[&arguments[..], &[key]].concat())?;
        Certificate::parse(&bytes)
            .map_err(|source| OperatorError::Certificate { key: self.key.clone(), source })
    }

    /// Signs a list, and verifies both forms. The agent may ask for a passphrase: it needs `GPG_TTY`.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn sign(&self, list: &[u8], now: Timestamp) -> Result<Forms, OperatorError> {
        let certificate = self.certificate()?;
        let directory =
            tempfile::tempdir().map_err(|source| FileError::Write { path: std::env::temp_dir(), source })?;
        let input = directory.path().join("list.json");
        file::replace(&input, list)?;
        let make = |form: &str, name: &str| -> Result<Vec<u8>, OperatorError> {
            let output = directory.path().join(name);
            let key = OsStr::new(&self.key);
            let mut arguments = vec![OsStr::new("--armor"), OsStr::new("--local-user"), key];
            arguments.extend([OsStr::new("--output"), output.as_os_str(), OsStr::new(form)]);
            arguments.extend([OsStr::new("--"), input.as_os_str()]);
            tool::run(&self.program, &arguments)?;
            Ok(file::read(&output, 2 * MAX_LIST_BYTES)?)
        };
        let forms = Forms {
            detached: make("--detach-sign", "detached")?,
            clearsigned: make("--clearsign", "clearsigned")?,
        };
        forms.verify(&certificate, list, now)?;
        Ok(forms)
    }
}

impl Forms {
    /// Sees to it that both are signatures of this certificate over this very list.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn verify(&self, by: &Certificate, list: &[u8], now: Timestamp) -> Result<(), OperatorError> {
        let failed = |what| move |source| OperatorError::Signature { what, source };
        by.verify_detached(list, &self.detached, now).map_err(failed("the detached signature"))?;
        let text =
            by.verify_clearsigned(&self.clearsigned, now).map_err(failed("the clearsigned list"))?.text;
        if text == list { Ok(()) } else { Err(OperatorError::OtherText) }
    }
}
