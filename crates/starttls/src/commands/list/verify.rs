//! `starttls list verify`: check a list's OpenPGP signature by one certificate.
//!
//! Exit: 0 valid and not ended, 1 could not read a file, 3 refused (bad signature, or the list has ended).

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_host::ReadError;
use starttls_openpgp::{Certificate, MAX_CERTIFICATE_BYTES, MAX_SIGNATURE_BYTES, Verified, VerifyError};
use starttls_policy::{List, Timestamp, printable};

use super::check::end_in_words;
use super::time::When;
use crate::exit::Exit;
use crate::lists::{self, LoadError};
use crate::output::{self, Format, counted};

/// Check the OpenPGP signature of a list, by one certificate that you trust.
///
/// With SIGNATURE, that is a detached signature over FILE just as it is; without, FILE is clearsigned, and only the text
/// that was signed is read. A list that has ended is refused, even if its signature is good.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls list verify policy.json policy.json.asc --key authority.asc\n  starttls list verify list.json.asc --key authority.asc --output list.json"
)]
pub(crate) struct Args {
    /// The list, or the clearsigned message with it; `-` reads stdin.
    file: String,

    /// The detached signature, armoured or binary.
    signature: Option<PathBuf>,

    /// The certificate whose signature counts: one OpenPGP public key, armoured or binary.
    #[arg(long, value_name = "CERT")]
    key: PathBuf,

    /// Judge as of this time: `now`, as in `2026-11-20T00:00:00Z`, or seconds since 1970.
    #[arg(long, value_name = "TIME", default_value = "now")]
    at: When,

    /// Accept a list that has ended, too.
    #[arg(long)]
    allow_expired: bool,

    /// Write the text that was signed there, without the signature around it.
    #[arg(short, long, value_name = "FILE", conflicts_with = "signature")]
    output: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let now = self.at.time();
        let key = read(&self.key, MAX_CERTIFICATE_BYTES)?;
        let certificate = Certificate::parse(&key).with_context(|| shown(&self.key))?;
        let bytes = lists::load_bytes(&self.file)?;
        let signature = self.signature.as_ref().map(|path| read(path, MAX_SIGNATURE_BYTES)).transpose()?;
        let (verified, text) = match verify(&certificate, bytes, signature.as_deref(), now) {
            Ok(good) => good,
            Err(error) if format == Format::Json => {
                let error = anyhow::Error::from(error);
                output::print_json(
                    &json!({ "file": self.file, "verified": false, "message": format!("{error:#}") }),
                )?;
                return Ok(Exit::of(&error));
            }
            Err(error) => return Err(error.into()),
        };
        let list = lists::parse(&self.file, &text)?;
        match format {
            Format::Text => self.print(&verified, &list, now)?,
            Format::Json => output::print_json(&self.json(&verified, &list, now))?,
        }
        if list.has_ended(now) && !self.allow_expired {
            return Err(LoadError::Ended { file: self.file, expires: list.head.expires }.into());
        }
        if let Some(path) = &self.output {
            starttls_publish::replace(path, &text)?;
        }
        Ok(Exit::Done)
    }

    fn print(&self, verified: &Verified, list: &List, now: Timestamp) -> std::io::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{}: {} signature", printable(&self.file).bold(), "good".green())?;
        writeln!(out, "  certificate  {}", verified.certificate)?;
        writeln!(out, "  key          {}", verified.key)?;
        writeln!(out, "  signed       {}", verified.signed_at)?;
        let author = list.head.author.as_deref().map_or("nobody named".into(), printable);
        let (version, serial) = (list.head.dialect, list.head.serial);
        writeln!(out, "policy list version {version}, serial {serial}, by {author}")?;
        let issued = list.head.timestamp.map_or("at no stated time".into(), |time| time.to_string());
        writeln!(out, "issued {issued}, {}", end_in_words(list, now))?;
        writeln!(out, "{}", counted(list.entries.len(), "domain", "domains"))
    }

    fn json(&self, verified: &Verified, list: &List, now: Timestamp) -> Value {
        json!({
            "file": self.file,
            "verified": true,
            "certificate": verified.certificate.to_string(),
            "key": verified.key.to_string(),
            "signed_at": verified.signed_at.to_string(),
            "judged_at": now.to_string(),
            "version": list.head.dialect.name(),
            "author": list.head.author,
            "serial": list.head.serial,
            "timestamp": list.head.timestamp.map(|time| time.to_string()),
            "expires": list.head.expires.map(|time| time.to_string()),
            "ended": list.has_ended(now),
            "domains": list.entries.len(),
        })
    }
}

/// Who signed, and the text to act on.
fn verify(
    certificate: &Certificate,
    bytes: Vec<u8>,
    signature: Option<&[u8]>,
    now: Timestamp,
) -> Result<(Verified, Vec<u8>), VerifyError> {
    match signature {
        Some(signature) => Ok((certificate.verify_detached(&bytes, signature, now)?, bytes)),
        None => certificate.verify_clearsigned(&bytes, now).map(|message| (message.verified, message.text)),
    }
}

/// Reads a file of at most `max_bytes` bytes.
fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
    starttls_host::read(path, u64::try_from(max_bytes).unwrap_or(u64::MAX))
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
