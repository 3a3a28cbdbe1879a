//! How main.cf names our table, and the value of `smtp_tls_policy_maps` with and without it.

use std::path::Path;

use starttls_mta::postfix::{PolicyMaps, TABLE, TableType};

/// The setting that names the tables.
pub(super) const POLICY_MAPS: &str = "smtp_tls_policy_maps";

/// Our table in one output directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    path: String,
}

impl Reference {
    /// The table of the generation in force, whichever it is.
    pub(super) fn new(current_directory: &Path) -> Self {
        Self { path: format!("{}/{TABLE}", current_directory.display()) }
    }

    /// As main.cf names it.
    pub(super) fn spelled(&self, table_type: TableType) -> String {
        format!("{}:{}", table_type.name(), self.path)
    }

    /// Whether its name can stand in main.cf as one word that means itself.
    pub(super) fn is_plain(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-');
        self.path.starts_with('/') && self.path.bytes().all(plain)
    }

    /// Whether a value names our table, as whatever kind.
    pub(super) fn is_in(&self, value: &str) -> bool {
        self.table_type_in(value).is_some()
    }

    /// As which kind a value names our table; the first, if as several.
    pub(super) fn table_type_in(&self, value: &str) -> Option<TableType> {
        PolicyMaps(value).tables().find_map(|table| self.table_type_of(table))
    }

    /// Whether a text, as main.cf, has the table's path anywhere.
    pub(super) fn is_mentioned_in(&self, text: &[u8]) -> bool {
        text.windows(self.path.len().max(1)).any(|window| window == self.path.as_bytes())
    }

    /// The tables that are asked before ours; all when ours is not there.
    pub(super) fn earlier<'a>(&self, value: &'a str) -> Vec<&'a str> {
        PolicyMaps(value).tables().take_while(|table| !self.is(table)).collect()
    }

    /// The value with our table as the last; where it is already, as this kind, nothing changes.
    pub(super) fn added_to(&self, value: &str, table_type: TableType) -> String {
        let wanted = self.spelled(table_type);
        let mut ours = PolicyMaps(value).tables().filter(|table| self.is(table));
        if ours.next() == Some(&wanted) && ours.next().is_none() {
            return value.to_owned();
        }
        PolicyMaps(&self.removed_from(value)).with(&wanted)
    }

    /// The value without our table, as whatever kind; everything else stays to the letter.
    pub(super) fn removed_from(&self, value: &str) -> String {
        TableType::ALL
            .into_iter()
            .fold(value.to_owned(), |value, table_type| PolicyMaps(&value).without(&self.spelled(table_type)))
    }

    fn is(&self, table: &str) -> bool {
        self.table_type_of(table).is_some()
    }

    fn table_type_of(&self, table: &str) -> Option<TableType> {
        let (kind, path) = table.split_once(':')?;
        TableType::from_name(kind).filter(|_| path == self.path)
    }
}

#[cfg(test)]
mod references {
    use super::*;

    #[test]
    fn are_added_last_and_left_where_they_are() {
        let reference = Reference::new(Path::new("/out/current"));
        let ours = "texthash:/out/current/tls_policy";
        for (before, after) in [
            ("", ours.to_owned()),
            ("hash:/a", format!("hash:/a, {ours}")),
            ("texthash:/out/current/tls_policy hash:/a", format!("{ours} hash:/a")),
            ("cdb:/out/current/tls_policy, hash:/a", format!("hash:/a, {ours}")),
        ] {
            assert_eq!(reference.added_to(before, TableType::Texthash), after);
        }
        assert_eq!(reference.earlier("hash:/a, cdb:/out/current/tls_policy hash:/b"), ["hash:/a"]);
        assert!(!reference.is_in("hash:/out/current/tls_policy2, proxy:/out/current/tls_policy"));
    }

    #[test]
    fn tell_the_kind_of_table() {
        let reference = Reference::new(Path::new("/out/current"));
        for (value, kind) in [
            ("hash:/a, cdb:/out/current/tls_policy", Some(TableType::Cdb)),
            ("hash:/out/current/tls_policy lmdb:/out/current/tls_policy", Some(TableType::Hash)),
            ("hash:/a, texthash:/other/current/tls_policy", None),
            ("", None),
        ] {
            assert_eq!(reference.table_type_in(value), kind, "{value}");
        }
    }

    #[test]
    fn are_removed_as_whatever_kind() {
        let reference = Reference::new(Path::new("/out/current"));
        let value =
            "lmdb:/out/current/tls_policy,  hash:/a , inline:{ a=b, c=d }  hash:/out/current/tls_policy";
        assert_eq!(reference.removed_from(value), "hash:/a , inline:{ a=b, c=d }");
    }

    #[test]
    fn stand_in_main_cf_only_when_plain() {
        for (directory, plain) in [
            ("/etc/starttls/current", true),
            ("/out put/current", false),
            ("/$x/current", false),
            ("/a,b/current", false),
            ("/ü", false),
        ] {
            assert_eq!(Reference::new(Path::new(directory)).is_plain(), plain, "{directory}");
        }
    }
}
