//! Claims about socketmap answers.

mod answers_for_sendmail;
mod answers_with_reports;
mod golden_answers;
mod key_files;
mod long_answers;
mod plain_answers;
mod the_closed_grammar;

use std::time::Duration;

use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Mode, Timestamp};

use super::*;
use crate::postfix::socketmap::{
    Answer as Reply, Answered, Form, MAX_ANSWER_BYTES, Socketmap, SocketmapFacts,
};

const FORMS: [Form; 3] = [Form::Plain, Form::Tlsrpt, Form::Sendmail];

fn server(level: Option<Level>) -> SocketmapFacts {
    SocketmapFacts { level, anchors_directory: Some("/var/lib/starttls".into()), ..SocketmapFacts::default() }
}

/// The policy that a decision of origin MTA-STS goes back to.
fn published(case: &Case) -> StsPolicy {
    StsPolicy {
        mode: if case.action == What::LogOnly { Mode::Testing } else { Mode::Enforce },
        mx: case.mx.clone(),
        id: "20260101T000000".into(),
        fetched: Timestamp::from_seconds(1_700_000_000).unwrap(),
        max_age: Duration::from_hours(168),
    }
}

fn answered(facts: &SocketmapFacts, case: &Case, form: Form) -> Answered {
    let sts = (case.origin == Origin::MtaSts).then(|| published(case));
    Socketmap::new(facts.clone()).unwrap().answer(&case.decision(), form, sts.as_ref())
}

fn policy(facts: &SocketmapFacts, case: &Case, form: Form) -> String {
    match answered(facts, case, form).answer {
        Reply::Policy(text) => text,
        other => panic!("{other:?}"),
    }
}

fn gaps(answered: &Answered) -> Vec<&'static str> {
    answered.gaps.iter().map(|code| code.name).collect()
}

fn sts(domain: &str, mx: &[&str]) -> Case {
    Case::new(domain, mx).origin(Origin::MtaSts)
}

/// 256 names of full length, every one with a wildcard.
fn longest() -> Case {
    let label = "a".repeat(63);
    let name = |n: u32| format!("{n:0>3}{}.{label}.{label}.{}.example", "b".repeat(60), "c".repeat(51));
    let mx: Vec<_> =
        (0..256).map(|n| MxPattern::new(starttls_policy::Reach::OneLabel, &name(n)).unwrap()).collect();
    assert_eq!(mx[0].name().len(), 251);
    Case { mx, ..sts("sts.example", &["x.example"]) }
}

mod decisions_to_wait {
    use super::*;

    #[test]
    fn are_told_in_every_form() {
        let case = Case::new("a.example", &[]).action(What::Defer);
        for form in FORMS {
            assert_eq!(answered(&server(None), &case, form).answer, Reply::Later);
        }
    }
}
