//! Answers that would be too long.

use super::*;

#[test]
fn keep_the_names_and_leave_out_the_rest() {
    let case = longest();
    for form in FORMS {
        let answered = answered(&server(None), &case, form);
        let Reply::Policy(text) = &answered.answer else { panic!("{form:?}") };
        assert!(text.len() <= MAX_ANSWER_BYTES, "{}", text.len());
        assert_eq!(text.matches(':').count() >= 255, text.starts_with("secure match="));
        assert!(case.mx.iter().all(|pattern| text.contains(pattern.name())));
        assert!(!text.contains("policy_type"));
        let has_gap = gaps(&answered).contains(&"postfix.mx-name-unchecked");
        assert_eq!(has_gap, form != Form::Sendmail, "{:?}", gaps(&answered));
    }
}

#[test]
fn keep_the_patterns_where_the_quotation_alone_is_too_long() {
    let mut case = longest();
    case.mx.truncate(150);
    let answered = answered(&server(None), &case, Form::Tlsrpt);
    let Reply::Policy(text) = &answered.answer else { panic!() };
    assert_eq!(text.matches(" mx_host_pattern=").count(), 150);
    assert_eq!(text.matches("policy_string").count(), 2);
    assert!(gaps(&answered).contains(&"postfix.report-shortened"));
    case.mx.truncate(20);
    assert!(policy(&server(None), &case, Form::Tlsrpt).contains("{ policy_string = max_age: 604800 }"));
}
