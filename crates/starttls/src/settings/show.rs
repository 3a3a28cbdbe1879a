//! The settings in effect, as TOML that can be read again and as JSON; each value with where it came from.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::lists::belongs;
use super::role::{Role, Shown};
use super::{Daemon, Decide, General, ListTable, Postfix, Settings, Update};

/// The column at which comments begin, where the values leave room.
const COMMENT_COLUMN: usize = 44;

/// Whether each key is explained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Words {
    /// What it means stands above it.
    Explained,
    /// Values and sources alone.
    Plain,
}

impl Settings {
    /// All keys with their values and sources, as a settings file.
    pub(crate) fn to_toml(&self, words: Words) -> String {
        let mut text = String::new();
        self.add::<General>(&mut text, "", &self.general.shown(), words);
        self.add::<Decide>(&mut text, "\n[decide]\n", &self.decide.shown(), words);
        self.add::<Postfix>(&mut text, "\n[postfix]\n", &self.postfix.shown(), words);
        self.add::<Update>(&mut text, "\n[update]\n", &self.update.shown(), words);
        self.add::<Daemon>(&mut text, "\n[daemon]\n", &self.daemon.shown(), words);
        for list in &self.list_tables {
            self.add::<ListTable>(&mut text, "\n[[list]]\n", &shown_of(list), words);
        }
        text
    }

    fn add<R: Role>(&self, text: &mut String, heading: &str, all: &[Shown], words: Words) {
        text.push_str(heading);
        for Shown { key, value, from } in all {
            let doc = R::KEYS.iter().find(|known| known.name == *key).map_or(&[][..], |known| known.doc);
            let doc = if words == Words::Explained { doc } else { &[] };
            // Writing to a string cannot fail.
            let _ = doc.iter().try_for_each(|line| writeln!(text, "#{line}"));
            let _ = match value {
                None => writeln!(text, "# {key} is not set"),
                Some(value) => {
                    let line = format!("{key} = {value}");
                    writeln!(text, "{line:COMMENT_COLUMN$}  # {}", from.in_words(self.file.as_ref()))
                }
            };
        }
    }

    /// The same for programs: `{"KEY": {"value": …, "from": …}}`, null where a key is not set.
    pub(crate) fn to_json(&self) -> Json {
        let mut value = self.role_json(&self.general.shown());
        if let Some(members) = value.as_object_mut() {
            members.insert(Decide::TABLE.into(), self.role_json(&self.decide.shown()));
            members.insert(Postfix::TABLE.into(), self.role_json(&self.postfix.shown()));
            members.insert(Update::TABLE.into(), self.role_json(&self.update.shown()));
            members.insert(Daemon::TABLE.into(), self.role_json(&self.daemon.shown()));
            let lists = self.list_tables.iter().map(|list| self.role_json(&shown_of(list)));
            members.insert(ListTable::TABLE.into(), lists.collect());
        }
        let file = self.file.as_ref().map(|file| file.display().to_string());
        json!({ "file": file, "settings": value })
    }

    fn role_json(&self, all: &[Shown]) -> Json {
        let member = |shown: &Shown| {
            let value = serde_json::to_value(&shown.value).unwrap_or_default();
            (shown.key.to_owned(), json!({ "value": value, "from": shown.from.in_words(self.file.as_ref()) }))
        };
        Json::Object(all.iter().map(member).collect())
    }
}

/// The keys that belong to the list's kind of trust.
fn shown_of(list: &ListTable) -> Vec<Shown> {
    let mut all = list.shown();
    if let Some(trust) = list.trust.value {
        all.retain(|shown| belongs(shown.key, trust));
    }
    all
}
