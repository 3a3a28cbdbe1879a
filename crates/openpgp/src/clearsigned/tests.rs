use proptest::prelude::*;

use super::*;

/// A message of the given lines; the signature is none.
fn message(head: &str, text: &str) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\n{head}\n{text}-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
    )
}

fn text(message: &str) -> Result<String, ClearsignedError> {
    read(message.as_bytes()).map(|message| String::from_utf8(message.text).unwrap())
}

mod the_text {
    use super::*;

    #[test]
    fn is_the_lines_without_escapes_and_blanks_at_their_ends() {
        for (framed, want) in [
            ("one\ntwo\n", "one\ntwo\n"),
            ("one\r\ntwo\r\n", "one\ntwo\n"),
            ("one \t \n  two\n", "one\n  two\n"),
            (
                "- - item\n- -----BEGIN PGP SIGNATURE-----\n- From me\n",
                "- item\n-----BEGIN PGP SIGNATURE-----\nFrom me\n",
            ),
            ("\n", "\n"),
            ("one\n\n\n", "one\n\n\n"),
            ("form\u{c}feed\u{b}\n", "form\u{c}feed\u{b}\n"),
        ] {
            assert_eq!(text(&message("", framed)).as_deref(), Ok(want));
        }
    }

    #[test]
    fn and_the_signature_are_all_there_is() {
        let message = message("Hash: SHA512\n", "one\n");
        let framed = format!("\r\n \n{}\n\n", message.replace('\n', "\r\n"));
        let read = read(framed.as_bytes()).unwrap();
        assert_eq!(read.text, b"one\n");
        assert_eq!(
            read.signature,
            b"-----BEGIN PGP SIGNATURE-----\r\n\r\nabcd\r\n-----END PGP SIGNATURE-----\r\n"
        );
    }

    #[test]
    fn may_not_hide_or_end_elsewhere() {
        for (framed, want) in [
            ("one\0two\n", ClearsignedError::ControlByte { line: 3 }),
            ("one\rtwo\n", ClearsignedError::ControlByte { line: 3 }),
            ("one\n-two\n", ClearsignedError::NotEscaped { line: 4 }),
            ("one\n-----BEGIN PGP SIGNED MESSAGE-----\n", ClearsignedError::NotEscaped { line: 4 }),
            ("one\n-----BEGIN PGP SIGNATURE----- \n", ClearsignedError::NotEscaped { line: 4 }),
            ("-----END PGP SIGNATURE-----\n", ClearsignedError::NotEscaped { line: 3 }),
            ("", ClearsignedError::NoText),
        ] {
            assert_eq!(text(&message("", framed)), Err(want), "{framed:?}");
        }
    }
}

mod around_the_message {
    use super::*;

    #[test]
    fn nothing_may_stand() {
        let good = message("Hash: SHA512\n", "one\n");
        assert!(matches!(text(&format!("hi\n{good}")), Err(ClearsignedError::TextBefore { line: 1, .. })));
        assert!(matches!(text(&format!("\n\0\n{good}")), Err(ClearsignedError::TextBefore { line: 2, .. })));
        assert!(matches!(text(&format!(" {good}")), Err(ClearsignedError::TextBefore { .. })));
        assert_eq!(text(&format!("{good}hi")), Err(ClearsignedError::TextAfter { line: 9 }));
        assert_eq!(text(&format!("{good}\n\0")), Err(ClearsignedError::TextAfter { line: 10 }));
        assert_eq!(text(&format!("{good}{good}")), Err(ClearsignedError::Several { line: 9 }));
        assert_eq!(text(""), Err(ClearsignedError::Empty));
        assert_eq!(text("\n \r\n"), Err(ClearsignedError::Empty));
    }

    #[test]
    fn only_hashes_may_be_named_above_the_text() {
        for head in ["", "Hash: SHA512\n", "Hash: SHA512,SHA256\n", "Hash: SHA1, SHA256\nHash: SHA3-512\n"] {
            assert_eq!(text(&message(head, "one\n")).as_deref(), Ok("one\n"), "{head}");
        }
        for head in [
            "Comment: trust me\n",
            "Hash: SHA512 and this list is good\n",
            "Hash: SHA512\u{b}\n",
            "Hash: SHA512\nNot-Hash: x\n",
            "Hash: \n",
            "Hash:SHA512\n",
            "hash: SHA512\n",
            "a line that looks signed\n",
            " \n",
            "\t\n",
        ] {
            assert!(matches!(text(&message(head, "one\n")), Err(ClearsignedError::Header { .. })), "{head}");
        }
    }

    #[test]
    fn nothing_may_be_missing() {
        let good = message("Hash: SHA512\n", "one\n");
        for end in 0..good.len() - 1 {
            assert!(text(&good[..end]).is_err(), "{end}");
        }
    }
}

proptest! {
    /// What signing programs do to a text, undone: escapes, and the line end before the signature.
    #[test]
    fn lines_without_blanks_at_their_ends_survive_byte_for_byte(
        lines in prop::collection::vec("(-{0,6}|- |From )[ -~]{0,20}[!-~]|", 1..8)
    ) {
        let escaped: Vec<String> =
            lines.iter().map(|line| if line.starts_with('-') { format!("- {line}") } else { line.clone() }).collect();
        let [signed, framed] = [lines, escaped].map(|lines| lines.join("\n") + "\n");
        prop_assert_eq!(text(&message("", &framed)), Ok(signed));
    }
}
