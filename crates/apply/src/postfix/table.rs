//! Our policy table as it stands on disk: what activation must know of it, read line by line.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use starttls_mta::postfix::{Level, Line, LineError, MAX_LINE_BYTES, Pattern};
use starttls_policy::{Domain, MxPattern};

/// Lines held for comparing with what Postfix answers: the first ones, then every one whose number is a power of two.
const FIRST_SAMPLES: u64 = 4;
/// Candidates for a live probe.
pub(super) const MAX_PROBES: usize = 3;

/// What is known of a policy table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Table {
    /// How many lines.
    pub lines: u64,
    /// How many lines at each level, by Postfix's name for it, with the first domain of each.
    pub levels: BTreeMap<&'static str, (u64, Domain)>,
    /// The key files that lines name.
    pub key_files: BTreeSet<PathBuf>,
    /// How many lines need the server's own CA roots.
    pub need_roots: u64,
    /// A few lines to compare answers with: key and value.
    pub samples: Vec<(String, String)>,
    /// A few domains whose certificates can be verified live.
    pub probes: Vec<Probe>,
}

/// A domain to try for real, and the names of which its server's certificate must carry one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// The policy domain.
    pub domain: Domain,
    /// What the certificate may be for.
    pub names: Vec<MxPattern>,
}

/// A table could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The system refused.
    #[error("cannot read the table `{path}`")]
    Io {
        /// The table.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// A line is not of ours.
    #[error("`{path}` line {number} was not written by us; write the table anew with `generate`")]
    Line {
        /// The table.
        path: PathBuf,
        /// Counted from 1.
        number: u64,
        /// What is wrong with it; `None` when it is cut off or no text.
        #[source]
        source: Option<LineError>,
    },
}

impl Table {
    /// Reads a table in its text form.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let mut table = Self::default();
        for_each_line(path, |text| {
            let line = Line::parse(text)?;
            table.add(&line, text);
            Ok(())
        })?;
        Ok(table)
    }

    /// How many lines stand at a level.
    pub fn at(&self, level: Level) -> u64 {
        self.levels.get(level.name()).map_or(0, |(count, _)| *count)
    }

    fn add(&mut self, line: &Line<'_>, text: &str) {
        let answer = &line.answer;
        self.lines += 1;
        if let Some((count, _)) = self.levels.get_mut(answer.level.name()) {
            *count += 1;
        } else if let Ok(domain) = Domain::parse(line.domain) {
            self.levels.insert(answer.level.name(), (1, domain));
        }
        self.key_files.extend(answer.anchors.map(PathBuf::from));
        if matches!(answer.level, Level::Verify | Level::Secure) && answer.anchors.is_none() {
            self.need_roots += 1;
            if answer.level == Level::Secure && self.probes.len() < MAX_PROBES {
                self.probes.extend(Probe::of(line));
            }
        }
        if self.lines <= FIRST_SAMPLES || self.lines.is_power_of_two() {
            let (key, value) = text.split_once(' ').unwrap_or((text, ""));
            self.samples.push((key.to_owned(), value.to_owned()));
        }
    }
}

impl Probe {
    /// The domain of a line and its names; `None` only for a line that is not ours.
    fn of(line: &Line<'_>) -> Option<Self> {
        let domain = Domain::parse(line.domain).ok()?;
        let name = |name: &Pattern<'_>| MxPattern::new(name.reach, name.name).ok();
        Some(Self { domain, names: line.answer.names.iter().filter_map(name).collect() })
    }
}

/// Hands over every line that holds an entry, without its end.
pub(super) fn for_each_line(
    path: &Path,
    mut take: impl FnMut(&str) -> Result<(), LineError>,
) -> Result<(), TableError> {
    let failed = |source| TableError::Io { path: path.to_owned(), source };
    let foreign = |number, source| TableError::Line { path: path.to_owned(), number, source };
    let mut reader = BufReader::with_capacity(128 * 1024, File::open(path).map_err(failed)?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        if reader.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes).map_err(failed)? == 0
        {
            break;
        }
        let line = bytes.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let line = line.ok_or_else(|| foreign(number, None))?;
        if !line.starts_with('#') {
            take(line).map_err(|error| foreign(number, Some(error)))?;
        }
    }
    Ok(())
}

/// Tells whether a table line demands less than main.cf does for all domains that no table names.
///
/// Levels that authenticate do not weaken one another: which of them is right is the renderer's business.
pub(super) fn is_weaker(line: Level, main: Level) -> bool {
    (main.is_mandatory() && !line.is_mandatory())
        || (main.is_authenticated() && !line.is_authenticated())
        || (main == Level::Dane && matches!(line, Level::May | Level::Encrypt))
}

#[cfg(test)]
mod tables {
    use std::fmt::Write as _;
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Table, TableError> {
        let holder = starttls_testkit::world::directory().unwrap();
        let path = holder.path().join("tls_policy");
        fs::write(&path, text).unwrap();
        Table::read(&path)
    }

    #[test]
    fn are_counted_by_level_and_asked_for_key_files_names_and_samples() {
        let pem = format!("/out/current/anchors/{}.pem", "0".repeat(64));
        let table = read(&format!(
            "# ours\na.test secure match=mx.a.test:.b.test servername=hostname\n\
             c.test secure match=.c.test tafile={pem}\nd.test may\ne.test encrypt protocols=>=TLSv1.2\n"
        ))
        .unwrap();
        assert_eq!(table.lines, 4);
        assert_eq!(table.at(Level::Secure), 2);
        assert_eq!(table.levels["may"].1.as_str(), "d.test");
        assert_eq!(table.key_files, [PathBuf::from(pem)].into());
        assert_eq!(table.need_roots, 1);
        assert_eq!(table.probes.len(), 1);
        assert_eq!(table.probes[0].domain.as_str(), "a.test");
        assert_eq!(table.probes[0].names.len(), 2);
        assert_eq!(table.samples[2], ("d.test".into(), "may".into()));
    }

    #[test]
    fn of_any_length_leave_few_samples() {
        let mut text = String::new();
        for number in 0..10_000 {
            writeln!(text, "d{number}.test secure match=mx{number}.test").unwrap();
        }
        let table = read(&text).unwrap();
        assert_eq!((table.lines, table.samples.len(), table.probes.len()), (10_000, 15, 3));
    }

    #[test]
    fn with_foreign_lines_are_refused() {
        for text in
            ["a.test\n", "a.test maybe\n", " a.test may\n", "a.test may", "\u{0}\n", "\n", "ä.test may\n"]
        {
            assert!(matches!(read(text), Err(TableError::Line { number: 1, .. })), "{text:?}");
        }
        let long = format!("a.test secure match={}\n", "x".repeat(MAX_LINE_BYTES));
        assert!(matches!(read(&long), Err(TableError::Line { number: 1, source: None, .. })));
    }

    #[test]
    fn weaken_when_a_line_demands_less_than_main_cf() {
        for (line, main) in [
            (Level::May, Level::Encrypt),
            (Level::May, Level::Dane),
            (Level::Encrypt, Level::Dane),
            (Level::Encrypt, Level::Secure),
            (Level::Dane, Level::Verify),
        ] {
            assert!(is_weaker(line, main), "{line:?} {main:?}");
        }
        for (line, main) in [
            (Level::May, Level::May),
            (Level::May, Level::None),
            (Level::Secure, Level::DaneOnly),
            (Level::Secure, Level::Dane),
        ] {
            assert!(!is_weaker(line, main), "{line:?} {main:?}");
        }
    }
}
