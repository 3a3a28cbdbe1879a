//! master.cf, read as master(8) and the daemons read it.
//!
//! `postconf -P` leaves out or garbles overrides in some spellings, such as `{-o name=value}`, so the file itself counts.
//!
//! Spec: master(5); getopt(3) for the arguments of smtp(8).

use std::collections::BTreeMap;

use super::logical_lines::logical;

/// Options of a daemon that stand alone.
const FLAGS: &str = "cdDlSuvVz";
/// Options of a daemon that take a value and set no parameter.
const WITH_VALUE: &str = "imnst";

/// One service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MasterEntry {
    /// The name in front, such as `smtp` or `127.0.0.1:25`.
    pub(super) name: String,
    /// `inet`, `unix`, `fifo` or `pass`.
    pub(super) transport: String,
    /// The chroot column: `y`, `n` or `-`.
    pub(super) chroot: String,
    /// The daemon, such as `smtp`.
    pub(super) command: String,
    /// The arguments of the daemon, with the braces around them removed.
    pub(super) arguments: Vec<String>,
}

/// Parameters that a service sets with `-o`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Overrides {
    /// Parameter to value, as written.
    pub(super) values: BTreeMap<String, String>,
    /// Arguments that the daemon refuses, or takes for something else than they look like.
    pub(super) unreadable: Vec<String>,
}

/// Reads the services of a master.cf; of several with the same name and type the last one counts.
pub(super) fn parse(text: &[u8]) -> Vec<MasterEntry> {
    let mut entries: Vec<MasterEntry> = Vec::new();
    for line in logical(text) {
        let words = words(&line.text);
        let mut fields = words.iter().map(|word| without_braces(word));
        let (Some(name), Some(transport)) = (fields.next(), fields.next()) else { continue };
        // After the type come private, unprivileged, chroot, wakeup and maxproc.
        let chroot = fields.nth(2).unwrap_or_default();
        let Some(command) = fields.nth(2) else { continue };
        entries.retain(|known| known.name != name || known.transport != transport);
        entries.push(MasterEntry { name, transport, chroot, command, arguments: fields.collect() });
    }
    entries
}

impl MasterEntry {
    /// Name and type, as `smtp/unix`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.name, self.transport)
    }

    /// Tells whether it delivers by SMTP: the daemon is smtp(8).
    pub(super) fn is_smtp_client(&self) -> bool {
        self.transport == "unix" && self.command.rsplit('/').next() == Some("smtp")
    }

    /// Reads the arguments as getopt(3) does.
    pub(super) fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::default();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let options = argument.strip_prefix('-').filter(|options| !options.is_empty() && *options != "-");
            let Some(options) = options else {
                overrides.unreadable.push(argument.clone());
                continue;
            };
            for (at, option) in options.char_indices() {
                if FLAGS.contains(option) {
                    continue;
                }
                let rest = options.get(at + option.len_utf8()..).filter(|rest| !rest.is_empty());
                let value = rest.or_else(|| arguments.next().map(String::as_str));
                let set = (option == 'o').then(|| value.and_then(assignment)).flatten();
                match (option, set) {
                    ('o', Some((name, value))) => _ = overrides.values.insert(name, value),
                    (option, _) if WITH_VALUE.contains(option) && value.is_some() => {}
                    _ => overrides.unreadable.push(shown(argument, value.filter(|_| rest.is_none()))),
                }
                break;
            }
        }
        overrides
    }
}

/// An argument with the one behind it, for people.
fn shown(argument: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => format!("{argument} {next}"),
        None => argument.to_owned(),
    }
}

/// `name = value`, with or without blanks around the sign.
///
/// Braces that were not removed already (`-o{ name = value }`) would become part of the name.
fn assignment(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (name.to_owned(), value.trim().to_owned()))
}

/// Splits at blanks that stand outside of braces.
fn words(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_blank = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c.is_ascii_whitespace()
    };
    text.split(is_blank).filter(|word| !word.is_empty()).collect()
}

/// A word without the braces around it; one whose first brace closes before its end stays as it is.
fn without_braces(word: &str) -> String {
    let mut depth = 0_usize;
    let closes_early = word.char_indices().any(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && at + c.len_utf8() < word.len()
    });
    let inner = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.filter(|_| !closes_early).map_or_else(|| word.to_owned(), |inner| inner.trim().to_owned())
}

#[cfg(test)]
mod services {
    use proptest::prelude::*;

    use super::*;

    fn one(arguments: &str) -> MasterEntry {
        let text = format!("smtp unix - - y - - smtp {arguments}\n");
        parse(text.as_bytes()).remove(0)
    }

    #[test]
    fn are_read_over_several_lines() {
        let text = b"# c\nsmtp inet n - y - - smtpd\nsmtp  unix - - n - - smtp\n  -o a=b\n# c\n\n  -o c=d\n\
            bad line\nsmtp unix - - y - - /usr/lib/postfix/sbin/smtp -v\n";
        let entries = parse(text);
        let seen: Vec<_> =
            entries.iter().map(|entry| (entry.id(), entry.chroot.as_str(), entry.is_smtp_client())).collect();
        assert_eq!(seen, [("smtp/inet".into(), "y", false), ("smtp/unix".into(), "y", true)]);
        assert_eq!(entries[1].arguments, ["-v"], "the last one counts");
    }

    #[test]
    fn fault_every_spelling_of_an_override_is_read_or_named() {
        for arguments in [
            "-o name=value x",
            "-o name=value\n  -o x=",
            "-oname=value",
            "-o { name = value x }",
            "-o {name=value x}",
            "-o {  name  =  value x  }",
            "{-o name = value x}",
            "{-oname=value x}",
            "-vo name=value",
            "-v -o\n# comment\n {name=value x}",
            "-o name=first -o name=value",
        ] {
            let overrides = one(arguments).overrides();
            let value = overrides.values.get("name").map(String::as_str);
            assert!(matches!(value, Some("value" | "value x")), "{arguments}: {overrides:?}");
        }
        for arguments in [
            "-o{ name = value }",
            "-o{name=value}",
            "-o name = value",
            "-o name",
            "-o",
            "-o { name = value",
            "-o {{ name = value }}",
            "name=value",
            "-x",
            "--",
            "-",
        ] {
            let overrides = one(arguments).overrides();
            assert!(!overrides.unreadable.is_empty(), "{arguments}: {overrides:?}");
            assert_eq!(overrides.values.get("name"), None, "{arguments}");
        }
    }

    #[test]
    fn keep_braces_within_values() {
        let overrides = one("-o { maps = inline:{ a=b, c=d } } -n other").overrides();
        assert_eq!(overrides.values["maps"], "inline:{ a=b, c=d }");
        assert_eq!(overrides.unreadable, Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn of_any_text_are_read_without_panic(text in "[a-z{}=o \n#-]{0,80}") {
            for entry in parse(text.as_bytes()) {
                let _ = entry.overrides();
            }
            let _ = one(&text.replace('\n', " ")).overrides();
        }
    }
}
