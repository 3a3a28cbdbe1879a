//! docs/commands.md and docs/findings.md: made from the code, and held to it by tests.

use std::fmt::Write;

use clap::CommandFactory;

use crate::cli::Cli;

const COMMANDS_INTRO: &str = "\
# Commands

Every command with its options, as `--help` prints them. This page is made from the program:
`UPDATE_REFERENCE=1 cargo test -p starttls`.
";

const FINDINGS_INTRO: &str = "\
# Findings

Every code that a message may carry. Codes are permanent; scripts may rely on them. This page is made from the program:
`UPDATE_REFERENCE=1 cargo test -p starttls`.
";

fn commands() -> String {
    let mut text = COMMANDS_INTRO.to_owned();
    let mut root = Cli::command().term_width(100);
    root.build();
    add_command(&mut text, &mut root, "starttls");
    text
}

fn add_command(text: &mut String, command: &mut clap::Command, path: &str) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(text, "\n## {path}\n\n```text\n{}\n```\n", help.join("\n").trim_end()).unwrap();
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        add_command(text, below, &path);
    }
}

fn findings() -> String {
    let mut text = FINDINGS_INTRO.to_owned();
    add_codes(&mut text, "Policy lists", starttls_policy::check::CODES);
    for mta in starttls_mta::ALL {
        add_codes(&mut text, &format!("{}: what it cannot express", mta.title()), mta.shortfalls());
        add_codes(&mut text, &format!("{}: the server itself", mta.title()), mta.findings());
    }
    add_codes(&mut text, "Postfix: activation", starttls_apply::postfix::FINDINGS);
    text
}

fn add_codes(text: &mut String, title: &str, codes: &[starttls_policy::Code]) {
    write!(text, "\n## {title}\n\n| code | severity | meaning |\n|---|---|---|\n").unwrap();
    for code in codes {
        writeln!(text, "| `{}` | {} | {} |", code.name, code.severity, code.meaning.replace('|', "\\|"))
            .unwrap();
    }
}

fn hold(name: &str, text: &str) {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/{name} is not up to date; run: UPDATE_REFERENCE=1 cargo test -p starttls");
}

#[test]
fn commands_are_as_the_program_says() {
    hold("commands.md", &commands());
}

#[test]
fn findings_are_as_the_program_says() {
    hold("findings.md", &findings());
}

#[test]
fn every_option_has_help() {
    fn look(command: &clap::Command) {
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            assert!(arg.get_help().is_some(), "{} of {} has no help", arg.get_id(), command.get_name());
        }
        command.get_subcommands().for_each(look);
    }
    let mut root = Cli::command();
    root.build();
    look(&root);
}
