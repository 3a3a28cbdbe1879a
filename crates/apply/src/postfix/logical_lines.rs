//! Logical lines of main.cf and master.cf.
//!
//! A line that begins with a blank continues the logical line before it; comments and empty lines may stand in between
//! and do not end it.
//!
//! Spec: postconf(5) and master(5), the general format of the two files.

/// One logical line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LogicalLine {
    /// Its text, without line ends; what is not UTF-8 is replaced.
    pub(super) text: String,
    /// The physical lines that it is made of, counted from 0, without comments and empty lines.
    pub(super) lines: Vec<usize>,
}

impl LogicalLine {
    /// The name and the value of a parameter of main.cf; `None` for what is no assignment.
    pub(super) fn parameter(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once('=')?;
        Some((name.trim(), value.trim()))
    }
}

/// The physical lines of a text, each with its line end.
pub(super) fn physical(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// Joins physical lines to logical ones. A continuation with nothing before it is a logical line of its own.
pub(super) fn logical(text: &[u8]) -> Vec<LogicalLine> {
    let mut all: Vec<LogicalLine> = Vec::new();
    for (line, number) in physical(text).zip(0..) {
        let content = line.trim_ascii();
        if content.is_empty() || content.starts_with(b"#") {
            continue;
        }
        let content = String::from_utf8_lossy(content);
        let continues = line.first().is_some_and(u8::is_ascii_whitespace);
        match all.last_mut().filter(|_| continues) {
            Some(open) => {
                open.text.push(' ');
                open.text.push_str(&content);
                open.lines.push(number);
            }
            None => all.push(LogicalLine { text: content.into_owned(), lines: vec![number] }),
        }
    }
    all
}

#[cfg(test)]
mod lines {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn join_continuations_over_comments_and_empty_lines() {
        let text = b"# top\na = 1,\n# between\n\n  2\n\t # indented comment\n b=3\nrelayhost =\nlast";
        let seen: Vec<_> = logical(text).into_iter().map(|line| (line.text, line.lines)).collect();
        let expected = [("a = 1, 2 b=3", vec![1, 4, 6]), ("relayhost =", vec![7]), ("last", vec![8])];
        assert_eq!(seen, expected.map(|(text, lines)| (text.to_owned(), lines)));
    }

    #[test]
    fn of_main_cf_are_parameters_with_values() {
        let lines = logical(b"a=b = c\nrelayhost =\nno pair\n");
        let pairs: Vec<_> = lines.iter().map(LogicalLine::parameter).collect();
        assert_eq!(pairs, [Some(("a", "b = c")), Some(("relayhost", "")), None]);
    }

    proptest! {
        #[test]
        fn name_every_line_once_and_in_order(text in "[a# =\n\t]{0,60}") {
            let numbers: Vec<usize> = logical(text.as_bytes()).into_iter().flat_map(|line| line.lines).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b));
            prop_assert!(numbers.last().is_none_or(|last| *last < physical(text.as_bytes()).count()));
        }
    }
}
