//! Every form's answers, held in one file.

use std::fmt::Write as _;

use super::super::golden;
use super::*;

/// Every decision in every form for a server whose own level is not known, and what is another answer where it is known.
#[test]
fn of_every_form() {
    let mut text = String::new();
    let testing = sts("sts-testing.example", &["mx1.sts.example", "*.mx.example.net"]).action(What::LogOnly);
    let mut cases = golden::cases();
    cases.push(testing);
    for form in FORMS {
        writeln!(text, "==> {form:?}").unwrap();
        for case in &cases {
            let unknown = answered(&server(None), case, form);
            show(case, "", &unknown, &mut text);
            for level in [Level::None, Level::May, Level::Dane, Level::Encrypt, Level::Secure] {
                let known = answered(&server(Some(level)), case, form);
                if known != unknown {
                    show(case, &format!(" (level {})", level.name()), &known, &mut text);
                }
            }
        }
    }
    golden::hold(&format!("{}/tests/golden/postfix/socketmap.txt", env!("CARGO_MANIFEST_DIR")), &text);
}

fn show(case: &Case, level: &str, answered: &Answered, text: &mut String) {
    let answer = match &answered.answer {
        Reply::Policy(answer) => format!("OK {answer}"),
        Reply::Nothing => "NOTFOUND".into(),
        Reply::Later => "TEMP".into(),
    };
    writeln!(text, "{}{level} {answer}", case.domain).unwrap();
    if !answered.gaps.is_empty() {
        writeln!(text, "    {}", gaps(answered).join(" ")).unwrap();
    }
}
