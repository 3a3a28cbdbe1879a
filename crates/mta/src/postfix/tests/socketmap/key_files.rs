//! Key files that answers name.

use super::*;

fn pinned() -> Case {
    Case::new("a.example", &["mx.a.example"]).pinned(PinKind::TrustAnchor, vec![Pin::Key(key())])
}

#[test]
fn go_with_the_answer_that_names_them() {
    let answered = answered(&server(None), &pinned(), Form::Plain);
    let file = answered.anchor_file.unwrap();
    let Reply::Policy(text) = answered.answer else { panic!() };
    assert!(text.ends_with(&format!(" tafile=/var/lib/starttls/{}", file.name)), "{text}");
    assert_eq!(Postfix.check(&file.name, &file.text), Ok(()));
}

#[test]
fn are_left_out_where_there_is_no_directory() {
    let facts = SocketmapFacts { anchors_directory: None, ..server(None) };
    let answered = answered(&facts, &pinned(), Form::Plain);
    assert_eq!(
        (gaps(&answered).contains(&"postfix.anchors-unwritten"), &answered.anchor_file),
        (true, &None)
    );
    let Reply::Policy(text) = answered.answer else { panic!() };
    assert!(text.starts_with("secure match=mx.a.example ") && !text.contains("tafile"), "{text}");
}

#[test]
fn lie_in_a_directory_that_needs_no_quoting() {
    for directory in ["", "relative", "/a b", "/a,b", "/a{", "/a\n"] {
        let facts = SocketmapFacts { anchors_directory: Some(directory.into()), ..server(None) };
        let finding = Socketmap::new(facts).unwrap_err();
        assert_eq!((finding.code, finding.severity), ("postfix.directory", Severity::Error));
    }
}
