//! Lists as commands look them up: read into memory, or compiled and looked up where they lie.
//!
//! A compiled list is told by its first bytes and opened in no time, however large it is. Making one is
//! `commands::list::compile`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use starttls_policy::List;
use starttls_policy::index::{self, Index};
use starttls_policy::lookup::Lookup;
use starttls_sources::map::{Map, Reading};

use crate::lists::{self, LoadError};

/// A list of either kind.
pub(crate) enum Source {
    List(List),
    Index(Index<Map>),
}

impl Source {
    /// Opens a compiled list, or reads any other; `-` is stdin.
    pub(crate) fn load(file: &str) -> Result<Self, LoadError> {
        if !is_compiled(file) {
            return lists::load(file).map(Self::List);
        }
        let unreadable = |cause| LoadError::Unreadable { file: file.into(), cause };
        let map = Map::open(Path::new(file), Reading::Random).map_err(unreadable)?;
        let index = Index::parse(map).map_err(|error| LoadError::Index { file: file.into(), error })?;
        Ok(Self::Index(index))
    }

    /// The list as it is asked.
    pub(crate) fn lookup(&self) -> &dyn Lookup {
        match self {
            Self::List(list) => list,
            Self::Index(index) => index,
        }
    }
}

/// Tells whether this is the name of a compiled list; whatever cannot be looked at is for others to complain of.
pub(crate) fn is_compiled(file: &str) -> bool {
    let begins_so = || {
        // Of a pipe the bytes would be gone.
        let open = File::open(file).ok().filter(|_| file != "-")?;
        open.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let mut front = Vec::new();
        open.take(16).read_to_end(&mut front).ok()?;
        Some(index::is_index(&front))
    };
    begins_so().unwrap_or(false)
}
