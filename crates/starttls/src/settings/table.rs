//! Reading one table key by key: values with their places, unknown keys with the nearest known one.

use std::collections::BTreeMap;
use std::path::Path;

use starttls_policy::printable;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::problem::{Place, Problem};
use super::role::{From, Role, Sourced};
use super::value::Value;

/// What all tables of a file share.
pub(crate) struct Document<'a> {
    /// The whole text.
    pub(crate) text: &'a str,
    /// The directory of the file: relative paths begin there.
    pub(crate) base: &'a Path,
    /// What was wrong so far.
    pub(crate) problems: Vec<Problem>,
}

/// One table that is being read.
pub(crate) struct TableReader<'a, 'd> {
    document: &'a mut Document<'d>,
    /// As `decide` or `list[2]`; empty at the top.
    path: String,
    /// Where the table begins.
    pub(crate) place: Place,
    /// What nobody has asked for yet, with the place of the key.
    left: BTreeMap<&'a str, (Place, &'a Spanned<DeValue<'a>>)>,
}

impl<'a, 'd> TableReader<'a, 'd> {
    pub(crate) fn new(
        document: &'a mut Document<'d>,
        path: String,
        byte: usize,
        table: &'a DeTable<'a>,
    ) -> Self {
        let place = |byte| Place::of(document.text, byte);
        let left =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), (place(key.span().start), value)));
        let (left, place) = (left.collect(), place(byte));
        Self { document, path, place, left }
    }

    /// Reads all of a role, and complains of every key that it does not know.
    pub(crate) fn role<R: Role>(mut self) -> R {
        let role = R::read(&mut self);
        let known = R::KEYS.iter().map(|key| key.name);
        self.refuse_rest(&known.collect::<Vec<_>>());
        role
    }

    /// Takes one key; without it, or if it is wrong, the default.
    pub(crate) fn take<T: Value>(&mut self, key: &'static str, default: Sourced<T>) -> Sourced<T> {
        let Some((place, value)) = self.left.remove(key) else { return default };
        match T::read(value.get_ref(), self.document.base) {
            Ok(value) => Sourced { value, from: From::File(place) },
            Err(text) => {
                let at = Place::of(self.document.text, value.span().start);
                self.complain(at, key, text);
                // Known to be there, so that nobody misses it beside.
                Sourced { from: From::File(place), ..default }
            }
        }
    }

    /// Takes a table or an array of tables below.
    pub(crate) fn take_raw(&mut self, key: &str) -> Option<(Place, &'a Spanned<DeValue<'a>>)> {
        self.left.remove(key)
    }

    /// Complains of every key that is left.
    pub(crate) fn refuse_rest(&mut self, known: &[&'static str]) {
        for (key, (place, _)) in std::mem::take(&mut self.left) {
            let text = match nearest(key, known.iter().copied()) {
                Some(near) => format!("there is no such key; do you mean `{near}`?"),
                None => format!("there is no such key; known here: {}", known.join(", ")),
            };
            self.complain(place, &printable(key), text);
        }
    }

    /// Notes what is wrong with a key.
    pub(crate) fn complain(&mut self, place: Place, key: &str, text: impl Into<String>) {
        let key = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.document.problems.push(Problem { place, key, text: text.into() });
    }

    /// The document, for tables below this one.
    pub(crate) fn document(&mut self) -> &mut Document<'d> {
        self.document
    }
}
