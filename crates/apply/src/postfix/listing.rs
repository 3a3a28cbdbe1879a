//! What `postconf` prints: lines of the form `name = value`.

use std::collections::BTreeMap;

/// Reads a listing; a line that begins with a blank continues the one before, and what is no pair is passed over.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = &mut open {
                if !value.is_empty() {
                    value.push(' ');
                }
                value.push_str(line.trim());
            }
            continue;
        }
        settings.extend(open.take());
        open = line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    }
    settings.extend(open);
    settings
}

#[cfg(test)]
mod listings {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn are_pairs_with_continuations() {
        let text = "  stray\nmail_version = 3.7.11\nrelayhost =\nmaps = hash:/a,\n    texthash:/b\n\tcdb:/c\n\
                    no pair\n  of nothing\nx = a=b\n";
        let expected = [
            ("mail_version", "3.7.11"),
            ("maps", "hash:/a, texthash:/b cdb:/c"),
            ("relayhost", ""),
            ("x", "a=b"),
        ];
        let expected: BTreeMap<String, String> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(parse(text), expected);
    }

    proptest! {
        #[test]
        fn come_back_as_printed(settings in prop::collection::btree_map(
            "[a-z][a-z0-9_/*-]{0,20}",
            "([!-~]([ -~]{0,40}[!-~])?)?",
            0..20,
        )) {
            let text = settings.iter().fold(String::new(), |text, (name, value)| text + name + " = " + value + "\n");
            prop_assert_eq!(parse(&text), settings);
        }

        #[test]
        fn of_any_text_are_read_without_panic(text in any::<String>()) {
            for (name, value) in parse(&text) {
                prop_assert!(!name.contains('\n') && !value.contains('\n'));
            }
        }
    }
}
