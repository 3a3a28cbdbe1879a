//! Signed git tags: what the raw bytes of an annotated tag say, and which of them its signature covers.
//!
//! A tag's signature covers everything before it, so that the name inside the tag is signed too, while the name by which the
//! repository offers it is not: [`GitTag::parse`] refuses a tag that is offered under another name. Whether the signature is
//! good is asked of `starttls-openpgp`, with [`GitTag::payload`] and [`GitTag::signature`]; whether the bytes are those that a
//! reference names, with [`ObjectId::of`]. Running `git` is `starttls-sources`.
//!
//! Spec: git-mktag(1) (tag objects), gitformat-signature(5) (where the signature stands).

use alloc::string::String;

use starttls_policy::{Timestamp, printable};

mod object_id;

pub use object_id::{CollisionError, ObjectFormat, ObjectId, ObjectKind};

/// Bytes of a tag object: a message of some pages and a signature.
pub const MAX_TAG_BYTES: usize = 1 << 20;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const END: &[u8] = b"-----END PGP SIGNATURE-----";

/// What git takes for the beginning of a signature, too, with its name.
const OTHER_SIGNATURES: [(&[u8], &str); 3] = [
    (b"-----BEGIN SSH SIGNATURE-----", "SSH"),
    (b"-----BEGIN SIGNED MESSAGE-----", "X.509"),
    (b"-----BEGIN PGP MESSAGE-----", "old OpenPGP"),
];

/// An annotated, signed tag on a commit. Nothing of it is verified yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GitTag<'a> {
    /// The commit that it names.
    pub commit: ObjectId,
    /// Its name, without `refs/tags/`.
    pub name: &'a str,
    /// When it was made, as the tagger says; `None` if that is no time. The signature's own time is what counts.
    pub tagged_at: Option<Timestamp>,
    /// What is signed: all that stands before the signature.
    pub payload: &'a [u8],
    /// The armoured OpenPGP signature.
    pub signature: &'a [u8],
}

/// Why bytes are no signed tag of the name asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GitTagError {
    /// More bytes than any tag.
    #[error("the tag has {bytes} bytes; the limit is {MAX_TAG_BYTES}")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// A NUL byte, behind which some programs stop reading.
    #[error("the tag has a NUL byte")]
    Nul,
    /// A commit: git follows a lightweight tag to it.
    #[error("the tag is a lightweight one, which nobody can sign; make it with `git tag --sign`")]
    Lightweight,
    /// Another line where a header belongs: one that is missing, out of order, repeated or unknown.
    #[error("line {line} of the tag: want {want}, found `{found}`")]
    Header {
        /// Counted from 1.
        line: usize,
        /// What belongs there.
        want: &'static str,
        /// What stands there, cut short.
        found: String,
    },
    /// The value of `object` is no object id.
    #[error("`{found}` is no object id of git")]
    BadObject {
        /// What stands there, cut short.
        found: String,
    },
    /// The value of `type` is none.
    #[error("`{found}` is no kind of object")]
    BadKind {
        /// What stands there, cut short.
        found: String,
    },
    /// The tag is on something else.
    #[error("the tag names a {kind}; it must name a commit")]
    NotACommit {
        /// What it names.
        kind: ObjectKind,
    },
    /// Offered under another name than the one that was signed.
    #[error("the tag offered as `{asked}` was made as `{inside}`; somebody renamed it")]
    Renamed {
        /// The name asked for.
        asked: String,
        /// The name inside, cut short.
        inside: String,
    },
    /// There is no signature.
    #[error("the tag is not signed; make it with `git tag --sign`")]
    Unsigned,
    /// Signed by other means.
    #[error(
        "the tag has an {kind} signature; only OpenPGP signatures are read, as `git -c gpg.format=openpgp tag --sign` makes them"
    )]
    OtherSignature {
        /// By what.
        kind: &'static str,
    },
    /// Two signatures, of which git would look at the last.
    #[error("the tag has more than one signature block")]
    SeveralSignatures,
    /// The signature does not end.
    #[error("the tag is cut off: its signature does not end")]
    CutOff,
    /// Text after the signature, which is not signed.
    #[error("there is text after the tag's signature, which is not signed")]
    TextAfter,
}

impl<'a> GitTag<'a> {
    /// Reads what `git cat-file tag NAME` prints. `asked` is the name by which it was asked for, without `refs/tags/`.
    ///
    /// # Errors
    /// [`GitTagError`], unless it is one signed tag of that name on a commit.
    pub fn parse(bytes: &'a [u8], asked: &str) -> Result<Self, GitTagError> {
        if bytes.len() > MAX_TAG_BYTES {
            return Err(GitTagError::TooLarge { bytes: bytes.len() });
        }
        if bytes.contains(&0) {
            return Err(GitTagError::Nul);
        }
        if bytes.starts_with(b"tree ") {
            return Err(GitTagError::Lightweight);
        }
        let mut headers = Headers { rest: bytes, line: 0 };
        let object = headers.value("object ", "the header `object`")?;
        let kind = headers.value("type ", "the header `type`")?;
        let name = headers.value("tag ", "the header `tag`")?;
        let tagger = headers.value("tagger ", "the header `tagger`")?;
        headers.end()?;
        let commit =
            ObjectId::parse(object).ok_or_else(|| GitTagError::BadObject { found: shown(object) })?;
        match ObjectKind::from_name(kind) {
            Some(ObjectKind::Commit) => {}
            Some(kind) => return Err(GitTagError::NotACommit { kind }),
            None => return Err(GitTagError::BadKind { found: shown(kind) }),
        }
        let name = str::from_utf8(name)
            .ok()
            .filter(|name| *name == asked)
            .ok_or_else(|| GitTagError::Renamed { asked: printable(asked), inside: shown(name) })?;
        let (payload, signature) = split_signature(bytes)?;
        Ok(Self { commit, name, tagged_at: tagged_at(tagger), payload, signature })
    }
}

/// Header lines, one after the other in the one order that git writes.
struct Headers<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Headers<'a> {
    fn next(&mut self) -> &'a [u8] {
        self.line += 1;
        let (line, rest) = cut_line(self.rest);
        self.rest = rest;
        line
    }

    fn value(&mut self, prefix: &str, want: &'static str) -> Result<&'a [u8], GitTagError> {
        let line = self.next();
        line.strip_prefix(prefix.as_bytes()).ok_or_else(|| self.wrong(want, line))
    }

    fn end(&mut self) -> Result<(), GitTagError> {
        let line = self.next();
        if line.is_empty() { Ok(()) } else { Err(self.wrong("the empty line after the headers", line)) }
    }

    fn wrong(&self, want: &'static str, found: &[u8]) -> GitTagError {
        GitTagError::Header { line: self.line, want, found: shown(found) }
    }
}

/// The first line without its end, and what follows.
fn cut_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
    (line, rest.strip_prefix(b"\n").unwrap_or(rest))
}

/// Everything up to the signature, and the signature.
fn split_signature(bytes: &[u8]) -> Result<(&[u8], &[u8]), GitTagError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (line, next) = cut_line(rest);
        if let Some((_, kind)) = OTHER_SIGNATURES.iter().find(|(begin, _)| line.starts_with(begin)) {
            return Err(GitTagError::OtherSignature { kind });
        }
        // git goes by the beginning of the line.
        if line.starts_with(BEGIN) {
            let payload = bytes.len().checked_sub(rest.len()).and_then(|end| bytes.get(..end));
            return Ok((payload.unwrap_or_default(), whole_signature(rest)?));
        }
        rest = next;
    }
    Err(GitTagError::Unsigned)
}

/// The signature, if it is one and ends where the tag does.
fn whole_signature(bytes: &[u8]) -> Result<&[u8], GitTagError> {
    let (_, mut rest) = cut_line(bytes);
    let mut ended = false;
    while !rest.is_empty() {
        let (line, next) = cut_line(rest);
        let begins = |(begin, _): &(&[u8], &str)| line.starts_with(begin);
        if line.starts_with(BEGIN) || OTHER_SIGNATURES.iter().any(begins) {
            return Err(GitTagError::SeveralSignatures);
        }
        if ended && !line.trim_ascii().is_empty() {
            return Err(GitTagError::TextAfter);
        }
        ended |= line == END;
        rest = next;
    }
    if ended { Ok(bytes) } else { Err(GitTagError::CutOff) }
}

/// `NAME <ADDRESS> SECONDS ZONE`: the seconds.
fn tagged_at(tagger: &[u8]) -> Option<Timestamp> {
    let text = str::from_utf8(tagger).ok()?;
    let (_, times) = text.rsplit_once("> ")?;
    let (seconds, _zone) = times.split_once(' ')?;
    let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    Timestamp::from_seconds(seconds.parse().ok().filter(|_| digits)?).ok()
}

/// Text from outside, cut short and fit for a terminal.
fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 80;
    printable(&String::from_utf8_lossy(bytes.get(..SHOWN).unwrap_or(bytes)))
}

#[cfg(test)]
mod tests;
