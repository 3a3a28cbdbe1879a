//! Transcripts: one file per command under tests/cmd, run as a user would; with settings of their own, and without
//! colours and widths of whoever runs them.

#[test]
fn transcripts_are_as_the_program_answers() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.trycmd")
        .env("NO_COLOR", "1")
        .env("CLICOLOR_FORCE", "0")
        .env("COLUMNS", "")
        .env("PATH", "/usr/bin:/bin")
        .env("STARTTLS_CONFIG", "tests/settings/empty.toml");
}

#[test]
fn transcripts_that_keep_state_are_as_the_program_answers() {
    let home = starttls_testkit::world::directory().unwrap();
    let settings = home.path().join("starttls.toml");
    std::fs::write(&settings, "state-dir = \"state\"\n").unwrap();
    let cases = trycmd::TestCases::new();
    cases
        .case("tests/cmd/stateful/*.trycmd")
        .env("NO_COLOR", "1")
        .env("CLICOLOR_FORCE", "0")
        .env("COLUMNS", "")
        .env("PATH", "/usr/bin:/bin")
        .env("STARTTLS_CONFIG", settings.display().to_string())
        .insert_var("[STATE]", home.path().join("state").display().to_string())
        .unwrap();
    // The transcripts run when this is dropped; their state has to be there until then.
    drop(cases);
}
