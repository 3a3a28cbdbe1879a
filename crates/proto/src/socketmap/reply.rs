//! Replies: netstrings that hold a status and what goes with it.
//!
//! Spec: socketmap_table(5).

use alloc::vec::Vec;

/// Longest reply in bytes, without the netstring around it: Postfix takes no longer one.
pub const MAX_REPLY_BYTES: usize = 100_000;

/// Stands for an answer that is too long: the mail waits, since the policy cannot be said.
const TOO_LONG: &str = "the policy is longer than a mail server reads";

/// What a server replies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reply<'a> {
    /// The value of the key.
    Ok(&'a str),
    /// There is none.
    NotFound,
    /// Ask again later, and why.
    Temporary(&'a str),
    /// Never ask again, and why; a mail server defers all the same.
    Permanent(&'a str),
}

impl Reply<'_> {
    /// Adds the reply to what goes out. A value for which [`MAX_REPLY_BYTES`] is too little becomes a temporary error, and
    /// the reason of an error is cut there.
    pub fn push(self, out: &mut Vec<u8>) {
        match self {
            Self::Ok(value) if value.len() > MAX_REPLY_BYTES - "OK ".len() => push("TEMP ", TOO_LONG, out),
            Self::Ok(value) => push("OK ", value, out),
            Self::NotFound => push("NOTFOUND ", "", out),
            Self::Temporary(reason) => push("TEMP ", cut(reason), out),
            Self::Permanent(reason) => push("PERM ", cut(reason), out),
        }
    }
}

/// The beginning that certainly fits behind a status.
fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REPLY_BYTES - "TEMP ".len());
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

fn push(status: &str, rest: &str, out: &mut Vec<u8>) {
    let length = status.len() + rest.len();
    out.reserve(length + "100000:,".len());
    push_number(length, out);
    out.push(b':');
    out.extend_from_slice(status.as_bytes());
    out.extend_from_slice(rest.as_bytes());
    out.push(b',');
}

/// In digits, without the machinery of formatting.
fn push_number(number: usize, out: &mut Vec<u8>) {
    let mut unit = 1;
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        // One digit, so nothing is lost.
        out.push(b'0' + u8::try_from(number / unit % 10).unwrap_or_default());
        unit /= 10;
    }
}

#[cfg(test)]
mod replies {
    use super::*;

    fn text(reply: Reply<'_>) -> String {
        let mut out = Vec::new();
        reply.push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn are_netstrings_of_status_and_text() {
        for (reply, want) in [
            (Reply::Ok("dane-only"), "12:OK dane-only,"),
            (Reply::Ok(""), "3:OK ,"),
            (Reply::NotFound, "9:NOTFOUND ,"),
            (Reply::Temporary("later"), "10:TEMP later,"),
            (Reply::Permanent("never"), "10:PERM never,"),
        ] {
            assert_eq!(text(reply), want);
        }
    }

    #[test]
    fn are_added_behind_one_another() {
        let mut out = b"x".to_vec();
        Reply::NotFound.push(&mut out);
        Reply::Ok("may").push(&mut out);
        assert_eq!(out, b"x9:NOTFOUND ,6:OK may,");
    }

    #[test]
    fn of_100_000_bytes_go_out_and_longer_ones_ask_to_wait() {
        let most = "x".repeat(MAX_REPLY_BYTES - 3);
        assert_eq!(text(Reply::Ok(&most)), format!("100000:OK {most},"));
        let length = "TEMP ".len() + TOO_LONG.len();
        assert_eq!(text(Reply::Ok(&format!("{most}x"))), format!("{length}:TEMP {TOO_LONG},"));
    }

    #[test]
    fn cut_reasons_that_are_too_long() {
        for reason in ["x".repeat(200_000), "ü".repeat(100_000)] {
            let reply = text(Reply::Temporary(&reason));
            let (length, rest) = reply.split_once(':').unwrap();
            assert!(rest.len() - 1 <= MAX_REPLY_BYTES && rest.starts_with("TEMP "));
            assert_eq!(length, (rest.len() - 1).to_string());
        }
    }

    #[test]
    fn have_their_length_in_digits() {
        for number in [0, 1, 9, 10, 11, 99, 100, 101, 9_999, 10_000, 99_999, 100_000] {
            let mut out = Vec::new();
            push_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
