//! What a witness answers, and what a log makes of it.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint".

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use starttls_policy::{Timestamp, printable};

use super::request::parse_size;
use crate::key::VerifierKey;
use crate::note::{NoteError, SignedNote};

/// An answer, as HTTP carries it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// As in HTTP.
    pub status: u16,
    /// The header of that name.
    pub content_type: String,
    /// All of it.
    pub body: Vec<u8>,
}

/// What came back from a witness that did its duty.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// The checkpoint with the witness's cosignature alone, which is valid, and its time.
    Cosigned(SignedNote, Timestamp),
    /// The witness saw another size last: prove from there.
    OtherSize(u64),
}

/// Why an answer is of no use.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The witness refuses.
    #[error("it answered {status}: {words}")]
    Refused {
        /// As in HTTP.
        status: u16,
        /// What it said, cut short.
        words: String,
    },
    /// 409 without a size.
    #[error("it answered 409 without the size that it knows")]
    NoSize,
    /// Nothing signed by the witness's key.
    #[error("its answer has no cosignature of the key {key}: is that the witness's key?")]
    NoCosignature {
        /// The key that the root names.
        key: String,
    },
    /// Signed, but wrong.
    #[error("its cosignature is wrong")]
    BadCosignature,
    /// Its clock is wrong, or without a time.
    #[error("its cosignature has the time {time}, and here it is {now}: one of the two clocks is wrong")]
    Clock {
        /// As it says.
        time: Timestamp,
        /// The time here.
        now: Timestamp,
    },
}

/// Largest answer: a few dozen signature lines.
pub const MAX_REPLY_BYTES: u64 = 128 * 1024;

/// How much a witness's clock may be off: clients refuse times that far ahead of theirs.
const MAX_CLOCK_SECONDS: u64 = 86_400;

/// Most of a refusal's words that are repeated.
const MAX_WORDS: usize = 200;

const SIZE_TYPE: &str = "text/x.tlog.size";

impl Reply {
    pub(super) fn text(status: u16, body: String) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8".into(), body: body.into_bytes() }
    }

    pub(super) fn of_size(size: u64) -> Self {
        Self { status: 409, content_type: SIZE_TYPE.into(), body: format!("{size}\n").into_bytes() }
    }
}

/// Reads a witness's answer about a checkpoint.
///
/// # Errors
/// [`ReplyError`]; nothing of the answer may be used then.
pub fn read_reply(
    reply: &Reply,
    checkpoint: &SignedNote,
    witness: &VerifierKey,
    now: Timestamp,
) -> Result<Outcome, ReplyError> {
    match reply.status {
        200 => cosigned(&reply.body, checkpoint, witness, now),
        409 if reply.content_type == SIZE_TYPE => {
            let body = core::str::from_utf8(&reply.body).unwrap_or_default();
            let size = body.strip_suffix('\n').and_then(parse_size).ok_or(ReplyError::NoSize)?;
            Ok(Outcome::OtherSize(size))
        }
        409 => Err(ReplyError::NoSize),
        status => {
            let words: String = String::from_utf8_lossy(&reply.body).trim().chars().take(MAX_WORDS).collect();
            Err(ReplyError::Refused { status, words: printable(&words) })
        }
    }
}

fn cosigned(
    body: &[u8],
    checkpoint: &SignedNote,
    witness: &VerifierKey,
    now: Timestamp,
) -> Result<Outcome, ReplyError> {
    let missing = || ReplyError::NoCosignature { key: witness.to_string() };
    let lines = core::str::from_utf8(body).map_err(|_| missing())?;
    let text = checkpoint.text();
    // An empty line in the answer would make the note's text another; no time is lost in telling why it is of no use.
    let answered = SignedNote::parse(format!("{text}\n{lines}").as_bytes())
        .ok()
        .filter(|answered| answered.text() == text)
        .ok_or_else(missing)?;
    let (_, time) = match answered.cosigners(&[witness]) {
        Ok(cosigners) => cosigners.first().copied().ok_or_else(missing)?,
        Err(_) => return Err(ReplyError::BadCosignature),
    };
    let off = time.until(now).max(now.until(time)).as_secs();
    if off > MAX_CLOCK_SECONDS {
        return Err(ReplyError::Clock { time, now });
    }
    let line = signature_lines(&answered, &[witness]);
    let alone = SignedNote::parse(format!("{text}\n{line}").as_bytes()).map_err(|_| missing())?;
    Ok(Outcome::Cosigned(alone, time))
}

/// The checkpoint with a cosignature that [`read_reply`] gave, in place of an older one by the same key.
///
/// # Errors
/// [`NoteError::BadText`] when it is of another checkpoint.
pub fn with_cosignature(
    checkpoint: &SignedNote,
    cosignature: &SignedNote,
    witness: &VerifierKey,
) -> Result<SignedNote, NoteError> {
    if checkpoint.text() != cosignature.text() {
        return Err(NoteError::BadText);
    }
    let text = checkpoint.text();
    let kept: String =
        lines(checkpoint).filter(|line| !is_by(line, witness)).map(|line| line + "\n").collect();
    let new = signature_lines(cosignature, &[witness]);
    SignedNote::parse(format!("{text}\n{kept}{new}").as_bytes())
}

/// The signature lines of a note that name these keys, the first of each.
pub(super) fn signature_lines(note: &SignedNote, keys: &[&VerifierKey]) -> String {
    keys.iter().filter_map(|key| lines(note).find(|line| is_by(line, key))).map(|line| line + "\n").collect()
}

fn lines(note: &SignedNote) -> impl Iterator<Item = String> {
    let whole = note.to_string();
    let lines = whole.get(note.text().len()..).unwrap_or_default();
    lines.lines().filter(|line| !line.is_empty()).map(Into::into).collect::<Vec<_>>().into_iter()
}

fn is_by(line: &str, key: &VerifierKey) -> bool {
    signed_note::Signature::from_bytes(line.as_bytes())
        .is_ok_and(|signature| signature.name() == key.name() && signature.id() == key.id())
}
