//! A publication laid out in its directory.

use starttls_policy::read::MAX_LIST_BYTES;
use starttls_policy::{Timestamp, write};
use starttls_trust::{Bundle, Digest, SignedNote};

use super::PublishError;
use super::directory::{Directory, copy_tree, is_there};
use super::gathered::Gathered;
use super::home::LogHome;
use crate::file;
use crate::operator::Forms;

impl Directory {
    /// The list's OpenPGP forms, new if the list is.
    pub(super) fn forms(&self, new: &Gathered, now: Timestamp) -> Result<Option<Forms>, PublishError> {
        let names = ["list.json.asc", "list.clearsigned.asc"];
        let is_signed = names.into_iter().any(|name| self.path().join(name).exists());
        let is_same = is_there(&self.path().join("list.json"), &new.bytes);
        match &new.gpg {
            None if is_signed && !is_same => Err(PublishError::NoOpenPgpKey { path: self.path().to_owned() }),
            None => Ok(None),
            Some(gpg) if is_signed && is_same => {
                let [detached, clearsigned] =
                    names.map(|name| file::read(&self.path().join(name), 2 * MAX_LIST_BYTES));
                let forms = Forms { detached: detached?, clearsigned: clearsigned? };
                let is_good = forms.verify(&gpg.certificate()?, &new.bytes, now).is_ok();
                Ok(Some(if is_good { forms } else { gpg.sign(&new.bytes, now)? }))
            }
            Some(gpg) => Ok(Some(gpg.sign(&new.bytes, now)?)),
        }
    }

    /// Puts a new publication in place of the one before.
    pub(super) fn put(
        &self,
        new: &Gathered,
        home: &LogHome,
        bundle: &Bundle,
        forms: Option<&Forms>,
    ) -> Result<(), PublishError> {
        let sha256 = new.statement.sha256;
        self.write_once(&format!("list/{sha256}.json"), &new.bytes)?;
        for (version, note) in new.roots() {
            self.write(&format!("root/{version}.note"), note.as_bytes())?;
        }
        for note in new.notes() {
            let parsed = SignedNote::parse(note.as_bytes())?;
            self.write(&format!("note/{}", Digest::of(parsed.text().as_bytes())), note.as_bytes())?;
        }
        copy_tree(&home.path().join("tile"), &self.path().join("tile"))?;
        let mut export = String::new();
        if write::eff(&new.list, &mut export).is_ok() {
            self.write("list-0.1.json", export.as_bytes())?;
        } else {
            self.remove("list-0.1.json")?;
        }
        // Whoever meets the new signature beside the old list refuses the pair, and comes again.
        if let Some(forms) = forms {
            self.write("list.clearsigned.asc", &forms.clearsigned)?;
            self.write("list.json.asc", &forms.detached)?;
        }
        self.write("list.json", &new.bytes)?;
        self.put_proof(bundle)
    }
}
