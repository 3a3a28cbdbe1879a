//! Generations: complete sets of our files in a directory that the operator names.
//!
//! ```text
//! OUTPUT/.starttls-output     marks the directory as ours, and is the lock
//! OUTPUT/current              symbolic link to the generation in force
//! OUTPUT/generations/0007/    a generation; `.previous` in it names the one it replaced
//! OUTPUT/generations/draft/   one that is being written
//! ```
//!
//! `current` is swapped by one rename, so that a reader, and a crash at any point, sees the old generation or the new
//! one. What a dead run left behind is removed by the next. Nothing here knows a mail server.

mod draft;
mod file_name;
mod home;
mod ready;
mod recheck;
mod sameness;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub use draft::{Draft, DraftError};
pub use file_name::FileNameError;
pub use home::OpenError;
pub(crate) use home::{MARKER, is_marked};
pub use ready::{CheckError, PublishError, Published, Ready, Rejected};
pub use recheck::recheck;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use starttls_host::fault;

/// The link to the generation in force.
pub const CURRENT: &str = "current";
/// The folder of all generations.
pub(crate) const FOLDER: &str = "generations";
const DRAFT: &str = "draft";
const NEXT_LINK: &str = "current.next";
const PREVIOUS: &str = ".previous";

/// An output directory, held under its lock until dropped.
#[derive(Debug)]
pub struct Generations {
    root: PathBuf,
    marker: File,
}

impl Drop for Generations {
    fn drop(&mut self) {
        // Closing would not do while a child that is just being started still holds a copy.
        let _ = rustix::fs::flock(&self.marker, rustix::fs::FlockOperation::Unlock);
    }
}

/// Why the generation before could not come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollBackError {
    /// Nothing was in force, or nothing before it is kept.
    #[error("`{path}` keeps no earlier generation to go back to; write a new one with `generate`")]
    NothingBefore {
        /// The output directory.
        path: PathBuf,
    },
    /// The link could not be read or swapped.
    #[error("cannot go back to the earlier generation in `{path}`; what was in force still is")]
    Io {
        /// The output directory.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// What [`Generations::roll_back`] did.
#[derive(Debug)]
pub struct RolledBack {
    /// The generation that was in force.
    pub from: u32,
    /// The one that is now.
    pub to: u32,
    /// Why the swap, though done, may not outlive a power cut.
    pub unflushed: Option<io::Error>,
}

/// The generation in force in an output directory, without taking its lock.
///
/// # Errors
/// When the link cannot be read, or is not one of ours.
pub fn current(root: &Path) -> io::Result<Option<u32>> {
    let target = match fs::read_link(root.join(CURRENT)) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "`current` is not a link"));
        }
        Err(error) => return Err(error),
    };
    let number = target.strip_prefix(FOLDER).ok().and_then(|name| number(name.as_os_str().to_str()?));
    number.map(Some).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("`current` points at `{}`", target.display()))
    })
}

impl Generations {
    /// Opens an output directory, making it if its parent exists, takes its lock, and removes what dead runs left.
    ///
    /// # Errors
    /// [`OpenError`]: another run holds it, or it is not a directory that is safely ours.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (root, marker) = home::enter(path)?;
        let generations = Self { root, marker };
        match generations.tidy() {
            // Withdrawal can still take our table out of main.cf.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
            tidied => {
                tidied.map_err(|source| OpenError::Io { path: generations.root.clone(), source })?;
            }
        }
        Ok(generations)
    }

    /// The output directory, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a mail server finds the generation in force, whichever it is: `OUTPUT/current`, absolute.
    pub fn current_directory(&self) -> PathBuf {
        self.root.join(CURRENT)
    }

    /// The generation in force.
    ///
    /// # Errors
    /// When the link cannot be read, or is not one of ours.
    pub fn current(&self) -> io::Result<Option<u32>> {
        current(&self.root)
    }

    /// The generation in force; `None`, too, when the link leads to none of ours, which the next swap puts right.
    fn known_current(&self) -> io::Result<Option<u32>> {
        match self.current() {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            other => other,
        }
    }

    /// The generation that the one in force replaced, if it is still kept.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn previous(&self) -> io::Result<Option<u32>> {
        let Some(current) = self.known_current()? else { return Ok(None) };
        let text = match fs::read_to_string(self.generation(current).join(PREVIOUS)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let kept = |number: &u32| self.generation(*number).is_dir();
        Ok(number(text.trim_end()).filter(kept))
    }

    /// Where the files of the generation before are, if it is still kept.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn previous_directory(&self) -> io::Result<Option<PathBuf>> {
        Ok(self.previous()?.map(|number| self.generation(number)))
    }

    /// Begins a new generation; nothing of it is in force before [`Ready::publish`].
    ///
    /// # Errors
    /// [`DraftError`] when it cannot be begun, or one is already being written.
    pub fn draft(&self) -> Result<Draft<'_>, DraftError> {
        Draft::begin(self)
    }

    /// Puts the generation before back in force.
    ///
    /// # Errors
    /// [`RollBackError`]; what was in force still is.
    pub fn roll_back(&self) -> Result<RolledBack, RollBackError> {
        let failed = |source| RollBackError::Io { path: self.root.clone(), source };
        let from = self.current().map_err(failed)?;
        let to = self.previous().map_err(failed)?;
        let (Some(from), Some(to)) = (from, to) else {
            return Err(RollBackError::NothingBefore { path: self.root.clone() });
        };
        self.point_current_at(to).map_err(failed)?;
        Ok(RolledBack { from, to, unflushed: starttls_host::sync_parent(&self.current_directory()).err() })
    }

    /// Deletes every generation. Only when no mail server refers to them any more: a missing table defers all mail.
    ///
    /// # Errors
    /// What the system answered; what is left can be deleted by calling again.
    pub fn clear(&self) -> io::Result<()> {
        remove_if_there(fs::remove_file(self.root.join(CURRENT)))?;
        starttls_host::sync_parent(&self.root.join(CURRENT))?;
        remove_if_there(fs::remove_dir_all(self.folder()))
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    fn generation(&self, number: u32) -> PathBuf {
        self.folder().join(format!("{number:04}"))
    }

    fn next_number(&self) -> io::Result<u32> {
        let highest = self.numbers()?.into_iter().chain(self.known_current()?).max();
        Ok(highest.unwrap_or(0).saturating_add(1))
    }

    fn numbers(&self) -> io::Result<Vec<u32>> {
        let entries = match fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            numbers.extend(entry?.file_name().to_str().and_then(number));
        }
        Ok(numbers)
    }

    /// The one step that decides: when it answers an error the old generation is in force, else the new one.
    fn point_current_at(&self, number: u32) -> io::Result<()> {
        let next = self.root.join(NEXT_LINK);
        fault::point()?;
        remove_whatever(&next)?;
        symlink(Path::new(FOLDER).join(format!("{number:04}")), &next)?;
        fault::point()?;
        let current = self.root.join(CURRENT);
        match fs::rename(&next, &current) {
            // A copy of the directory that followed links left one in the link's place.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                renameat_with(CWD, &next, CWD, &current, RenameFlags::EXCHANGE)?;
                // What stays is removed by the next run.
                let _ = remove_whatever(&next);
                Ok(())
            }
            renamed => renamed,
        }
    }

    /// Removes what dead runs left, and generations that nothing leads to.
    fn tidy(&self) -> io::Result<()> {
        remove_whatever(&self.root.join(NEXT_LINK))?;
        remove_whatever(&self.folder().join(DRAFT))?;
        self.prune()
    }

    /// Removes every generation but the one in force and the one before it.
    fn prune(&self) -> io::Result<()> {
        let current = match self.current() {
            // Somebody put another link in its place: what is left may be wanted to mend it.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(()),
            current => current?,
        };
        if current.is_some_and(|number| !self.generation(number).is_dir()) {
            // Somebody removed the generation in force: what is left may be wanted to mend it.
            return Ok(());
        }
        let kept = [current, self.previous()?];
        for number in self.numbers()? {
            if !kept.contains(&Some(number)) {
                fault::point()?;
                fs::remove_dir_all(self.generation(number))?;
            }
        }
        Ok(())
    }
}

/// Reads a generation's number as its directory spells it.
fn number(name: &str) -> Option<u32> {
    let parsed: u32 = name.parse().ok()?;
    (format!("{parsed:04}") == name).then_some(parsed)
}

/// Removes a file, a link or a directory, if it is there.
fn remove_whatever(path: &Path) -> io::Result<()> {
    let is_directory = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    remove_if_there(if is_directory { fs::remove_dir_all(path) } else { fs::remove_file(path) })
}

fn remove_if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
