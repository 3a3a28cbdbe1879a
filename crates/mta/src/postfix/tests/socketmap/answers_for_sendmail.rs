//! Answers to sendmail: names and nothing else.

use super::super::golden;
use super::*;
use crate::postfix::socketmap::SENDMAIL_SHORTFALLS;

#[test]
fn are_names_and_nothing_else() {
    let case = sts("a.example", &["mx.a.example", "*.b.example"]);
    let answered = answered(&server(Some(Level::May)), &case, Form::Sendmail);
    let want = "secure match=mx.a.example:.b.example servername=hostname";
    assert_eq!(answered.answer, Reply::Policy(want.into()));
    assert_eq!(gaps(&answered), ["sendmail.version-unchecked"]);
}

#[test]
fn never_say_what_sendmail_does_not_know() {
    for case in golden::cases() {
        let answered = answered(&server(Some(Level::None)), &case, Form::Sendmail);
        match (&answered.answer, case.action) {
            (Reply::Policy(text), What::Require) => {
                let names = text.strip_prefix("secure match=").unwrap();
                let names = names.strip_suffix(" servername=hostname").unwrap();
                assert!(!names.contains([' ', '=']), "{text}");
            }
            (Reply::Later, What::Defer) | (Reply::Nothing, _) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(answered.anchor_file, None);
    }
    assert!(SENDMAIL_SHORTFALLS.is_sorted_by_key(|code| code.name));
}
