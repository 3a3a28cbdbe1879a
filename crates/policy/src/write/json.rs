//! JSON text as every writer makes it: one way to write each value.
//!
//! Spec: RFC 8259; docs/list-format.md, "Canonical form".

use alloc::vec::Vec;
use core::fmt;

use serde_json::Value;

use crate::mx::{MxPattern, Reach};

/// The outermost object: one member per line.
pub(super) struct Document<'a> {
    out: &'a mut dyn fmt::Write,
    is_empty: bool,
}

/// An object on one line.
pub(super) struct Object<'a> {
    out: &'a mut dyn fmt::Write,
    is_empty: bool,
}

impl<'a> Document<'a> {
    /// Opens the document.
    pub(super) fn new(out: &'a mut dyn fmt::Write) -> Self {
        Self { out, is_empty: true }
    }

    /// Writes a member whose value is a text.
    pub(super) fn text(&mut self, name: &str, value: &str) -> fmt::Result {
        self.name(name)?;
        text(self.out, value)
    }

    /// Writes a member whose value is a number, or a text that needs no escapes and stands in its quotes already.
    pub(super) fn plain(&mut self, name: &str, value: fmt::Arguments<'_>) -> fmt::Result {
        self.name(name)?;
        self.out.write_fmt(value)
    }

    /// Writes a member of any value.
    pub(super) fn value(&mut self, name: &str, any: &Value) -> fmt::Result {
        self.name(name)?;
        value(self.out, any)
    }

    /// Writes a member whose value is an object with one member per line; `each` fills their objects.
    pub(super) fn section<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut each: impl FnMut(T, &mut Line<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.name(name)?;
        self.out.write_str("{")?;
        let mut is_empty = true;
        for item in items {
            self.out.write_str(if is_empty { "\n    \"" } else { ",\n    \"" })?;
            is_empty = false;
            each(item, &mut Line { out: self.out })?;
        }
        self.out.write_str(if is_empty { "}" } else { "\n  }" })
    }

    /// Closes the document.
    pub(super) fn end(self) -> fmt::Result {
        self.out.write_str("\n}\n")
    }

    fn name(&mut self, name: &str) -> fmt::Result {
        self.out.write_str(if self.is_empty { "{\n  " } else { ",\n  " })?;
        self.is_empty = false;
        text(self.out, name)?;
        self.out.write_str(": ")
    }
}

/// A line of a section, of which the opening quote stands.
pub(super) struct Line<'a> {
    out: &'a mut dyn fmt::Write,
}

impl Line<'_> {
    /// Writes the member's name, which needs no escapes, and opens its object.
    pub(super) fn named(&mut self, name: &str) -> Result<Object<'_>, fmt::Error> {
        self.out.write_str(name)?;
        self.out.write_str("\": ")?;
        Ok(Object { out: self.out, is_empty: true })
    }
}

impl Object<'_> {
    /// Writes a member whose value is a text that needs no escapes: a word, a name, a day.
    pub(super) fn word(&mut self, name: &str, word: impl fmt::Display) -> fmt::Result {
        self.name(name)?;
        write!(self.out, "\"{word}\"")
    }

    /// Writes a member that is an array of texts that need no escapes; nothing if it is empty.
    pub(super) fn words<T: fmt::Display>(
        &mut self,
        name: &str,
        words: impl Iterator<Item = T>,
    ) -> fmt::Result {
        self.array(name, words, |out, word| write!(out, "\"{word}\""))
    }

    /// Writes MX patterns; nothing if there are none.
    pub(super) fn patterns(&mut self, name: &str, patterns: &[MxPattern]) -> fmt::Result {
        self.array(name, patterns.iter(), |out, pattern| {
            let prefix = match pattern.reach() {
                Reach::Exact => "",
                Reach::OneLabel => "*.",
                Reach::AnyDepth => ".",
            };
            quoted(out, prefix, pattern.name())
        })
    }

    /// Writes an array of any texts; nothing if it is empty.
    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t str>) -> fmt::Result {
        self.array(name, texts, |out, item| text(out, item))
    }

    /// Writes a member of any value.
    pub(super) fn value(&mut self, name: &str, any: &Value) -> fmt::Result {
        self.name(name)?;
        value(self.out, any)
    }

    /// Closes the object.
    pub(super) fn end(self) -> fmt::Result {
        self.out.write_str(if self.is_empty { "{}" } else { "}" })
    }

    fn array<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut each: impl FnMut(&mut dyn fmt::Write, T) -> fmt::Result,
    ) -> fmt::Result {
        let mut is_empty = true;
        for item in items {
            if is_empty {
                self.name(name)?;
                self.out.write_str("[")?;
            } else {
                self.out.write_str(", ")?;
            }
            is_empty = false;
            each(self.out, item)?;
        }
        if is_empty { Ok(()) } else { self.out.write_str("]") }
    }

    fn name(&mut self, name: &str) -> fmt::Result {
        self.out.write_str(if self.is_empty { "{" } else { ", " })?;
        self.is_empty = false;
        text(self.out, name)?;
        self.out.write_str(": ")
    }
}

fn quoted(out: &mut dyn fmt::Write, prefix: &str, word: &str) -> fmt::Result {
    out.write_str("\"")?;
    out.write_str(prefix)?;
    out.write_str(word)?;
    out.write_str("\"")
}

/// Writes a string: the quote, the backslash and control characters are escaped and nothing else is.
///
/// Control characters are those of Unicode's category Cc: a list that is shown on a terminal cannot steer it.
pub(super) fn text(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.write_str(plain)?;
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.write_str("\\\"")?,
            Some('\\') => out.write_str("\\\\")?,
            Some(control) => write!(out, "\\u{:04x}", u32::from(control))?,
            None => {}
        }
        rest = chars.as_str();
    }
    out.write_str(rest)?;
    out.write_str("\"")
}

/// Writes any value on one line, the members of objects sorted by the bytes of their names.
///
/// As deep as the value is nested; the reader refuses more than 128 levels.
fn value(out: &mut dyn fmt::Write, any: &Value) -> fmt::Result {
    match any {
        Value::Null => out.write_str("null"),
        Value::Bool(true) => out.write_str("true"),
        Value::Bool(false) => out.write_str("false"),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(fraction) => float(out, fraction),
            None => write!(out, "{number}"),
        },
        Value::String(string) => text(out, string),
        Value::Array(items) => {
            out.write_str("[")?;
            for (index, item) in items.iter().enumerate() {
                out.write_str(if index == 0 { "" } else { ", " })?;
                value(out, item)?;
            }
            out.write_str("]")
        }
        Value::Object(members) => {
            // Sorted here, since another crate's `preserve_order` would change the map's order.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.write_str("{")?;
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                out.write_str(if index == 0 { "" } else { ", " })?;
                text(out, name)?;
                out.write_str(": ")?;
                value(out, member)?;
            }
            out.write_str("}")
        }
    }
}

/// Writes a floating-point number with the fewest digits that read back as it.
///
/// Not left to the JSON library: its form may change with its version, and these bytes are signed.
fn float(out: &mut dyn fmt::Write, number: f64) -> fmt::Result {
    // Minus zero equals zero, so both are written alike.
    let number = if number == 0.0 { 0.0 } else { number };
    let is_plain = number == 0.0 || (1e-5..1e16).contains(&number.abs());
    if !is_plain {
        return write!(out, "{number:e}");
    }
    // Without the point it would read back as a whole number.
    let point = if number % 1.0 == 0.0 { ".0" } else { "" };
    write!(out, "{number}{point}")
}

#[cfg(test)]
mod values {
    use super::*;
    use alloc::string::String;

    #[test]
    fn are_written_in_one_way() {
        for (read, written) in [
            (r#"{"b":1,"a":[ ],"\u0041":{}}"#, r#"{"A": {}, "a": [], "b": 1}"#),
            ("[true,false,null,-1,1.50,1e3,-0.0,-0,0]", "[true, false, null, -1, 1.5, 1000.0, 0.0, 0.0, 0]"),
            ("[1e15,1E+16,1e-5,0.99e-5,-2.50e300]", "[1000000000000000.0, 1e16, 0.00001, 9.9e-6, -2.5e300]"),
            ("[18446744073709551615,18446744073709551616]", "[18446744073709551615, 1.8446744073709552e19]"),
            (r#""\/ \u00fc \t \u007f \u009b \" \\""#, "\"/ ü \\u0009 \\u007f \\u009b \\\" \\\\\""),
        ] {
            let mut out = String::new();
            value(&mut out, &serde_json::from_str(read).unwrap()).unwrap();
            assert_eq!(out, written);
        }
    }
}
