//! Transcripts: one file per command under tests/cmd, run as a user would; with settings of their own, so that those of
//! the machine do not count.

#[test]
fn transcripts_are_as_the_program_answers() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.trycmd")
        .env("NO_COLOR", "1")
        .env("STARTTLS_CONFIG", "tests/settings/empty.toml");
}
