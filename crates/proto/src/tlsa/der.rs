//! As much of DER as tells a certificate from a public key: tags and lengths, no contents.
//!
//! Spec: RFC 5280 §4.1 (both structures); X.690 §10.1 (lengths are definite, in the fewest bytes).

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// Tells whether bytes are built like a certificate: to-be-signed part, algorithm, signature, and nothing behind.
pub(super) fn is_certificate(bytes: &[u8]) -> bool {
    holds(bytes, &[SEQUENCE, SEQUENCE, BIT_STRING])
}

/// Tells whether bytes are built like a SubjectPublicKeyInfo: algorithm, key, and nothing behind.
pub(super) fn is_public_key(bytes: &[u8]) -> bool {
    holds(bytes, &[SEQUENCE, BIT_STRING])
}

/// Tells whether bytes are one sequence of exactly these elements, none of them empty.
fn holds(bytes: &[u8], tags: &[u8]) -> bool {
    let Some((contents, [])) = element(bytes, SEQUENCE) else { return false };
    let rest = tags.iter().try_fold(contents, |rest, &tag| {
        let (contents, rest) = element(rest, tag)?;
        (!contents.is_empty()).then_some(rest)
    });
    rest == Some(&[])
}

/// The contents of the element in front, which must have this tag, and what stands behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A record has 64 KiB at most.
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            let length = digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit));
            let fewest = if first == 0x81 { 0x80 } else { 0x100 };
            (Some(length).filter(|length| *length >= fewest)?, rest)
        }
        _ => return None,
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod lengths {
    use super::*;

    fn wrapped(tag: u8, contents: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
        let head = match contents.len() {
            0..0x80 => vec![tag, low],
            0x80..0x100 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [&head, contents].concat()
    }

    #[test]
    fn are_definite_and_short() {
        for bytes in [1, 0x7f, 0x80, 0xff, 0x100, 40_000] {
            let whole = wrapped(BIT_STRING, &vec![7; bytes]);
            assert_eq!(element(&whole, BIT_STRING), Some((&vec![7; bytes][..], &[][..])));
            assert_eq!(element(&whole[..whole.len() - 1], BIT_STRING), None, "cut off");
        }
        for bytes in [
            &[][..],
            &[3],
            &[3, 0x80, 7, 0, 0],
            &[3, 0x81],
            &[3, 0x81, 1, 7],
            &[3, 0x82, 0, 1, 7],
            &[3, 0x83, 0, 0, 1, 7],
            &[3, 0xff],
            &[0x23, 1, 7],
        ] {
            assert_eq!(element(bytes, BIT_STRING), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn fill_the_whole() {
        let key = wrapped(SEQUENCE, &[wrapped(SEQUENCE, &[6, 1, 0]), wrapped(BIT_STRING, &[0, 1])].concat());
        assert!(is_public_key(&key) && !is_certificate(&key));
        assert!(!is_public_key(&[&key[..], &[0]].concat()), "something behind");
        assert!(!is_public_key(&wrapped(SEQUENCE, &[])));
        assert!(!is_public_key(&wrapped(SEQUENCE, &[SEQUENCE, 0, BIT_STRING, 0])));
    }
}
