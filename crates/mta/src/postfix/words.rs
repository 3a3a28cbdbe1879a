//! The words of a table's answer, taken one by one.

use alloc::vec::Vec;

use starttls_policy::printable;

use super::line_error::{LineError, MAX_NAMES};

/// The words of an answer; `None` when the last one is taken.
pub(super) struct Words<'a> {
    pub(super) rest: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// Takes the next word, whatever it is.
    pub(super) fn rest_word(&mut self) -> &'a str {
        let text = self.rest.unwrap_or_default();
        let (word, rest) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)));
        self.rest = rest;
        word
    }

    /// Takes the next word if it begins with `attribute`, as `match=`.
    pub(super) fn value<T>(
        &mut self,
        attribute: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, LineError> {
        let Some(rest) = self.rest.and_then(|rest| rest.strip_prefix(attribute)) else { return Ok(None) };
        self.rest = Some(rest);
        let value = self.rest_word();
        match parse(value) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(LineError::Value { attribute, value: printable(value) }),
        }
    }

    /// Takes the next word if it begins with `attribute`; the list is never empty where the attribute stands.
    pub(super) fn list<T>(
        &mut self,
        attribute: &'static str,
        separator: char,
        parse: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Vec<T>, LineError> {
        let Some(value) = self.value(attribute, Some)? else { return Ok(Vec::new()) };
        if value.matches(separator).nth(MAX_NAMES - 1).is_some() {
            return Err(LineError::TooMany { attribute });
        }
        let parsed = value.split(separator).map(parse).collect::<Option<_>>();
        parsed.ok_or_else(|| LineError::Value { attribute, value: printable(value) })
    }

    /// Takes `{ policy_string = KEY: VALUE }`, which must come next.
    pub(super) fn quoted<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, LineError> {
        let quoted = self.rest.and_then(|rest| rest.strip_prefix("{ policy_string = "));
        let value = quoted.and_then(|rest| rest.strip_prefix(key)).and_then(|rest| rest.split_once(" }"));
        let (value, behind) = value.ok_or_else(|| self.unexpected())?;
        let parsed =
            parse(value).ok_or_else(|| LineError::Value { attribute: key, value: printable(value) })?;
        self.rest = if behind.is_empty() {
            None
        } else {
            Some(behind.strip_prefix(' ').ok_or_else(|| self.unexpected())?)
        };
        Ok(parsed)
    }

    pub(super) fn end(&self) -> Result<(), LineError> {
        if self.rest.is_none() { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn unexpected(&self) -> LineError {
        LineError::Attribute { got: printable(self.rest.unwrap_or_default()) }
    }
}
