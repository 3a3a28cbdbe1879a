//! The part of a download that has come so far, beside a record of where it is from.
//!
//! The record is a few lines of text: what it is, the URL, the strong `ETag`. A part without a usable record is worth
//! nothing and is deleted.
//!
//! Spec: RFC 9110 §13.1.5 (only a strong validator may join parts).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{ETag, HttpsUrl};

/// The first line of a record.
const MAGIC: &str = "starttls partial download 1";

/// More than a record with the longest URL and tag has.
const MAX_RECORD_BYTES: u64 = 8 * 1024;

/// How much is read at once for the digest.
const READ_BYTES: usize = 64 * 1024;

/// Where the parts of the download to a path lie.
#[derive(Clone, Debug)]
pub(super) struct Place {
    target: PathBuf,
    part: PathBuf,
    record: PathBuf,
}

/// An earlier part that can be taken up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) etag: ETag,
    /// Never 0.
    pub(super) bytes: u64,
}

/// A part that is being written.
#[derive(Debug)]
pub(super) struct PartWriter {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Place {
    /// Beside `target`, under its name with an ending.
    pub(super) fn beside(target: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = target.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self { target: target.to_owned(), part: with(".part"), record: with(".part-record") }
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// The part of this URL's body that is there, if it can be taken up.
    pub(super) fn find(&self, url: &HttpsUrl) -> Option<Part> {
        let etag = parse_record(&self.read_record()?, url)?;
        // Neither a link nor a pipe.
        let metadata = fs::symlink_metadata(&self.part).ok().filter(fs::Metadata::is_file)?;
        Some(Part { etag, bytes: metadata.len() }).filter(|part| part.bytes > 0)
    }

    /// Begins anew. With a strong tag, what comes can be taken up later.
    pub(super) fn begin(&self, url: &HttpsUrl, etag: Option<&ETag>) -> io::Result<PartWriter> {
        self.discard();
        if let Some(etag) = etag.filter(|etag| etag.is_strong()) {
            let record = format!("{MAGIC}\n{}\n{etag}\n", url.as_str());
            create_new(&self.record, 0o600)?.write_all(record.as_bytes())?;
        }
        let file = create_new(&self.part, 0o644)?;
        Ok(PartWriter { file, digest: Sha256::new(), bytes: 0 })
    }

    /// Takes up the part that [`Place::find`] found, whose bytes are read for the digest.
    pub(super) fn resume(&self, part: &Part) -> io::Result<PartWriter> {
        let mut file = OpenOptions::new().read(true).append(true).open(&self.part)?;
        let mut digest = Sha256::new();
        let mut bytes = 0;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                length => {
                    digest.update(buffer.get(..length).unwrap_or_default());
                    bytes += length as u64;
                }
            }
        }
        if bytes != part.bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "somebody else writes to this file"));
        }
        Ok(PartWriter { file, digest, bytes })
    }

    /// Puts the finished part in place of the target, all at once.
    pub(super) fn finish(&self, writer: &PartWriter) -> io::Result<()> {
        writer.file.sync_all()?;
        fs::rename(&self.part, &self.target)?;
        if let Some(directory) = self.target.parent().filter(|path| !path.as_os_str().is_empty()) {
            File::open(directory)?.sync_all()?;
        }
        let _ = fs::remove_file(&self.record);
        Ok(())
    }

    /// Deletes part and record.
    pub(super) fn discard(&self) {
        // What cannot be deleted will be in the way of what comes next, and be reported there.
        let _ = fs::remove_file(&self.record);
        let _ = fs::remove_file(&self.part);
    }

    /// Deletes the part unless it has a record.
    pub(super) fn keep_if_resumable(&self) {
        if !self.record.exists() {
            self.discard();
        }
    }

    fn read_record(&self) -> Option<String> {
        fs::symlink_metadata(&self.record).ok().filter(fs::Metadata::is_file)?;
        let mut text = String::new();
        File::open(&self.record).ok()?.take(MAX_RECORD_BYTES).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

impl PartWriter {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn sha256(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Never through a link that somebody has put there.
fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// The tag, if the record is whole and of this URL. Its last byte is a line end, so one cut off is not whole.
fn parse_record(text: &str, url: &HttpsUrl) -> Option<ETag> {
    let rest =
        text.strip_prefix(MAGIC)?.strip_prefix('\n')?.strip_prefix(url.as_str())?.strip_prefix('\n')?;
    rest.strip_suffix('\n')?.parse().ok().filter(ETag::is_strong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url() -> HttpsUrl {
        "https://example.org/list".parse().unwrap()
    }

    fn place() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let place = Place::beside(&directory.path().join("list"));
        (directory, place)
    }

    #[test]
    fn part_with_a_strong_tag_is_found_again() {
        let (_directory, place) = place();
        let etag = "\"one\"".parse().unwrap();
        place.begin(&url(), Some(&etag)).unwrap().write_all(b"abc").unwrap();
        let part = place.find(&url()).unwrap();
        assert_eq!(part, Part { etag, bytes: 3 });
        let mut writer = place.resume(&part).unwrap();
        writer.write_all(b"def").unwrap();
        assert_eq!(writer.sha256(), <[u8; 32]>::from(Sha256::digest(b"abcdef")));
        place.finish(&writer).unwrap();
        assert_eq!(fs::read(place.target()).unwrap(), b"abcdef");
        assert_eq!(
            fs::read_dir(place.target().parent().unwrap()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn part_of_another_url_or_with_a_weak_tag_is_not_taken_up() {
        let (_directory, place) = place();
        let other = "https://example.org/list2".parse().unwrap();
        place.begin(&other, Some(&"\"one\"".parse().unwrap())).unwrap().write_all(b"abc").unwrap();
        assert_eq!(place.find(&url()), None);
        place.begin(&url(), Some(&"W/\"one\"".parse().unwrap())).unwrap().write_all(b"abc").unwrap();
        assert_eq!(place.find(&url()), None);
        place.begin(&url(), None).unwrap().write_all(b"abc").unwrap();
        assert_eq!(place.find(&url()), None);
    }

    #[test]
    fn link_in_place_of_a_part_is_neither_read_nor_written_through() {
        let (directory, place) = place();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let etag = "\"one\"".parse().unwrap();
        place.begin(&url(), Some(&etag)).unwrap();
        fs::remove_file(&place.part).unwrap();
        std::os::unix::fs::symlink(&victim, &place.part).unwrap();
        assert_eq!(place.find(&url()), None);
        place.begin(&url(), Some(&etag)).unwrap().write_all(b"abc").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }

    #[test]
    fn damaged_record_is_no_record() {
        let whole = format!("{MAGIC}\n{}\n\"one\"\n", url().as_str());
        assert!(parse_record(&whole, &url()).is_some());
        for length in 0..whole.len() {
            assert_eq!(parse_record(&whole[..length], &url()), None, "cut off after {length}");
        }
        assert_eq!(parse_record(&format!("{whole}\n"), &url()), None);
    }

    proptest! {
        #[test]
        fn no_record_makes_it_panic(text in "\\PC{0,60}") {
            prop_assert_eq!(parse_record(&text, &url()), None);
            let _ = parse_record(&format!("{MAGIC}\n{}\n{text}\n", url().as_str()), &url());
        }
    }
}
