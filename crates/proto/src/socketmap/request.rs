//! Requests: netstrings that hold the name of a map, a blank and a key.
//!
//! Spec: socketmap_table(5).

/// Longest request in bytes, without the netstring around it: longer than any key that means something to us, and what other
/// servers of this kind accept.
pub const MAX_REQUEST_BYTES: usize = 10_000;

/// Digits of [`MAX_REQUEST_BYTES`].
const MAX_DIGITS: usize = 5;

/// One question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request<'a> {
    /// The name of the map, as the mail server is set up to give it.
    pub map: &'a [u8],
    /// The key, which may be empty and may be anything.
    pub key: &'a [u8],
}

/// What is no request, and after which nothing can be; the connection is to be closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Something else than a digit where a length must be.
    #[error("a netstring begins with its length in digits and `:`")]
    NotALength,
    /// A length with a zero in front.
    #[error("a netstring's length has no leading zero")]
    LeadingZero,
    /// The length is above the limit.
    #[error("the request is longer than {MAX_REQUEST_BYTES} bytes")]
    TooLong,
    /// No comma behind the contents.
    #[error("a netstring ends in `,`")]
    NoComma,
    /// No blank between map and key.
    #[error("a request is the name of a map, a blank and a key")]
    NoKey,
}

impl<'a> Request<'a> {
    /// Reads what stands in the netstring.
    fn parse(contents: &'a [u8]) -> Option<Self> {
        let (map, key) = contents.split_at(contents.iter().position(|&byte| byte == b' ')?);
        Some(Self { map, key: key.get(1..)? })
    }
}

/// Takes the first request of what was received: the request and how many bytes it has with the netstring around it; `None`
/// where more must come first.
///
/// # Errors
/// [`FrameError`] as soon as it can be told that no request comes: at the sixth byte if none of them is `:`, and before the
/// contents where their length is too large.
pub fn next(buffer: &[u8]) -> Result<Option<(Request<'_>, usize)>, FrameError> {
    let mut length = 0_usize;
    for (digits, &byte) in buffer.iter().take(MAX_DIGITS + 1).enumerate() {
        match byte {
            b':' if digits > 0 => return contents(buffer, digits + 1, length),
            b'0'..=b'9' if digits == 1 && length == 0 => return Err(FrameError::LeadingZero),
            b'0'..=b'9' => length = length * 10 + usize::from(byte - b'0'),
            _ => return Err(FrameError::NotALength),
        }
        if length > MAX_REQUEST_BYTES {
            return Err(FrameError::TooLong);
        }
    }
    Ok(None)
}

fn contents(buffer: &[u8], start: usize, length: usize) -> Result<Option<(Request<'_>, usize)>, FrameError> {
    let end = start + length;
    match (buffer.get(start..end), buffer.get(end)) {
        (Some(contents), Some(b',')) => match Request::parse(contents) {
            Some(request) => Ok(Some((request, end + 1))),
            None => Err(FrameError::NoKey),
        },
        (_, Some(_)) => Err(FrameError::NoComma),
        (_, None) => Ok(None),
    }
}

#[cfg(test)]
mod requests {
    use super::*;

    fn request(map: &'static str, key: &'static str) -> Request<'static> {
        Request { map: map.as_bytes(), key: key.as_bytes() }
    }

    #[test]
    fn are_netstrings_of_map_and_key() {
        let text = b"17:QUERY example.org,";
        assert_eq!(next(text), Ok(Some((request("QUERY", "example.org"), text.len()))));
        assert_eq!(next(b"5:a b c,"), Ok(Some((request("a", "b c"), 8))));
        assert_eq!(next(b"2:a ,"), Ok(Some((request("a", ""), 5))));
        assert_eq!(next(b"1: ,"), Ok(Some((request("", ""), 4))));
        assert_eq!(next(b"3:a ,,"), Ok(Some((request("a", ","), 6))));
    }

    #[test]
    fn may_follow_one_another_at_once() {
        let text = b"3:a b,3:c d,3:e";
        assert_eq!(next(text), Ok(Some((request("a", "b"), 6))));
        assert_eq!(next(&text[6..]), Ok(Some((request("c", "d"), 6))));
        assert_eq!(next(&text[12..]), Ok(None));
    }

    #[test]
    fn that_are_cut_off_wait_for_more() {
        let text = b"17:QUERY example.org,";
        for end in 0..text.len() {
            assert_eq!(next(&text[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn may_have_10_000_bytes() {
        let text = [b"10000:a ", &[b'k'; 9_998][..], b","].concat();
        assert_eq!(next(&text).unwrap().unwrap().0.key.len(), 9_998);
        assert_eq!(next(&text[..6]), Ok(None));
    }
}

#[cfg(test)]
mod hostile_requests {
    use super::*;

    #[test]
    fn that_are_too_long_are_refused_before_their_contents() {
        for text in ["10001", "99999", "10001:", "20000:x", "100000"] {
            assert_eq!(next(text.as_bytes()), Err(FrameError::TooLong), "{text}");
        }
    }

    #[test]
    fn with_a_leading_zero_are_refused() {
        for text in ["019:QUERY example.org,", "00", "00:,", "0000000", "01"] {
            assert_eq!(next(text.as_bytes()), Err(FrameError::LeadingZero), "{text}");
        }
        assert_eq!(next(b"0"), Ok(None));
    }

    #[test]
    fn of_digits_without_end_are_refused_within_six_bytes() {
        for digit in b'0'..=b'9' {
            let refused = (0..9).find(|&bytes| next(&vec![digit; bytes]).is_err());
            assert!(refused.is_some_and(|bytes| bytes <= 6), "{digit}");
        }
        assert_eq!(next(&vec![b'1'; 1 << 20]), Err(FrameError::TooLong));
        assert_eq!(next(b"10000"), Ok(None));
        assert_eq!(next(b"100000"), Err(FrameError::TooLong));
    }

    #[test]
    fn that_are_something_else_are_refused_at_their_first_byte_out_of_place() {
        for text in [
            "GET /metrics HTTP/1.1\r\n",
            "\x16\x03\x01",
            "\0",
            "-1:x,",
            "+1:x,",
            ":,",
            "1 :x,",
            "1.0:x,",
            ",",
            " 5:a b c,",
            "\u{663}:",
        ] {
            assert_eq!(next(text.as_bytes()), Err(FrameError::NotALength), "{text:?}");
        }
    }

    #[test]
    fn without_comma_are_refused() {
        assert_eq!(next(b"3:a b;"), Err(FrameError::NoComma));
        assert_eq!(next(b"3:a bc"), Err(FrameError::NoComma));
        assert_eq!(next(b"0:x"), Err(FrameError::NoComma));
    }

    #[test]
    fn without_blank_are_refused() {
        for text in ["0:,", "5:PURGE,", "4:DUMP,"] {
            assert_eq!(next(text.as_bytes()), Err(FrameError::NoKey), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn are_refused_or_read_the_same_however_they_come_in(
            text in "([0-9]{0,6}:?)?[a-zA-Z .,]{0,12},?[0-9]?", end in proptest::prelude::any::<proptest::sample::Index>()
        ) {
            let text = text.as_bytes();
            let part = &text[..end.index(text.len() + 1)];
            match next(part) {
                Ok(None) => {}
                told => proptest::prop_assert_eq!(told, next(text), "more bytes change nothing"),
            }
            if let Ok(Some((request, bytes))) = next(text) {
                let length = request.map.len() + 1 + request.key.len();
                let again = [length.to_string().as_bytes(), b":", request.map, b" ", request.key, b","].concat();
                proptest::prop_assert_eq!(&text[..bytes], &again);
            }
        }
    }
}
