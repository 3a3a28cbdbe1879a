use super::*;

/// A block with `inside` between its first and last line.
fn block(inside: &str) -> String {
    format!("{}\n{inside}\n{}\n", Kind::Signature.begin(), Kind::Signature.end())
}

fn decoded(text: &str) -> Result<Vec<u8>, ArmorError> {
    decode(text.as_bytes(), Kind::Signature)
}

#[test]
fn one_block_is_read() {
    for inside in [
        "\naGVs\nbG8=\n=abcd",
        "\naGVsbG8=",
        "\r\naGVs\r\nbG8=\r\n=abcd\r",
        "Version: Some Program 1.0\nComment: a remark\n\naGVsbG8=",
        "  \naGVsbG8= \t",
    ] {
        let text = block(inside);
        assert_eq!(decoded(&text), Ok(b"hello".to_vec()), "{text}");
        assert_eq!(decoded(&format!("\n \n{text}\n\n  \n")), Ok(b"hello".to_vec()), "{text}");
    }
}

#[test]
fn anything_around_the_block_is_refused() {
    let good = block("\naGVsbG8=");
    assert!(
        matches!(decoded(&format!("hi\n{good}")), Err(ArmorError::NoBegin { found, .. }) if found == "hi")
    );
    assert_eq!(decoded(&format!("{good}hi")), Err(ArmorError::TextAfter { line: 5 }));
    assert_eq!(decoded(&format!("{good}{good}")), Err(ArmorError::TextAfter { line: 5 }));
    assert!(matches!(decoded(""), Err(ArmorError::NoBegin { .. })));
    assert!(matches!(decode(good.as_bytes(), Kind::Certificate), Err(ArmorError::NoBegin { .. })));
}

#[test]
fn what_is_no_base64_is_refused() {
    assert_eq!(decoded(&block("\naGV-bG8=")), Err(ArmorError::NotBase64 { line: 3 }));
    assert_eq!(decoded(&block("\naGVs\0bG8=")), Err(ArmorError::NotBase64 { line: 3 }));
    for inside in ["\naGVsbG8", "\naGVsbG8==", "\naGVs=bG8", "\naGVsbG8=\naGVsbG8="] {
        assert_eq!(decoded(&block(inside)), Err(ArmorError::BrokenBase64), "{inside}");
    }
}

#[test]
fn headers_that_could_carry_a_message_are_refused() {
    for header in ["Hash: SHA512", "This list is good", "X-Note: trust me", ": ", "version: 1"] {
        let text = block(&format!("{header}\n\naGVsbG8="));
        assert_eq!(decoded(&text), Err(ArmorError::UnknownHeader { line: 2 }), "{header}");
    }
    // Without the empty line, base64 stands where headers do.
    assert_eq!(decoded(&block("aGVsbG8=")), Err(ArmorError::UnknownHeader { line: 2 }));
}

#[test]
fn a_block_that_is_cut_off_is_refused() {
    let good = block("\naGVsbG8=");
    for end in 0..good.len() - 1 {
        assert!(decoded(&good[..end]).is_err(), "{end}");
    }
}
