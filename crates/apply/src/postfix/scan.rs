//! The search for paths into an output directory, in one value, service, table or file at a time.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use starttls_mta::postfix::PolicyMaps;

use super::expansion::expand;
use super::logical_lines::{LogicalLine, logical};
use super::main_cf::MainCf;
use super::master_cf::{self, MasterEntry};
use super::reference::{POLICY_MAPS, Reference};
use super::uses::{Place, Use, UseKind};

/// An operator's table that is larger is not looked through for key files of ours.
const MAX_TABLE_BYTES: u64 = 64 * 1024 * 1024;
/// The attribute of a table's line that names a key file.
const KEY_FILE: &str = "tafile=";
/// Ends a path within a value, beside blanks.
const ENDS: [char; 11] = [',', ';', '{', '}', '(', ')', '"', '\'', '|', '<', '>'];

/// A search for one output directory.
pub(super) struct Scan<'a> {
    reference: Reference,
    /// Where relative paths begin, and chrooted daemons: the queue directory.
    base: &'a Path,
    /// Every possible path that main.cf spells out: another parameter that has it by `$name` loses it when that does.
    spelled: HashSet<&'a str>,
}

impl<'a> Scan<'a> {
    /// A search for an output directory; `values` are those of main.cf, as written.
    pub(super) fn new(output: &Path, base: &'a Path, values: impl Iterator<Item = &'a str>) -> Self {
        Self { reference: Reference::new(output), base, spelled: values.flat_map(candidates).collect() }
    }

    /// Looks through one parameter of main.cf.
    pub(super) fn parameter(&self, place: &Place, name: &str, written: &str, expanded: &str) -> Vec<Use> {
        let entry = |path, kind| Use {
            place: place.clone(),
            parameter: name.to_owned(),
            value: written.to_owned(),
            path,
            kind,
        };
        if name != POLICY_MAPS {
            let found = self.path_in(written).or_else(|| self.composed_path_in(expanded));
            return found.map(|path| entry(path, UseKind::Indirect)).into_iter().collect();
        }
        let tables: Vec<&str> = PolicyMaps(written).tables().collect();
        let is_ours = |table: &str| *place == Place::MainCf && self.reference.is(table);
        let kind = |table: &str| if is_ours(table) { UseKind::Ours } else { UseKind::Indirect };
        let direct = tables.iter().filter_map(|table| Some(entry(self.path_in(table)?, kind(table))));
        let by_name = PolicyMaps(expanded).tables().filter(|table| !tables.contains(table));
        let by_name = by_name.filter_map(|table| Some(entry(self.path_in(table)?, UseKind::Indirect)));
        direct.chain(by_name).collect()
    }

    /// Looks through the arguments of a service; `look_up` knows the parameters of main.cf.
    pub(super) fn service<'b>(
        &self,
        service: &MasterEntry,
        place: &Place,
        look_up: &dyn Fn(&str) -> Option<&'b str>,
    ) -> Vec<Use> {
        let own = service.overrides().values;
        let look_up = |name: &str| own.get(name).map(String::as_str).or_else(|| look_up(name));
        let mut uses = Vec::new();
        for argument in &service.arguments {
            let found = self.path_in(argument).or_else(|| self.composed_path_in(&expand(argument, &look_up)));
            let Some(path) = found else { continue };
            let setting = argument.strip_prefix("-o").unwrap_or(argument);
            let (parameter, value) = setting.split_once('=').unwrap_or((setting, ""));
            uses.push(Use {
                place: place.clone(),
                parameter: parameter.trim().to_owned(),
                value: value.trim().to_owned(),
                path,
                kind: UseKind::Indirect,
            });
        }
        uses
    }

    /// Looks through an operator's table of lines for the first key file of ours.
    pub(super) fn table(&self, table: &str) -> Option<Use> {
        let path = Path::new(table.rsplit_once(':').map_or(table, |(_, path)| path));
        // Our own table names our key files; it goes with them.
        if !path.is_absolute() || self.reference.directory().entered_by(path, self.base).is_some() {
            return None;
        }
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        if metadata.len() > MAX_TABLE_BYTES {
            return None;
        }
        let reader = BufReader::new(File::open(path).ok()?.take(MAX_TABLE_BYTES));
        for line in reader.split(b'\n') {
            let line = String::from_utf8_lossy(&line.ok()?).into_owned();
            let Some((_, key_files)) = line.split_once(KEY_FILE).filter(|_| !line.starts_with('#')) else {
                continue;
            };
            if let Some(path) = self.path_in(key_files) {
                let (key, value) = line.split_once([' ', '\t']).unwrap_or((&line, ""));
                return Some(Use {
                    place: Place::Table(table.to_owned()),
                    parameter: key.to_owned(),
                    value: value.trim().to_owned(),
                    path,
                    kind: UseKind::Indirect,
                });
            }
        }
        None
    }

    /// Looks through the files of another instance; one that cannot be read has nothing to say.
    pub(super) fn instance(&self, config: &Path) -> Vec<Use> {
        let read = |name: &str| MainCf::read(&config.join(name)).map(|file| file.bytes).unwrap_or_default();
        let lines = logical(&read("main.cf"));
        let parameters: BTreeMap<&str, &str> = lines.iter().filter_map(LogicalLine::parameter).collect();
        let look_up = |name: &str| parameters.get(name).copied();
        let place = Place::OtherInstance(config.join("main.cf"));
        let there = Scan {
            reference: self.reference.clone(),
            base: self.base,
            spelled: parameters.values().copied().flat_map(candidates).collect(),
        };
        let mut uses: Vec<Use> = parameters
            .iter()
            .flat_map(|(name, value)| there.parameter(&place, name, value, &expand(value, &look_up)))
            .collect();
        let place = Place::OtherInstance(config.join("master.cf"));
        let services = master_cf::parse(&read("master.cf"));
        uses.extend(services.iter().flat_map(|service| there.service(service, &place, &look_up)));
        uses
    }

    /// The first path in an expanded value that leads into the directory and that no parameter spells out as it is.
    fn composed_path_in(&self, value: &str) -> Option<PathBuf> {
        let mut composed = candidates(value).filter(|path| !self.spelled.contains(path));
        composed.find_map(|path| self.reference.directory().entered_by(Path::new(path), self.base))
    }

    /// The first path in a value that leads into the directory.
    fn path_in(&self, value: &str) -> Option<PathBuf> {
        candidates(value).find_map(|path| self.reference.directory().entered_by(Path::new(path), self.base))
    }
}

/// Everything in a value that may be a path: words with a slash, and what stands behind each `:` and `=` of a word.
fn candidates(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split(|c: char| c.is_ascii_whitespace() || ENDS.contains(&c));
    let tails = words.flat_map(|word| {
        let behind = word.match_indices([':', '=', '!']).filter_map(|(at, _)| word.get(at + 1..));
        std::iter::once(word).filter(|word| word.contains('/')).chain(behind)
    });
    // What follows a path, as in `unix:/path:name`, cannot lead back out.
    tails.filter(|path| !path.is_empty())
}

#[cfg(test)]
mod values {
    use super::*;

    #[test]
    fn may_hold_paths_in_any_place() {
        let found: Vec<_> =
            candidates("proxy:hash:/a, unionmap:{hash:/b,x}  /c=d word tafile=/e !/f hash:g").collect();
        for path in ["/a", "/b", "/c=d", "/e", "/f", "g"] {
            assert!(found.contains(&path), "{path}: {found:?}");
        }
        assert!(!found.contains(&"word") && !found.contains(&"x"), "{found:?}");
    }
}
