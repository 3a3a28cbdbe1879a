//! Transcripts: one file per command under tests/cmd, run as a user would.

#[test]
fn transcripts_are_as_the_program_answers() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd").env("NO_COLOR", "1");
}
