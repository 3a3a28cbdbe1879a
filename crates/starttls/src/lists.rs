//! Policy lists from files: bounded reading, the operator's scopes, what is in force.
//!
//! Fetching and accepting signed lists is `starttls-sources`; here a file is taken as the operator gives it.

pub(crate) mod configured;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use owo_colors::OwoColorize;
use starttls_host::read_stream;
use starttls_policy::index::{self, IndexError};
use starttls_policy::merge::{DomainPattern, Layer, Merged, Relaxing, Scope};
use starttls_policy::read::{self, MAX_LIST_BYTES, ReadError};
use starttls_policy::{Head, List, Mode, Relaxations, Timestamp, printable};
use starttls_sources::{Absence, StateError};

use crate::compiled::Source;
use crate::output::{Progress, counted};
use crate::settings::Settings;

/// A `--list` argument: a file and what it may do.
#[derive(Clone, Debug)]
pub(crate) struct ListArg {
    file: String,
    scope: Scope,
}

/// A list that was read.
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) list: Source,
    scope: Scope,
    /// Entries that count as `testing` by an order of the list's own organisations.
    relaxed: Relaxations,
    /// The relaxations from each moment on at which an order begins or ends.
    relaxed_ahead: Vec<(Timestamp, Relaxations)>,
    /// From when on it must no longer be in force.
    pub(crate) until: Option<Timestamp>,
}

impl Loaded {
    /// Tells whether it must no longer be in force.
    pub(crate) fn has_ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|end| end <= now)
    }
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// Neither the command line nor the settings name a list.
    #[error("no list; name one with `--list FILE`, or in the settings with `[[list]]`")]
    None,
    /// Of the lists that the settings name none is in force.
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    NothingInForce(Vec<Absence>),
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file cannot be read.
    #[error("cannot read {}", printable(file))]
    Unreadable {
        file: String,
        #[source]
        cause: io::Error,
    },
    /// The file is a device, whose end nobody knows.
    #[error("{} is a device, no list", printable(file))]
    Device { file: String },
    /// Stdin was named twice.
    #[error("`-` is named twice, and stdin can be read but once")]
    StdinTwice,
    /// The file is larger than any list.
    #[error("{} is larger than {} GiB; no policy list is", printable(file), MAX_LIST_BYTES >> 30)]
    TooLarge { file: String },
    /// The file is no list.
    #[error("{}:{}:{}: at {}: {error}", printable(file), error.line, error.column, error.path)]
    Malformed { file: String, error: Box<ReadError> },
    /// The file is a compiled list that cannot be used.
    #[error("{}: {error}", printable(file))]
    Index { file: String, error: IndexError },
    /// A compiled list where the list itself is wanted.
    #[error("{} is a compiled list; this command wants the list that it was made of", printable(file))]
    Compiled { file: String },
    /// The list is over.
    #[error(
        "{} {}; get a newer one, or say --allow-expired to use it all the same",
        printable(file),
        match expires { Some(end) => format!("expired at {end}"), None => "counts as expired, since it has no complete head".into() }
    )]
    Ended { file: String, expires: Option<Timestamp> },
}

/// What is behind the file name, after commas.
const HELP_OPTIONS: &str = "want `may-relax`, `max-mode=testing` or `only=PATTERN` after the comma (write `,,` for a comma in the name)";

impl FromStr for ListArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const COMMA: &str = "\u{0}";
        let escaped = text.replace(",,", COMMA);
        let mut parts = escaped.split(',').map(|part| part.replace(COMMA, ","));
        let file = parts.next().filter(|file| !file.is_empty()).ok_or("the file name is empty")?;
        let mut scope = Scope::default();
        for part in parts {
            match part.split_once('=') {
                None if part == "may-relax" => scope.relaxing = Relaxing::Allowed,
                Some(("max-mode", mode)) => {
                    let mode = Mode::from_name(mode).ok_or("`max-mode` is `none`, `testing` or `enforce`")?;
                    scope.max_mode = Some(mode);
                }
                Some(("only", pattern)) => {
                    let pattern =
                        DomainPattern::parse(pattern).map_err(|error| format!("`{pattern}`: {error}"))?;
                    scope.only.push(pattern);
                }
                _ => return Err(format!("`{part}`: {HELP_OPTIONS}")),
            }
        }
        Ok(Self { file, scope })
    }
}

/// Whether a list has been read from stdin.
static STDIN_TAKEN: AtomicBool = AtomicBool::new(false);

/// Reads a list; `-` is stdin.
pub(crate) fn load(file: &str) -> Result<List, LoadError> {
    parse(file, &load_bytes(file)?)
}

/// Reads the bytes of a list; `-` is stdin.
pub(crate) fn load_bytes(file: &str) -> Result<Vec<u8>, LoadError> {
    let unreadable = |cause| LoadError::Unreadable { file: file.into(), cause };
    let bytes = if file == "-" {
        if STDIN_TAKEN.swap(true, Ordering::Relaxed) {
            return Err(LoadError::StdinTwice);
        }
        read_stream(io::stdin().lock(), 0, MAX_LIST_BYTES).map_err(unreadable)?
    } else {
        let open = File::open(file).map_err(unreadable)?;
        let metadata = open.metadata().map_err(unreadable)?;
        if metadata.file_type().is_char_device() || metadata.file_type().is_block_device() {
            return Err(LoadError::Device { file: file.into() });
        }
        read_stream(open, metadata.len(), MAX_LIST_BYTES).map_err(unreadable)?
    };
    bytes.ok_or_else(|| LoadError::TooLarge { file: file.into() })
}

/// The list in a file's bytes.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<List, LoadError> {
    if index::is_index(bytes) {
        return Err(LoadError::Compiled { file: file.into() });
    }
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let _progress =
        Progress::over_bytes(format!("reading {} ({} MB)", printable(file), size / 1_000_000), size);
    read::list(bytes).map_err(|error| LoadError::Malformed { file: file.into(), error: Box::new(error) })
}

/// The lists of a command, in the operator's order.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// A policy list, compiled or not; again for overlays, each of which may tighten what stands before it. Without any,
    /// the lists of the settings as `starttls update` accepted them.
    ///
    /// Behind the file name, after commas: `may-relax` (it may weaken earlier lists), `max-mode=testing` (nothing in
    /// it is enforced), `only=*.de` (it speaks for these domains alone; may be repeated). `-` reads stdin.
    #[arg(long = "list", value_name = "FILE[,OPTION…]")]
    lists: Vec<ListArg>,

    /// Use lists that have expired, too; without it an expired base is refused, an expired overlay left out.
    #[arg(long)]
    allow_expired: bool,
}

impl ListArgs {
    /// Tells whether expired lists are to be used.
    pub(crate) const fn allow_expired(&self) -> bool {
        self.allow_expired
    }

    /// Tells whether the command line names lists.
    pub(crate) fn are_named(&self) -> bool {
        !self.lists.is_empty()
    }

    /// Reads them all, and leaves out overlays that have ended: the lists below show through again.
    ///
    /// Without any the settings say which.
    ///
    /// # Errors
    /// No list at all; the first list that cannot be read; and the base if it has ended, since nothing would be left
    /// to stand on.
    pub(crate) fn load(&self, settings: &Settings, now: Timestamp) -> Result<Vec<Loaded>, LoadError> {
        if self.lists.is_empty() {
            return configured::load(settings, now);
        }
        let mut loaded = Vec::new();
        for (index, arg) in self.lists.iter().enumerate() {
            let list = Source::load(&arg.file)?;
            let head = list.lookup().head();
            let ended = !self.allow_expired && head.has_ended(now);
            if ended && index == 0 {
                return Err(LoadError::Ended { file: arg.file.clone(), expires: head.expires });
            }
            if ended {
                warn_of_ended(&arg.file, head, list.lookup().domains());
                continue;
            }
            let until = head.expires.filter(|_| !self.allow_expired);
            let (name, scope) = (arg.file.clone(), arg.scope.clone());
            loaded.push(Loaded {
                name,
                list,
                scope,
                relaxed: Relaxations::new(),
                relaxed_ahead: Vec::new(),
                until,
            });
        }
        Ok(loaded)
    }
}

fn warn_of_ended(file: &str, head: &Head, domains: usize) {
    let end = head.expires.map_or_else(|| "has no complete head".to_owned(), |end| format!("ended at {end}"));
    anstream::eprintln!(
        "{} the overlay {} {end}: its {} are left out",
        "warning:".yellow().bold(),
        printable(file),
        counted(domains, "entry", "entries"),
    );
}

/// The lists as one.
pub(crate) fn merged<'a>(loaded: impl IntoIterator<Item = &'a Loaded, IntoIter: Clone>) -> Merged<'a> {
    merged_of(loaded.into_iter().map(|loaded| (loaded, &loaded.relaxed)))
}

/// The lists as one at a later time: without those that have expired, and with the relax orders of then.
pub(crate) fn merged_at(loaded: &[Loaded], then: Timestamp) -> Merged<'_> {
    merged_of(
        loaded
            .iter()
            .filter(|loaded| !loaded.has_expired(then))
            .map(|loaded| (loaded, loaded.relaxed_at(then))),
    )
}

fn merged_of<'a>(loaded: impl Iterator<Item = (&'a Loaded, &'a Relaxations)> + Clone) -> Merged<'a> {
    let layers = loaded.clone().map(|(loaded, _)| Layer {
        name: &loaded.name,
        list: loaded.list.lookup(),
        scope: loaded.scope.clone(),
    });
    let merged = Merged::new(layers.collect());
    loaded.fold(merged, |merged, (loaded, relaxed)| merged.relaxed_by(&loaded.name, relaxed))
}

impl Loaded {
    /// A list of a test, with relax orders that change at these times.
    #[cfg(test)]
    pub(crate) fn for_tests(
        name: &str,
        list: Source,
        relaxed_ahead: Vec<(Timestamp, Relaxations)>,
        until: Timestamp,
    ) -> Self {
        let scope = Scope { relaxing: Relaxing::Allowed, ..Scope::default() };
        let relaxed = Relaxations::new();
        Self { name: name.to_owned(), list, scope, relaxed, relaxed_ahead, until: Some(until) }
    }

    /// Whether it counts no longer at a later time.
    pub(crate) fn has_expired(&self, then: Timestamp) -> bool {
        self.until.is_some_and(|end| end <= then)
    }

    /// The entries that count as `testing` at a later time.
    pub(crate) fn relaxed_at(&self, then: Timestamp) -> &Relaxations {
        self.relaxed_ahead
            .iter()
            .rfind(|(from, _)| *from <= then)
            .map_or(&self.relaxed, |(_, relaxed)| relaxed)
    }

    /// When the orders change that let entries count as `testing`.
    pub(crate) fn relax_changes(&self) -> impl Iterator<Item = Timestamp> {
        self.relaxed_ahead.iter().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod list_arguments {
    use super::*;

    #[test]
    fn carry_a_scope_behind_commas() {
        let arg: ListArg = "over.json,may-relax,max-mode=testing,only=*.de,only=example.org".parse().unwrap();
        assert_eq!(arg.file, "over.json");
        assert_eq!(
            (arg.scope.relaxing, arg.scope.max_mode, arg.scope.only.len()),
            (Relaxing::Allowed, Some(Mode::Testing), 2)
        );
        assert_eq!("a,,b.json".parse::<ListArg>().unwrap().file, "a,b.json");
    }

    #[test]
    fn with_anything_else_are_refused() {
        for text in ["", ",may-relax", "a.json,relax", "a.json,max-mode=log", "a.json,only=*", "a.json,"] {
            assert!(text.parse::<ListArg>().is_err(), "{text}");
        }
    }
}
