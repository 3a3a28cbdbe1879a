//! Answers to `QUERY`: what Postfix 3.4 knows.

use super::*;

#[test]
fn have_what_postfix_3_4_knows() {
    assert_eq!(
        policy(&server(None), &sts("a.example", &["mx.a.example", "*.b.example"]), Form::Plain),
        "secure match=mx.a.example:.b.example servername=hostname protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1"
    );
}

#[test]
fn never_admit_older_versions_than_the_server_itself() {
    let facts = SocketmapFacts { lowest: Some(TlsVersion::Tls13), ..server(None) };
    let text = policy(&facts, &Case::new("a.example", &["mx.a.example"]), Form::Plain);
    assert!(text.ends_with("protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.2"), "{text}");
}

#[test]
fn keep_a_level_that_is_stricter_than_dane() {
    let case = Case::new("a.example", &[]).action(What::Dane);
    assert_eq!(policy(&server(None), &case, Form::Plain), "dane");
    assert_eq!(answered(&server(Some(Level::Encrypt)), &case, Form::Plain).answer, Reply::Nothing);
}
