//! Checkpoints: what a log signs and witnesses cosign of its tree.
//!
//! Spec: C2SP tlog-checkpoint, "Note text".

use alloc::string::{String, ToString};

use crate::bundle::Node;
use crate::key::VerifierKey;
use crate::log::TreeHead;
use crate::note::{MAX_NOTE_BYTES, NoteError, SignedNote};

/// The tree of the log that calls itself `origin`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The log's name, which is the name of its key too.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The tree's root hash.
    pub hash: Node,
}

/// Why a text is no checkpoint, or not one of this log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not the three lines of one.
    #[error("it is no checkpoint: want the lines origin, size and hash")]
    Malformed,
    /// More lines than three; logs of this project write none, and nothing could check them.
    #[error("the checkpoint has extension lines, which this log does not write")]
    Extended,
    /// Of another log.
    #[error("the checkpoint is of the log `{got}`; want `{want}`")]
    OtherLog {
        /// Whose it is.
        got: String,
        /// Whose it should be.
        want: String,
    },
    /// The log's key did not sign it.
    #[error("the checkpoint is not signed by the log's key {name}")]
    Unsigned {
        /// The key's name.
        name: String,
    },
    /// The note is none, or a signature in it is wrong.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without its signatures.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] or [`CheckpointError::Extended`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (checkpoint, extension) = Self::parse_extended(text)?;
        if extension.is_empty() { Ok(checkpoint) } else { Err(CheckpointError::Extended) }
    }

    /// Reads the checkpoint of any log, with the lines that it may have added; witnesses sign these unread.
    pub(super) fn parse_extended(text: &str) -> Result<(Self, String), CheckpointError> {
        // Longer texts would be cut off, not refused.
        if text.len() > MAX_NOTE_BYTES {
            return Err(CheckpointError::Malformed);
        }
        let read =
            tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Self { origin: read.origin().into(), size: read.size(), hash: Node(read.hash().0) };
        Ok((checkpoint, read.extension().into()))
    }

    /// Reads a checkpoint that the log's key has signed; the key's name is the origin.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verified(note: &SignedNote, log: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != log.name() {
            let want = log.name().to_string();
            return Err(CheckpointError::OtherLog { got: checkpoint.origin, want });
        }
        if note.signers(&[log])?.is_empty() {
            return Err(CheckpointError::Unsigned { name: log.name().into() });
        }
        Ok(checkpoint)
    }

    /// The text to be signed.
    pub fn to_text(&self) -> String {
        alloc::format!("{}\n{}\n{}\n", self.origin, self.size, tlog_tiles::Hash(self.hash.0))
    }

    /// The tree that it is about.
    pub const fn head(&self) -> TreeHead {
        TreeHead { size: self.size, hash: self.hash }
    }
}

#[cfg(test)]
mod tlog_checkpoint {
    use super::*;
    use crate::key::{Algorithm, SigningKey};

    /// The example of the specification.
    const EXAMPLE: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn example_reads_as_it_writes() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.to_text(), EXAMPLE);
    }

    #[test]
    fn anything_else_is_refused() {
        let hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        let malformed = [
            String::new(),
            "\n".into(),
            EXAMPLE.trim_end().into(),
            format!("\n1\n{hash}\n"),
            format!("a\n01\n{hash}\n"),
            format!("a\n+1\n{hash}\n"),
            format!("a\n-1\n{hash}\n"),
            format!("a\n 1\n{hash}\n"),
            format!("a\n18446744073709551616\n{hash}\n"),
            format!("a\n1\n{}\n", hash.replace('=', "")),
            format!("a\n1\n{}\n", hash.replace("2I=", "2J=")),
            format!("a\n1\n{hash}\n\n"),
            format!("a\n1\n{hash}\nextension"),
            format!("a\n1\n{hash}\n{}", "x\n".repeat(MAX_NOTE_BYTES)),
        ];
        for text in malformed {
            let error = Checkpoint::parse(&text).unwrap_err();
            assert_eq!(error, CheckpointError::Malformed, "{}", text.get(..80).unwrap_or(&text));
        }
        let extended = format!("a\n1\n{hash}\nextension\n");
        assert_eq!(Checkpoint::parse(&extended), Err(CheckpointError::Extended));
        assert_eq!(Checkpoint::parse_extended(&extended).unwrap().1, "extension\n");
    }

    #[test]
    fn counts_only_when_the_log_s_own_key_signed_it() {
        let key = |name, seed| SigningKey::from_seed(name, Algorithm::Ed25519, &[seed; 32]).unwrap();
        let (log, other) = (key("log.example", 1), key("other.example", 2));
        let text = EXAMPLE.replace("example.com/behind-the-sofa", "log.example");
        let note = |key| SignedNote::unsigned(&text).unwrap().signed_by(key);
        assert_eq!(Checkpoint::verified(&note(&log), log.public()).unwrap().size, 20_852_163);
        let unsigned = CheckpointError::Unsigned { name: "log.example".into() };
        assert_eq!(Checkpoint::verified(&note(&other), log.public()), Err(unsigned));
        let error = Checkpoint::verified(&note(&other), other.public()).unwrap_err();
        assert!(matches!(error, CheckpointError::OtherLog { .. }));
        let forged = note(&log).to_string().replace("20852163", "20852164");
        let forged = SignedNote::parse(forged.as_bytes()).unwrap();
        let error = CheckpointError::Note(NoteError::BadSignature { name: "log.example".into() });
        assert_eq!(Checkpoint::verified(&forged, log.public()), Err(error));
    }
}
