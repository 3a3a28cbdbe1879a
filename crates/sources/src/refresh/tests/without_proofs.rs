//! Sources without proofs: the list speaks for its own age.

use super::*;
use crate::settings::Ended;
use crate::testing::world::list_text;

fn list(serial: u64, expires: &str) -> String {
    list_text(serial, &format!("2026-11-{serial:02}T00:00:00Z"), expires, "")
}

fn write(bench: &Bench, text: &str) {
    fs::write(bench.holder.path().join("list.json"), text).unwrap();
}

const YEAR_END: &str = "2026-12-31T00:00:00Z";

#[test]
fn an_unsigned_file_is_used_and_called_unsigned() {
    let bench = Bench::unsigned(&list(10, YEAR_END));
    let refreshed = bench.refresh(&day(11));
    assert_eq!((&refreshed.outcome, refreshed.state), (&Outcome::Accepted, State::Fresh));
    assert_eq!(refreshed.in_force.list().unwrap().trust, TrustKind::Unsigned);
    assert!(refreshed.findings.iter().any(|finding| finding.code == "source.unsigned"));
    let status = serde_json::to_value(bench.status(&day(11))).unwrap();
    assert_eq!(status["trust"], "unsigned");
    assert_eq!(status["list"]["signers"], serde_json::json!([]));
    assert_eq!(status["list"]["effective-end"], YEAR_END);
}

#[test]
fn an_unsigned_file_may_be_edited_at_will() {
    let bench = Bench::unsigned(&list(10, YEAR_END));
    bench.refresh(&day(11));
    write(&bench, &list(10, YEAR_END).replace("mx.a.example", "mx2.a.example"));
    let refreshed = bench.refresh(&day(11));
    assert_eq!(refreshed.outcome, Outcome::Accepted);
    let findings = &refreshed.in_force.list().unwrap().findings;
    assert!(findings.iter().any(|finding| finding.code == "source.serial-not-raised"), "{findings:?}");
}

#[test]
fn a_broken_or_missing_file_leaves_the_last_good_list_until_its_end() {
    let bench = Bench::unsigned(&list(10, YEAR_END));
    bench.refresh(&day(11));
    write(&bench, "{ broken");
    let refreshed = bench.refresh(&day(12));
    assert!(matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("list.json")));
    assert_eq!(bench.in_force(&day(12)), Some(10));
    fs::remove_file(bench.holder.path().join("list.json")).unwrap();
    assert_eq!(bench.refresh("2026-12-25T00:00:00Z").state, State::Ageing);
    assert_eq!(bench.refresh(YEAR_END).state, State::Ended);
    assert_eq!(bench.in_force(YEAR_END), None);
}

#[test]
fn a_list_that_has_ended_is_refused_unless_the_operator_says_otherwise() {
    let mut bench = Bench::unsigned(&list(10, &day(12)));
    let refreshed = bench.refresh(&day(12));
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("ended at")),
        "{refreshed:?}"
    );
    bench.settings.ended = Ended::Accepted;
    let refreshed = bench.refresh(&day(12));
    assert_eq!((&refreshed.outcome, refreshed.state), (&Outcome::Accepted, State::Fresh));
    let loaded = refreshed.in_force.list().unwrap();
    assert_eq!(loaded.effective_end, None);
    assert!(loaded.findings.iter().any(|finding| finding.code == "source.beyond-end"));
    bench.settings.ended = Ended::Refused;
    assert_eq!(bench.in_force(&day(12)), None, "his word counts from now on");
}

#[test]
fn warnings_begin_when_the_operator_wants_them() {
    let mut bench = Bench::unsigned(&list(10, YEAR_END));
    bench.settings.warn_before = crate::settings::Span::parse("2d").unwrap();
    assert_eq!(bench.refresh("2026-12-28T23:59:59Z").state, State::Fresh);
    assert_eq!(bench.refresh("2026-12-29T00:00:00Z").state, State::Ageing);
}
