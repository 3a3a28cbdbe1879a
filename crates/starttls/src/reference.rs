//! docs/commands.md, docs/findings.md and docs/settings.md: made from the code, and held to it by tests.

use std::fmt::Write;

use clap::CommandFactory;
use starttls_mta::postfix::socketmap::SENDMAIL_SHORTFALLS;

use crate::cli::Cli;
use crate::settings::role::Role;
use crate::settings::{Daemon, Decide, General, ListTable, Postfix, Update};

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
    add_codes(&mut text, "sendmail's `FEATURE(sts)`: what it cannot be told", SENDMAIL_SHORTFALLS);
    add_codes(&mut text, "Postfix: activation", starttls_apply::postfix::FINDINGS);
    let sources: Vec<_> = starttls_sources::codes().copied().collect();
    add_codes(&mut text, "Lists fetched and accepted", &sources);
    add_codes(&mut text, "Relax orders", starttls_trust::relax::CODES);
    add_codes(&mut text, "What a domain publishes", starttls_discover::CODES);
    add_codes(&mut text, "Updates and their status", &crate::update::FINDINGS);
    text
}

fn add_codes(text: &mut String, title: &str, codes: &[starttls_policy::Code]) {
    write!(text, "\n## {title}\n\n| code | severity | meaning |\n|---|---|---|\n").unwrap();
    for code in codes {
        writeln!(text, "| `{}` | {} | {} |", code.name, code.severity, code.meaning.replace('|', "\\|"))
            .unwrap();
    }
}

const SETTINGS_INTRO: &str = "\
# Settings

One TOML file, `/etc/starttls/starttls.toml` unless `--config` or `STARTTLS_CONFIG` names another; without it every key has
its default. Relative paths begin in the directory of the file. Options of the command line win over settings. Secrets
stand in files of their own, named by keys that end in `-file`. A key that is not on this page is an error.

`starttls settings check` tells everything that is wrong, with line and column; `starttls settings show` prints what holds and
where it came from. [../examples/starttls.toml](../examples/starttls.toml) is a commented example. This page is made from the
program: `UPDATE_REFERENCE=1 cargo test -p starttls`.
";

fn settings() -> String {
    let mut text = SETTINGS_INTRO.to_owned();
    add_role::<General>(&mut text, "General");
    add_role::<Decide>(&mut text, "`[decide]`");
    add_role::<Postfix>(&mut text, "`[postfix]`");
    add_role::<Update>(&mut text, "`[update]`");
    add_role::<Daemon>(&mut text, "`[daemon]`");
    add_role::<ListTable>(&mut text, "`[[list]]`");
    text
}

fn add_role<R: Role>(text: &mut String, title: &str) {
    let joined = |lines: &[&str]| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    write!(text, "\n## {title}\n\n{}\n\n| key | default | meaning |\n|---|---|---|\n", joined(R::ABOUT))
        .unwrap();
    let defaults = R::default().shown();
    for (key, shown) in R::KEYS.iter().zip(defaults) {
        assert_eq!(key.name, shown.key);
        let default = shown.value.map_or_else(|| "–".to_owned(), |value| format!("`{value}`"));
        writeln!(text, "| `{}` | {default} | {} |", key.name, joined(key.doc).replace('|', "\\|")).unwrap();
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
fn settings_are_as_the_program_reads_them() {
    hold("settings.md", &settings());
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
