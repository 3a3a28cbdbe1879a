//! The value of `smtp_tls_policy_maps`: the operator's tables and ours, taken apart as Postfix does.
//!
//! Tables are separated by blanks and commas, save within braces. Whatever is not ours stays to the letter.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; `DATABASE_README`.

use alloc::string::String;
use core::ops::Range;

/// The parameter.
pub(super) const PARAMETER: &str = "smtp_tls_policy_maps";

/// The value, before expansion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicyMaps<'a>(pub &'a str);

impl<'a> PolicyMaps<'a> {
    /// The tables, in the order in which they are asked.
    pub fn tables(self) -> impl Iterator<Item = &'a str> {
        Spans { text: self.0, at: 0 }.filter_map(move |span| self.0.get(span))
    }

    /// Tells whether something added at the end would be a table of its own: every brace is closed.
    pub fn is_closed(self) -> bool {
        self.tables().last().is_none_or(|table| depth_after(table) == 0)
    }

    /// The value with our table last, once, on one line.
    #[must_use]
    pub fn with(self, table: &str) -> String {
        let mut value = self.without(table).replace(|c: char| c.is_control() && c != '\t', " ");
        value.truncate(value.trim_end().len());
        if !value.is_empty() {
            value.push_str(if value.ends_with(',') { " " } else { ", " });
        }
        value.push_str(table);
        value
    }

    /// The value without our table and the separators in front of it (behind it, where it stands first).
    #[must_use]
    pub fn without(self, table: &str) -> String {
        self.without_those(|known| known == table)
    }

    /// The value without the tables that `is_our_table` names, and the separators as [`Self::without`] removes them.
    #[must_use]
    pub fn without_those(self, is_our_table: impl Fn(&str) -> bool) -> String {
        let mut kept = String::with_capacity(self.0.len());
        let (mut end, mut is_ours, mut starts_with_ours) = (0, false, false);
        for span in (Spans { text: self.0, at: 0 }) {
            is_ours = self.0.get(span.clone()).is_some_and(&is_our_table);
            starts_with_ours |= is_ours && kept.is_empty();
            if !is_ours {
                let from = if kept.is_empty() && starts_with_ours { span.start } else { end };
                kept.push_str(self.0.get(from..span.end).unwrap_or_default());
            }
            end = span.end;
        }
        if !is_ours {
            kept.push_str(self.0.get(end..).unwrap_or_default());
        }
        kept
    }
}

/// Walks over the tables of a value.
struct Spans<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Spans<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.find(|c| !is_separator(c))?;
        let mut depth = 0_usize;
        let length = self.text.get(start..)?.find(|c| {
            depth = deeper(depth, c);
            depth == 0 && is_separator(c)
        });
        let end = length.map_or(self.text.len(), |length| start + length);
        self.at = end;
        Some(start..end)
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | ',')
}

/// A closing brace that closes nothing is a character like any other.
fn deeper(depth: usize, c: char) -> usize {
    match c {
        '{' => depth + 1,
        '}' => depth.saturating_sub(1),
        _ => depth,
    }
}

fn depth_after(text: &str) -> usize {
    text.chars().fold(0, deeper)
}

#[cfg(test)]
mod values {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const OURS: &str = "texthash:/etc/postfix/starttls/tls_policy";

    #[test]
    fn get_our_table_last_and_once() {
        for (before, after) in [
            ("", "OURS"),
            ("  ", "OURS"),
            ("hash:/a", "hash:/a, OURS"),
            ("hash:/a,", "hash:/a, OURS"),
            ("OURS, hash:/a", "hash:/a, OURS"),
            ("OURS", "OURS"),
            ("hash:/a OURS", "hash:/a, OURS"),
            ("inline:{ a=may, b=may }\n  $other", "inline:{ a=may, b=may }   $other, OURS"),
        ] {
            let (before, after) = (before.replace("OURS", OURS), after.replace("OURS", OURS));
            assert_eq!(PolicyMaps(&before).with(OURS), after);
        }
    }

    #[test]
    fn lose_our_table_and_nothing_else() {
        for (before, after) in [
            ("OURS", ""),
            ("hash:/a, OURS", "hash:/a"),
            ("OURS,\t hash:/a", "hash:/a"),
            ("hash:/a ,, OURS  ,\thash:/b", "hash:/a  ,\thash:/b"),
            ("hash:/a OURS OURS OURS", "hash:/a"),
            ("OURS OURS hash:/a OURS", "hash:/a"),
            ("OURSx, hash:/a", "OURSx, hash:/a"),
            ("xOURS", "xOURS"),
            ("union:{OURS, hash:/a}", "union:{OURS, hash:/a}"),
            ("} OURS", "}"),
            (" , hash:/a , ", " , hash:/a , "),
        ] {
            let (before, after) = (before.replace("OURS", OURS), after.replace("OURS", OURS));
            assert_eq!(PolicyMaps(&before).without(OURS), after, "{before:?}");
        }
    }

    #[test]
    fn are_closed_when_every_brace_is() {
        assert!(PolicyMaps("").is_closed());
        assert!(PolicyMaps("inline:{{a = may}, b=may} }").is_closed());
        assert!(!PolicyMaps("hash:/a inline:{ a=may").is_closed());
    }

    fn values() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just(OURS.to_owned()),
            "[ ,\t\n]{1,3}",
            "[a-z]{1,4}:[/a-z${}]{0,6}",
            "[{}, a-zü]{0,8}",
            Just(", ".to_owned()),
        ];
        proptest::collection::vec(word, 0..8).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn keep_every_other_table_in_order(value in values()) {
            let tables = |text: &str| PolicyMaps(text).tables().map(str::to_owned).collect::<Vec<_>>();
            let others: Vec<_> = tables(&value).into_iter().filter(|table| table != OURS).collect();
            let without = PolicyMaps(&value).without(OURS);
            prop_assert_eq!(tables(&without), others);
            if !tables(&value).iter().any(|table| table == OURS) {
                prop_assert_eq!(&without, &value, "nothing to remove, nothing changes");
            }
        }

        #[test]
        fn come_back_to_the_letter(value in values()) {
            let value = PolicyMaps(&value).without(OURS).replace(['\r', '\n'], " ");
            prop_assume!(PolicyMaps(&value).is_closed());
            let with = PolicyMaps(&value).with(OURS);
            let last = PolicyMaps(&with).tables().last().map(str::to_owned);
            prop_assert_eq!(last.as_deref(), Some(OURS));
            let back = PolicyMaps(&with).without(OURS);
            prop_assert_eq!(back.trim_end_matches([',', ' ', '\t']), value.trim_end_matches([',', ' ', '\t']));
        }
    }
}
