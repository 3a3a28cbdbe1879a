//! The configuration that the project's pages show, read by the programs that it is for.
//!
//! Claim: what is pasted means what it says. Blocks that need no server are tested in `crates/starttls/tests/documents.rs`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::network::{output, sealed};
use starttls_e2e::site::Site;
use starttls_e2e::tree::Tree;
use starttls_testkit::documents::{Block, blocks, inline_settings, project};

macro_rules! main_cf {
    ($($tree:ident),*) => {
        $(
            mod $tree {
                #[test]
                #[ignore = "needs unpacked servers: run `./test e2e`"]
                fn fault_blocks_for_main_cf_mean_what_they_say() -> anyhow::Result<()> {
                    let test = concat!(stringify!($tree), "::fault_blocks_for_main_cf_mean_what_they_say");
                    super::sealed(test, |trees, site| {
                        super::main_cf_blocks(&super::Tree::mount(trees, stringify!($tree), &site)?, &site)
                    })
                }
            }
        )*
    };
}

main_cf!(bookworm, backports, trixie, sid);

/// Every block and every setting in running text: `postconf` knows each parameter, warns of nothing, and reads the value that stands
/// there.
fn main_cf_blocks(tree: &Tree, site: &Site) -> Result<()> {
    let defaults = output(tree.command("postconf").arg("-d"))?;
    let is_known =
        |block: &Block| pairs(&block.text).iter().all(|(name, _)| defaults.contains(&format!("\n{name} =")));
    let shown = blocks()?.into_iter().filter(|block| block.kind == "ini main.cf");
    // Text has settings of other programs, too, and of later versions.
    let inline = inline_settings()?.into_iter().filter(|block| is_known(block));
    let all: Vec<_> = shown.chain(inline).collect();
    ensure!(all.len() > 3, "blocks are missing: {all:?}");
    let dist = output(tree.command("cat").arg("/usr/share/postfix/master.cf.dist"))?;
    site.write("/lab/doc/master.cf", &dist)?;
    for block in all {
        let place = format!("{}:{}", block.page.display(), block.line);
        check_main_cf(tree, site, &block.text).with_context(|| place)?;
    }
    // The check itself: a comment behind a value is part of the value.
    let wrong = "smtp_tls_security_level = may    # or dane\n";
    let read = read_back(tree, site, wrong, "smtp_tls_security_level")?;
    ensure!(read.contains('#'), "Postfix reads `{read}`");
    Ok(())
}

fn check_main_cf(tree: &Tree, site: &Site, text: &str) -> Result<()> {
    for (name, value) in pairs(text) {
        let read = read_back(tree, site, text, name)?;
        ensure!(read == value && !value.contains('#'), "{name} is `{read}`, meant is `{value}`");
    }
    let listed = tree.command("postconf").args(["-c", "/lab/doc", "-n"]).output()?;
    let words = String::from_utf8_lossy(&listed.stderr).into_owned();
    ensure!(listed.status.success() && words.is_empty(), "postconf: {words}");
    Ok(())
}

fn read_back(tree: &Tree, site: &Site, text: &str, name: &str) -> Result<String> {
    site.write("/lab/doc/main.cf", &format!("compatibility_level = 3.6\n{text}"))?;
    let read = output(tree.command("postconf").args(["-c", "/lab/doc", "-h", name]))?;
    Ok(read.trim().to_owned())
}

/// Names and values, as a person reads them.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect()
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn fault_blocks_for_sendmail_make_its_map() -> Result<()> {
    sealed("fault_blocks_for_sendmail_make_its_map", |trees, site| {
        let tree = Tree::mount(trees, "sendmail", &site)?;
        let blocks: Vec<_> = blocks()?.into_iter().filter(|block| block.kind == "m4 sendmail.mc").collect();
        ensure!(!blocks.is_empty(), "no block for sendmail");
        for block in blocks {
            let text = format!("OSTYPE(`linux')dnl\n{}MAILER(`smtp')dnl\n", block.text);
            site.write("/lab/doc/sendmail.mc", &text)?;
            let macros = "/usr/share/sendmail/cf";
            let made = output(
                tree.command("m4")
                    .arg(format!("-D_CF_DIR_={macros}/"))
                    .arg(format!("{macros}/m4/cf.m4"))
                    .arg("/lab/doc/sendmail.mc"),
            )?;
            let map = made.lines().find(|line| line.starts_with("Ksts ")).unwrap_or_default();
            ensure!(map == "Ksts socket -d90 -T<TMPF> inet:8461@127.0.0.1", "the map is `{map}`");
        }
        Ok(())
    })
}

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn fault_units_are_understood_with_each_line_that_they_offer() -> Result<()> {
    sealed("fault_units_are_understood_with_each_line_that_they_offer", |trees, site| {
        let tree = Tree::mount(trees, "systemd", &site)?;
        for entry in fs::read_dir(project().join("packaging/systemd"))? {
            let path = entry?.path();
            let name = path.file_name().context("no name")?.to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            for (kind, text) in [("shipped", text.clone()), ("offered", offered(&text))] {
                site.write(&format!("/lab/{kind}/{name}"), &text)?;
            }
        }
        for kind in ["shipped", "offered"] {
            let line = format!("systemd-analyze verify --man=no --recursive-errors=no /lab/{kind}/*");
            let verified = tree.shell(&line).output()?;
            let words = String::from_utf8_lossy(&verified.stderr).into_owned();
            let expected = ["is not executable", "ignoring: notify-reload"];
            let surprising: Vec<_> = words
                .lines()
                .filter(|line| {
                    line.contains("starttls") && !expected.iter().any(|known| line.contains(known))
                })
                .collect();
            ensure!(surprising.is_empty(), "{kind}: {surprising:#?}");
            println!("{kind}: {words}");
        }
        let users = fs::read_to_string(project().join("packaging/sysusers/starttls.conf"))?;
        site.write("/lab/users/starttls.conf", &users)?;
        output(tree.command("systemd-sysusers").args(["--dry-run", "/lab/users/starttls.conf"])).map(drop)
    })
}

/// A unit with all its lines that are commented out: `#Key=value`, no blank behind the `#`.
fn offered(text: &str) -> String {
    let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest.contains('=');
    let lines = text.lines().map(|line| line.strip_prefix('#').filter(|rest| is_key(rest)).unwrap_or(line));
    lines.fold(String::new(), |text, line| text + line + "\n")
}
