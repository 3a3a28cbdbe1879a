//! Comments (`// …`, `/* … */`) become blanks, so that every byte behind them keeps its place.

use alloc::borrow::Cow;

/// Blanks the comments; borrows if there are none.
///
/// # Errors
/// The offset of a `/*` that is never closed.
pub(super) fn blank(bytes: &[u8]) -> Result<Cow<'_, [u8]>, usize> {
    let mut blanked = Cow::Borrowed(bytes);
    let mut at = 0;
    while let Some(start) = next_comment(bytes, at) {
        let end = comment_end(bytes, start).ok_or(start)?;
        if let Some(comment) = blanked.to_mut().get_mut(start..end) {
            comment.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        }
        at = end;
    }
    Ok(blanked)
}

/// Where the next comment begins, strings skipped.
fn next_comment(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'/', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            at = string_end(bytes, at + 1)?;
        } else if matches!(bytes.get(at + 1), Some(b'/' | b'*')) {
            return Some(at);
        } else {
            at += 1;
        }
    }
}

/// The offset behind the closing quote.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start + 2..)?;
    if bytes.get(start + 1) == Some(&b'*') {
        memchr::memmem::find(rest, b"*/").map(|found| start + 2 + found + 2)
    } else {
        Some(memchr::memchr(b'\n', rest).map_or(bytes.len(), |found| start + 2 + found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn become_blanks_and_move_nothing() {
        for (text, want) in [
            ("{} // end", "{}       "),
            ("{ // a\n \"b\": 1 }", "{     \n \"b\": 1 }"),
            ("{ /* a\nb */ }", "{     \n     }"),
            ("[1/**/,2]", "[1    ,2]"),
            ("// \"", "    "),
        ] {
            assert_eq!(core::str::from_utf8(&blank(text.as_bytes()).unwrap()).unwrap(), want);
        }
    }

    #[test]
    fn inside_strings_are_text() {
        for text in [
            r#"{"a": "https://x"}"#,
            r#"{"a": "\"//"}"#,
            r#"{"a": "\\"}"#,
            r#""/*""#,
            r#""open // "#,
            "\"\\",
            "/",
            "a/b",
        ] {
            assert!(matches!(blank(text.as_bytes()), Ok(Cow::Borrowed(_))), "{text}");
        }
    }

    #[test]
    fn must_be_closed() {
        assert_eq!(blank(b"{} /* no end"), Err(3));
        assert_eq!(blank(b"{} /*/"), Err(3));
    }
}
