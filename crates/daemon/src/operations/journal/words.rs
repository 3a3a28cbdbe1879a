//! Words about a failure as they may be shown: one short line, no address, no secret of a URL.
//!
//! Errors of ours name no persons, but they quote what others sent.

/// As long as a line on a page.
const MAX_CHARS: usize = 240;

/// What takes the place of a word that may name a person.
const HIDDEN: &str = "…";

/// One line that may be shown.
pub(super) fn presentable(words: &str) -> String {
    let shown = words
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| {
            if word.contains('@') {
                // An address, or a URL with a user's name.
                return HIDDEN.to_owned();
            }
            match word.split_once('?') {
                // What follows may be a token.
                Some((before, after)) if word.contains("://") && !after.is_empty() => {
                    format!("{before}?{HIDDEN}")
                }
                _ => word.to_owned(),
            }
        });
    let line = shown.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_CHARS {
        return line;
    }
    line.chars().take(MAX_CHARS).chain(HIDDEN.chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_and_tokens_are_hidden() {
        for (words, shown) in [
            ("no such user `alice@example.org`", "no such user …"),
            ("postgres://user:secret@db.example is away", "… is away"),
            ("https://example.org/a?token=s3cret gave 404", "https://example.org/a?… gave 404"),
            ("`max_age` is `x`?", "`max_age` is `x`?"),
            ("two\r\nlines\tand\0more", "two lines and more"),
        ] {
            assert_eq!(presentable(words), shown);
        }
    }

    proptest! {
        #[test]
        fn any_words_become_one_short_line_without_address(words in "(?s).{0,600}") {
            let shown = presentable(&words);
            prop_assert!(!shown.contains('@'));
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(shown.chars().count() <= MAX_CHARS + 1);
        }
    }
}
