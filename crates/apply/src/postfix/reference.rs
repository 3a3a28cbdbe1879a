//! How main.cf names our table, and the value of `smtp_tls_policy_maps` with and without it.

use std::path::{Component, Path};

use starttls_mta::postfix::{PolicyMaps, TABLE, TableType};

use super::inside::Directory;
use super::logical_lines::{LogicalLine, logical};
use crate::generations::{CURRENT, FOLDER};

/// The setting that names the tables.
pub(super) const POLICY_MAPS: &str = "smtp_tls_policy_maps";

/// Kinds of tables that are files of lines, or are built from one.
pub(super) const FILE_KINDS: [&str; 7] = ["btree", "cdb", "dbm", "hash", "lmdb", "sdbm", "texthash"];
/// Has another process open the table.
const PROXY: &str = "proxy:";
/// Levels of directories below an output directory: the folder of generations, and each of them.
const DEPTH: usize = 2;

/// Our table in one output directory.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    path: String,
    directory: Directory,
}

impl Reference {
    /// The table of the generation in force, whichever it is, in an output directory.
    pub(super) fn new(output: &Path) -> Self {
        Self {
            path: output.join(CURRENT).join(TABLE).display().to_string(),
            directory: Directory::new(output, DEPTH, CURRENT),
        }
    }

    /// The output directory.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
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

    /// Whether a value names our table, in any spelling and as any kind.
    pub(super) fn is_in(&self, value: &str) -> bool {
        PolicyMaps(value).tables().any(|table| self.is(table))
    }

    /// As which kind a value names our table; the first, if as several.
    pub(super) fn table_type_in(&self, value: &str) -> Option<TableType> {
        let kind = |table: &str| TableType::from_name(unproxied(table).split(':').next()?);
        PolicyMaps(value).tables().filter(|table| self.is(table)).find_map(kind)
    }

    /// Whether the text of a main.cf names our table.
    pub(super) fn is_named_by(&self, main_cf: &[u8]) -> bool {
        let lines = logical(main_cf);
        let mut parameters = lines.iter().filter_map(LogicalLine::parameter);
        parameters.any(|(name, value)| name == POLICY_MAPS && self.is_in(value))
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

    /// The value without our table, in any spelling and as any kind; everything else stays to the letter.
    pub(super) fn removed_from(&self, value: &str) -> String {
        PolicyMaps(value).without_those(|table| self.is(table))
    }

    /// Whether one table of `smtp_tls_policy_maps` is ours: a file below the output directory's own name.
    ///
    /// A link of somebody else's to our table is theirs.
    pub(super) fn is(&self, table: &str) -> bool {
        let table = unproxied(table);
        let path = match table.split_once(':') {
            Some((kind, path)) if FILE_KINDS.contains(&kind) => path,
            // Without a kind it is of `default_database_type`.
            None => table,
            Some(_) => return false,
        };
        let Some(rest) = Some(Path::new(path)).filter(|path| path.is_absolute()) else { return false };
        let Some(rest) = self.directory.remainder(rest) else { return false };
        let names: Vec<_> = rest.components().map(Component::as_os_str).collect();
        match names.as_slice() {
            [current, table] => *current == CURRENT && *table == TABLE,
            [folder, _, table] => *folder == FOLDER && *table == TABLE,
            _ => false,
        }
    }
}

/// A table without the `proxy:` in front of it.
pub(super) fn unproxied(table: &str) -> &str {
    table.strip_prefix(PROXY).map_or(table, unproxied)
}

#[cfg(test)]
mod references {
    use super::*;

    #[test]
    fn are_added_last_and_left_where_they_are() {
        let reference = Reference::new(Path::new("/out"));
        let ours = "texthash:/out/current/tls_policy";
        for (before, after) in [
            ("", ours.to_owned()),
            ("hash:/a", format!("hash:/a, {ours}")),
            ("texthash:/out/current/tls_policy hash:/a", format!("{ours} hash:/a")),
            ("cdb:/out/current/tls_policy, hash:/a", format!("hash:/a, {ours}")),
        ] {
            assert_eq!(reference.added_to(before, TableType::Texthash), after);
        }
        assert!(!reference.is_in("hash:/out/current/tls_policy2, unionmap:{hash:/out/current/tls_policy}"));
    }

    #[test]
    fn tell_the_kind_of_table() {
        let reference = Reference::new(Path::new("/out"));
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
        let reference = Reference::new(Path::new("/out"));
        let value =
            "lmdb:/out/current/tls_policy,  hash:/a , inline:{ a=b, c=d }  hash:/out/current/tls_policy";
        assert_eq!(reference.removed_from(value), "hash:/a , inline:{ a=b, c=d }");
    }

    #[test]
    fn fault_are_known_in_every_spelling() {
        let reference = Reference::new(Path::new("/out"));
        for table in [
            "proxy:texthash:/out/current/tls_policy",
            "texthash://out/./current//tls_policy",
            "texthash:/x/../out/current/tls_policy",
            "hash:/out/generations/0003/tls_policy",
            "/out/current/tls_policy",
            "proxy:/out/current/tls_policy",
        ] {
            assert!(reference.is(table), "{table}");
            assert_eq!(reference.removed_from(&format!("hash:/a, {table}")), "hash:/a");
            let added = reference.added_to(&format!("{table}, hash:/a"), TableType::Texthash);
            assert_eq!(added, "hash:/a, texthash:/out/current/tls_policy", "{table}");
        }
        for table in [
            "ldap:/out/current/tls_policy",
            "texthash:/out/current",
            "texthash:/out/tls_policy",
            "texthash:out/current/tls_policy",
            "unionmap:{texthash:/out/current/tls_policy}",
            "pcre:/out/current/tls_policy",
        ] {
            assert!(!reference.is(table), "{table}");
        }
    }

    #[test]
    fn stand_in_main_cf_only_when_plain() {
        for (directory, plain) in
            [("/etc/starttls", true), ("/out put", false), ("/$x", false), ("/a,b", false), ("/ü", false)]
        {
            assert_eq!(Reference::new(Path::new(directory)).is_plain(), plain, "{directory}");
        }
    }
}
