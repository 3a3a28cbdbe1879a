//! Text that is no list, or wants to be trouble.

use super::*;

#[test]
fn is_refused_with_its_place() {
    for (text, line, column) in [
        ("", 1, 1),
        ("{", 1, 1),
        ("[]", 1, 1),
        ("{\n  \"version\": 1}", 2, 14),
        ("{\"version\": \"1\",}", 1, 17),
        ("{\"version\": \"1\" \"author\": 1}", 1, 17),
        ("{} /* open", 1, 4),
        ("{\"version\": \"2\"}", 1, 13),
        ("{\"a\": 1}", 1, 1),
    ] {
        let error = refused(text);
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    }
}

#[test]
fn that_is_not_utf8_is_refused_at_its_byte() {
    let error = list(b"{\n \"author\": \"\xff\"}").unwrap_err();
    assert_eq!((error.fault, error.line, error.column), (Fault::NotUtf8, 2, 13));
}

#[test]
fn behind_a_byte_order_mark_keeps_its_columns() {
    for text in [
        "{\"version\": \"1\" \"author\": 1}",
        "{\"version\": \"1\",}",
        "{\"version\": \"1\", \"serial\": \"x\"}",
        "{\"version\": \"2\"}",
        "{\"version\": \"1\"}",
        "// c\n{\"version\": \"2\"}",
        "{} /* open",
        "",
    ] {
        assert_eq!(refused(&format!("\u{feff}{text}")), refused(text), "{text}");
    }
}

#[test]
fn of_utf16_is_told_from_other_bytes() {
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        let error = list(&[mark.as_slice(), b"{\0}\0"].concat()).unwrap_err();
        assert_eq!((error.fault, error.line, error.column), (Fault::Utf16, 1, 1));
    }
}

#[test]
fn nested_deeply_costs_no_stack() {
    for opening in ["[", "{\"a\":"] {
        let text = format!("{{\"version\": \"1\", \"x-deep\": {}", opening.repeat(100_000));
        assert!(matches!(refused(&text).fault, Fault::Json { .. }));
        let unknown = format!("{{\"version\": \"1\", \"deep\": {}", opening.repeat(100_000));
        assert!(matches!(refused(&unknown).fault, Fault::UnknownMember { .. }));
    }
}

#[test]
fn of_one_endless_line_is_shown_in_part() {
    let text = one(&format!("\"policies\": {{{}\"a b\": {{}}}}", "\"a.example\": {\"mode\": \"none\"}, "));
    let long = text.replace(
        "\"author\": \"A\"",
        &format!("\"author\": \"A\", \"x-long\": \"{}\"", "z".repeat(1_000_000)),
    );
    let error = refused(&long);
    assert!(error.excerpt.text.chars().count() < 200, "{}", error.excerpt.text);
    assert!(error.column > 1_000_000);
}

#[test]
fn cannot_steer_the_terminal() {
    let error = refused(&one("\"policies\": {\"a\u{7f}\u{9b}31m.example\": {}}"));
    assert!(!error.to_string().chars().any(char::is_control), "{error}");
    assert!(!error.excerpt.text.chars().any(char::is_control), "{}", error.excerpt.text);
}

#[test]
fn cut_off_anywhere_is_refused() {
    let whole = one(&format!(
        r#""pinsets": {{"p": {{"kind": "leaf", "spki": ["{KEY_1}", "{KEY_2}"]}}}}, "policies": {{"a.example": {{"mode": "enforce", "mx": [".mx.example"], "pinset": "p"}}}}"#
    ));
    read(&whole);
    for end in 0..whole.len() {
        refused(&whole[..end]);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = list(&bytes);
    }

    #[test]
    fn never_panics_when_almost_right(at in 0_usize..400, byte in proptest::num::u8::ANY) {
        let mut bytes = one(r#""providers": {"p": {"mode": "testing", "mx": ["*.mx.example"]}}, "policies": {"a.example": {"provider": "p"}} // c"#).into_bytes();
        let end = bytes.len();
        bytes[at % end] = byte;
        if let Err(error) = list(&bytes) {
            proptest::prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }
}
