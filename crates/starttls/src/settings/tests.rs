//! Settings: what is read, what is refused and in which words.

use super::*;

fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
    Settings::parse(text, Path::new("/etc/starttls"))
}

/// Each fault as `LINE:COLUMN KEY: TEXT`.
fn faults(text: &str) -> Vec<String> {
    let problems = parse(text).unwrap_err();
    problems.iter().map(|p| format!("{}:{} {}: {}", p.place.line, p.place.column, p.key, p.text)).collect()
}

const ALL_KINDS: &str = r#"
[[list]]
name = "everywhere"
trust = "witnessed"
root = "everywhere-root.note"
urls = ["https://a.example/list", "https://b.example/list/"]
[[list]]
name = "eff"
trust = "openpgp"
certificate = "/etc/starttls/eff.pgp"
urls = ["https://c.example/policy.json"]
max-mode = "testing"
only = ["*.de"]
[[list]]
name = "git"
trust = "git-tag"
certificate = "git.pgp"
repository = "https://d.example/policy.git"
tag-prefix = "list-"
path = "policy.json"
[[list]]
name = "partners"
trust = "unsigned"
file = "partners.json"
may-relax = true
"#;

mod are_read {
    use starttls_policy::merge::Relaxing;
    use starttls_sources::settings::{Copies, SignedCopy, Trust};

    use super::*;

    #[test]
    fn from_nothing_as_defaults() {
        let settings = parse("").unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.state_dir(), Path::new("/var/lib/starttls"));
        assert_eq!(settings.decide.choices(), starttls_policy::decide::Choices::default());
    }

    #[test]
    fn into_types_that_carry_what_each_trust_needs() {
        let lists = parse(ALL_KINDS).unwrap().lists;
        let kinds: Vec<&str> = lists.iter().map(|source| source.trust.name()).collect();
        assert_eq!(kinds, ["witnessed", "openpgp", "git-tag", "unsigned"]);
        assert_eq!(lists[0].trust.anchor(), Some(Path::new("/etc/starttls/everywhere-root.note")));
        let Trust::Witnessed(witnessed) = &lists[0].trust else { panic!() };
        let Published::Urls(urls) = &witnessed.place else { panic!() };
        assert!(urls.iter().all(|url| url.as_str().ends_with("/list/")));
        let Trust::OpenPgp(openpgp) = &lists[1].trust else { panic!() };
        let Copies::Urls(copies) = &openpgp.copies else { panic!() };
        let SignedCopy::Detached { signature, .. } = &copies[0] else { panic!() };
        assert_eq!(signature.as_str(), "https://c.example/policy.json.asc");
        assert_eq!(lists[3].scope.relaxing, Relaxing::Allowed);
    }

    #[test]
    fn fault_15_resolvers_as_one_or_as_a_list_and_again() {
        for (text, want) in [
            ("[daemon]\nresolver = \"127.0.0.1:53\"\n", &["127.0.0.1:53"][..]),
            ("[daemon]\nresolver = [\"127.0.0.1:53\", \"[::1]:5353\"]\n", &["127.0.0.1:53", "[::1]:5353"]),
            ("[daemon]\n", &[]),
        ] {
            let settings = parse(text).unwrap();
            let named: Vec<_> = settings.daemon.resolver.value.0.iter().map(ToString::to_string).collect();
            assert_eq!(named, want);
            let again = parse(&settings.to_toml(show::Words::Plain)).unwrap();
            assert_eq!(again.daemon.resolver.value, settings.daemon.resolver.value);
        }
        for faulty in ["[]", "[\"localhost\"]", "53", "\"127.0.0.1\""] {
            assert!(parse(&format!("[daemon]\nresolver = {faulty}\n")).is_err(), "{faulty}");
        }
    }

    #[test]
    fn again_from_what_show_prints() {
        let text = format!(
            "state-dir = \"state\"\n[decide]\nmin-tls = \"as-listed\"\n[update]\nalert-command = [\"/bin/page\", \"a b\"]\n{ALL_KINDS}"
        );
        let settings = parse(&text).unwrap();
        let shown = settings.to_toml(show::Words::Plain);
        let again = parse(&shown).unwrap_or_else(|problems| panic!("{problems:?}\n{shown}"));
        assert_eq!(again.lists, settings.lists);
        let plain = |settings: &Settings| {
            let text = settings.to_toml(show::Words::Plain);
            text.lines().map(|line| line.split("  #").next().unwrap().trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(plain(&again), plain(&settings));
        assert!(shown.contains("# line 3") && shown.contains("# default"), "{shown}");
    }

    #[test]
    fn from_the_example() {
        let text = include_str!("../../../../examples/starttls.toml");
        assert_eq!(parse(text).unwrap().lists.len(), 1);
        // What is commented out there must be right, too: keys of all tables, and one list of each kind.
        let lines = text
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
        let uncommented = lines.collect::<Vec<_>>().join(
            "
",
        );
        let all = parse(&uncommented).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(all.lists.len(), 4);
    }

    use starttls_sources::settings::Place as Published;
}

mod are_refused {
    use super::*;

    #[test]
    fn with_every_fault_at_its_place() {
        let text = "state_dir = \"/x\"\n[decide]\nmin-tls = \"TLSv9\"\nmin-tsl = 1\n[postfix]\n  table-type = \"btree\"\nstrict = \"yes\"\n[colour]\n";
        assert_eq!(
            faults(text),
            [
                "1:1 state_dir: there is no such key; do you mean `state-dir`?",
                "3:11 decide.min-tls: want TLSv1, TLSv1.1, TLSv1.2, TLSv1.3 or as-listed",
                "4:1 decide.min-tsl: there is no such key; do you mean `min-tls`?",
                "6:16 postfix.table-type: want one of texthash, hash, lmdb, cdb",
                "7:10 postfix.strict: want `true` or `false`, without quotes",
                "8:2 colour: there is no such key; known here: state-dir, decide, postfix, update, daemon, list",
            ]
        );
    }

    #[test]
    fn where_a_list_does_not_fit_together() {
        let head = "[[list]]\nname = \"a\"\n";
        let witnessed = format!("{head}trust = \"witnessed\"\nroot = \"r\"\n");
        let openpgp = format!("{head}trust = \"openpgp\"\ncertificate = \"c\"\n");
        let git =
            format!("{head}trust = \"git-tag\"\ncertificate = \"c\"\nrepository = \"/r\"\npath = \"p\"\n");
        for (text, want) in [
            ("[[list]]\ntrust = \"unsigned\"\nfile = \"f\"\n".to_owned(), "1:1 list[1].name: is missing"),
            (format!("{head}file = \"f\"\n"), "list[1].trust: is missing"),
            (format!("{head}trust = \"gpg\"\n"), "3:9 list[1].trust: want `witnessed`"),
            (
                format!("{head}trust = \"unsigned\"\nfile = \"f\"\nroot = \"r\"\n"),
                "5:1 list[1].root: belongs to trust `witnessed`; this list has `unsigned`",
            ),
            (format!("{head}trust = \"unsigned\"\n"), "list[1].file: is missing"),
            (
                format!("{head}trust = \"unsigned\"\nurls = [\"https://a.example/\"]\n"),
                "list[1].urls: belongs to trust `witnessed` or `openpgp`",
            ),
            (witnessed.clone(), "list[1].urls: is missing: say where the list is published"),
            (format!("{witnessed}urls = []\n"), "list[1].urls: want at least one"),
            (
                format!("{witnessed}urls = [\"http://a.example/\"]\n"),
                "5:8 list[1].urls: the address is not encrypted; write `https://`",
            ),
            (
                format!("{witnessed}urls = [\"https://a.example/\", \"https://a.example/\"]\n"),
                "stands there twice",
            ),
            (format!("{witnessed}urls = [\"https://a.example/?x\"]\n"), "no part behind `?`"),
            (
                format!("{witnessed}urls = [\"https://a.example/\"]\ndirectory = \"d\"\n"),
                "exclude each other",
            ),
            (
                format!("{witnessed}directory = \"d\"\nallow-expired = true\n"),
                "list[1].allow-expired: belongs to trust",
            ),
            (format!("{openpgp}file = \"f\"\nurls = [\"https://a.example/\"]\n"), "exclude each other"),
            (
                format!("{openpgp}signature = \"clearsigned\"\nfile = \"f\"\nsignature-file = \"s\"\n"),
                "carries its signature",
            ),
            (
                format!("{openpgp}urls = [\"https://a.example/\"]\nsignature-urls = []\n"),
                "one for each of `urls`",
            ),
            (
                format!("{openpgp}urls = [\"https://a.example/\"]\nsignature-file = \"f\"\n"),
                "goes with `file`",
            ),
            (git.clone(), "list[1].tag: is missing"),
            (format!("{git}tag = \"a\"\ntag-prefix = \"b\"\n"), "exclude each other"),
            (format!("{git}tag = \"-d\"\n"), "list[1].tag: a tag's name here"),
            (
                format!("{head}trust = \"unsigned\"\nfile = \"f\"\nonly = [\"*\"]\n"),
                "list[1].only: want `example.org`",
            ),
            (
                format!("{head}trust = \"unsigned\"\nfile = \"f\"\nwarn-before = 7\n"),
                "list[1].warn-before: want a text in quotes",
            ),
            (
                format!("{head}trust = \"unsigned\"\nfile = \"f\"\nwarn-before = \"soon\"\n"),
                "want a span of time",
            ),
            (
                format!(
                    "{ALL_KINDS}{head}trust = \"unsigned\"\nfile = \"f\"\n[[list]]\nname = \"eff\"\ntrust = \"unsigned\"\nfile = \"f\"\n"
                ),
                "list[6].name: another list has the name `eff`",
            ),
            (
                "[[list]]\nname = \"../x\"\ntrust = \"unsigned\"\nfile = \"f\"\n".to_owned(),
                "2:8 list[1].name: a name here is 1 to 32",
            ),
            ("[list]\nname = \"a\"\n".to_owned(), "headed `[[list]]`"),
            ("list = [1]\n".to_owned(), "headed `[[list]]`"),
            ("decide = 1\n".to_owned(), "headed `[decide]`"),
        ] {
            let faults = faults(&text);
            // A key of another trust leaves the one missing that is needed.
            let expected = if want.contains("`witnessed` or `openpgp`") { 2 } else { 1 };
            let is_told = faults.iter().any(|fault| fault.contains(want));
            assert!(faults.len() == expected && is_told, "{text}\n{want}\n{faults:#?}");
        }
    }

    #[test]
    fn where_alerts_do_not_fit_together() {
        for (text, want) in [
            ("alert-command = []", "want a program"),
            ("alert-command = \"page me\"", "want a list"),
            ("alert-mail = \"secret person@example.org\"", "want one mail address"),
            ("mail-from = \"me@example.org\"", "there is mail only with `alert-mail`"),
            ("submission-password = \"hunter2\"", "there is no such key"),
        ] {
            let faults = faults(&format!("[update]\n{text}\n"));
            assert!(faults.len() == 1 && faults[0].contains(want), "{text}: {faults:?}");
            assert!(!faults[0].contains("secret person") && !faults[0].contains("hunter2"), "{faults:?}");
        }
    }

    #[test]
    fn if_they_are_no_toml() {
        for text in ["[", "a", "a = ", "[decide\n", "a = 1\na = 2", "\u{0}", "= 1", "[decide]\n[decide]\n"] {
            let faults = faults(text);
            assert!(faults[0].contains("this is no TOML"), "{text:?}: {faults:?}");
        }
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
        let wide = format!("{} = 1", "a.".repeat(50_000) + "b");
        assert!(parse(&wide).is_err());
    }

    #[test]
    fn without_counting_bytes_as_columns() {
        assert_eq!(faults("[decide]\n\"ä\" = 1\n# ä\nmin-tls = 3 # ä\n").len(), 2);
        assert!(faults("decide = { \"ä\" = 1, min-tls = 3 }")[1].starts_with("1:31 "));
    }
}
