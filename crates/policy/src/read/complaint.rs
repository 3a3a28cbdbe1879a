//! What the JSON reader complains of, in plain words with the cure.
//!
//! Its own words name types of the program (`u64`, "a sequence") and states of the parser. A value of the wrong type
//! is pointed at where it begins, anything else where the reader stopped.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use super::error::{At, Failure, Fault, shortened};

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        match wrong_value(message) {
            Some(message) => Self::new(Fault::Json { message }, At::Value, []),
            None => {
                let message = plain(message).map_or_else(|| shortened(message), ToOwned::to_owned);
                Self::new(Fault::Json { message }, At::Position(error.line(), error.column()), [])
            }
        }
    }
}

/// A value of the wrong type or range: what is wanted, and what stands there.
fn wrong_value(message: &str) -> Option<String> {
    let said = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    // A text that stands there may hold these words too.
    let (found, wanted) = said.rsplit_once(", expected ")?;
    let wanted = match wanted {
        "u64" => "a whole number from 0",
        "a boolean" => "`true` or `false`",
        other => other,
    };
    Some(format!("want {wanted}, not {}", value(found)))
}

/// The value that stands there; a text of a megabyte is quoted in part.
fn value(found: &str) -> String {
    let kinds = [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ];
    let known = kinds.iter().find_map(|(prefix, kind)| Some((kind, found.strip_prefix(prefix)?)));
    match (known, found) {
        (Some((kind, value)), _) => format!("{kind}{}", shortened(value)),
        (None, "map") => "an object".into(),
        (None, "sequence") => "an array".into(),
        (None, other) => shortened(other),
    }
}

/// Text that is no JSON.
fn plain(message: &str) -> Option<&'static str> {
    Some(match message {
        "EOF while parsing a list" => "the text ends in the middle: a `]` is missing",
        "EOF while parsing an object" => "the text ends in the middle: a `}` is missing",
        "EOF while parsing a string" => "the text ends in the middle: a `\"` is missing",
        "EOF while parsing a value" => "the text ends in the middle: a value is missing",
        "expected `:`" => "want `:` between the name of a member and its value",
        "expected `,` or `]`" => "want `,` before the next item, or `]` at the end of the array",
        "expected `,` or `}`" => "want `,` before the next member, or `}` at the end of the object",
        "expected ident" => "want a value; the words are `true`, `false` and `null`, without quotes",
        "expected value" => {
            "want a value: a text in double quotes, a number, an object `{…}` or an array `[…]`"
        }
        "key must be a string" => "want the name of a member, in double quotes",
        "trailing comma" => "remove the comma: nothing follows it",
        "trailing characters" => "text behind the end of the list; remove it",
        "recursion limit exceeded" => "nested deeper than 127 levels; no list needs that",
        "invalid escape" => "`\\` begins an escape, and this is none; a backslash itself is written `\\\\`",
        "invalid number" => "this is no number as JSON writes them",
        "number out of range" => "the number is too large",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a line break or another control character in a text; close its quotes, or write `\\n` and the like"
        }
        "invalid unicode code point"
        | "lone leading surrogate in hex escape"
        | "unexpected end of hex escape" => {
            "`\\u` wants four hexadecimal digits, or a surrogate pair of two escapes"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod complaints {
    use crate::read::{Fault, ReadError, list};

    fn refused(text: &str) -> ReadError {
        list(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn of_broken_text_say_the_cure() {
        for (text, words) in [
            ("{\"version\": \"1\"", "a `}` is missing"),
            ("{\"version\": \"1\", \"policies\": ", "a value is missing"),
            ("{\"version\": \"1", "a `\"` is missing"),
            ("{\"version\": \"1\", \"x-a\": [1", "a `]` is missing"),
            ("{version: \"1\"}", "in double quotes"),
            ("{\"version\" \"1\"}", "want `:`"),
            ("{\"version\": \"1\" \"a\"}", "want `,` before the next member"),
            ("{\"version\": \"1\", \"x-a\": [1 2]}", "want `,` before the next item"),
            ("{\"version\": \"1\",}", "remove the comma"),
            ("{\"version\": \"1\", \"x-a\": [1,]}", "remove the comma"),
            ("{\"version\": \"1\", \"x-a\": yes}", "want a value"),
            ("{\"version\": \"1\", \"x-a\": tru}", "want a value"),
            ("{\"version\": \"1\", \"x-a\": 01}", "no number"),
            ("{\"version\": \"1\", \"x-a\": 1e999}", "too large"),
            ("{\"version\": \"1\", \"x-a\": \"\\x\"}", "is written `\\\\`"),
            ("{\"version\": \"1\", \"x-a\": \"\\ud800\"}", "hexadecimal"),
            ("{\"version\": \"1\", \"x-a\": \"\n\"}", "line break"),
            ("// nothing\n", "no policy list"),
        ] {
            let message = refused(text).to_string();
            assert!(message.contains(words), "{text}: {message}");
        }
        for empty in ["", " \n", "\u{feff}"] {
            assert_eq!(refused(empty).fault, Fault::Empty);
        }
    }

    #[test]
    fn of_wrong_values_say_what_is_wanted_and_point_at_it() {
        let head = "\"version\": \"1\",\n";
        for (text, words, path, value) in [
            (
                "\"serial\": \"seven\"",
                "want a whole number from 0, not the text \"seven\"",
                "$.serial",
                "\"seven",
            ),
            ("\"serial\": -1", "want a whole number from 0, not the number `-1`", "$.serial", "-1"),
            ("\"serial\": 1.5", "want a whole number from 0, not the number `1.5`", "$.serial", "1.5"),
            ("\"author\":  null", "want a text in quotes, not null", "$.author", "null"),
            ("\"author\": [\n]", "want a text in quotes, not an array", "$.author", "["),
            ("\"policies\": [1]", "want an object `{…}`, not an array", "$.policies", "[1]"),
            (
                "\"policies\": {\"a.example\": {\"mx\": [\"mx.a.example\", true]}}",
                "want a text in quotes, not `true`",
                "$.policies[\"a.example\"].mx[1]",
                "true",
            ),
            (
                "\"policies\": {\"a.example\": {\"mx\": \", expected u64\"}}",
                "want an array of texts, not the text \", expected u64\"",
                "$.policies[\"a.example\"].mx",
                "\", expected",
            ),
        ] {
            let error = refused(&alloc::format!("{{{head}{text}}}"));
            let shown: alloc::string::String = error.excerpt.text.chars().skip(error.excerpt.caret).collect();
            assert_eq!(
                (error.to_string().as_str(), alloc::format!("{}", error.path).as_str()),
                (words, path)
            );
            assert!(error.line == 2 && shown.starts_with(value), "{text}: {shown}");
        }
        let original = refused(r#"{"mx-domains": {".a.example": {"require-tls": "yes"}}}"#);
        assert_eq!(original.to_string(), "want `true` or `false`, not the text \"yes\"");
        let pinset = refused(r#"{"mx-domains": {}, "pinsets": [{"static_spki_hashes": ["a", 1]}]}"#);
        assert_eq!(alloc::format!("{}", pinset.path), "$.pinsets[0].static_spki_hashes[1]");
    }

    #[test]
    fn of_nesting_begin_at_128_levels() {
        let nested = |levels: usize| {
            let (opening, closing) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            refused(&alloc::format!("{{\"version\": \"1\", \"x-a\": {opening}{closing}}}")).to_string()
        };
        assert_eq!(nested(127), "the member `author` is missing");
        assert_eq!(nested(128), "nested deeper than 127 levels; no list needs that");
    }
}
