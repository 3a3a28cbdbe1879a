//! The user as whom a directory is accessed.
//!
//! The daemon runs as a user of its own, and operators run commands as root. A file that root made in the daemon's directory could
//! not be read by the daemon. So there is one rule: a process that runs as root accesses a directory of ours as the user and group
//! that the directory belongs to. Files are never given to another user afterwards: a path can be exchanged between two calls.
//!
//! Credentials belong to a thread on Linux (credentials(7), "Thread credentials"), so that a switch concerns the calling thread
//! alone. Threads and programs that are started meanwhile inherit it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{Gid, Uid, getegid, geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The user as whom a directory is accessed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner(Option<Ids>);

/// A user and a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Ids {
    uid: Uid,
    gid: Gid,
}

/// This process may not act as the owner of the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "this process cannot act as user {uid}, to whom the directory belongs; run it as that user, or with the \
     capabilities CAP_SETUID and CAP_SETGID"
)]
pub struct SwitchError {
    uid: u32,
    /// The underlying I/O error.
    #[source]
    source: io::Error,
}

/// A file in a directory of ours that belongs to somebody else than the directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForeignFile {
    /// The file or directory.
    pub path: PathBuf,
    /// Its owner.
    pub owner: u32,
    /// User and group of the directory.
    us: (u32, u32),
}

impl Owner {
    /// The owner of a directory, by its user and group.
    pub fn of(uid: u32, gid: u32) -> Self {
        Self::seen_by(geteuid(), uid, gid)
    }

    /// Only root acts as somebody else, and only as a user that is not root.
    fn seen_by(us: Uid, uid: u32, gid: u32) -> Self {
        let ids = Ids { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) };
        Self((us.is_root() && !ids.uid.is_root()).then_some(ids))
    }

    /// The owner of the directory at a path; where there is none, the process acts as the user that it runs as.
    ///
    /// # Errors
    /// The underlying I/O error when the path cannot be looked at.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) => Ok(Self::of(found.uid(), found.gid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// The user's number, where it is another one than the process runs as.
    pub fn uid(self) -> Option<u32> {
        self.0.map(|ids| ids.uid.as_raw())
    }

    /// Does some work as the owner, on this thread.
    ///
    /// # Errors
    /// [`SwitchError`]; nothing was done then.
    pub fn act<T>(self, work: impl FnOnce() -> T) -> Result<T, SwitchError> {
        // Within other work of the same owner nothing is left to switch.
        let Some(ids) = self.0.filter(|ids| ids.uid != geteuid()) else { return Ok(work()) };
        let _switched = Switched::to(ids)?;
        Ok(work())
    }

    /// Acts as the owner from now on and for good, on this thread and on those that it starts.
    ///
    /// # Errors
    /// [`SwitchError`].
    pub fn assume(self) -> Result<(), SwitchError> {
        let Some(Ids { uid, gid }) = self.0 else { return Ok(()) };
        let switched = set_thread_groups(&[])
            .and_then(|()| set_thread_res_gid(gid, gid, gid))
            .and_then(|()| set_thread_res_uid(uid, uid, uid));
        switched.map_err(|error| SwitchError { uid: uid.as_raw(), source: error.into() })
    }
}

/// The thread acts as somebody else until this is dropped.
struct Switched {
    groups: Vec<Gid>,
}

impl Switched {
    fn to(Ids { uid, gid }: Ids) -> Result<Self, SwitchError> {
        let failed = |error: rustix::io::Errno| SwitchError { uid: uid.as_raw(), source: error.into() };
        let switched = Self { groups: getgroups().map_err(failed)? };
        // The saved user stays root: with it the thread comes back, and a program that it starts loses it. The user comes last,
        // since only root may change the rest.
        set_thread_groups(&[]).map_err(failed)?;
        set_thread_res_gid(gid, gid, None).map_err(failed)?;
        set_thread_res_uid(uid, uid, None).map_err(failed)?;
        Ok(switched)
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        // Where one of these fails the thread has fewer rights than before, never more.
        let _ = set_thread_res_uid(Uid::ROOT, Uid::ROOT, None);
        let _ = set_thread_res_gid(Gid::ROOT, Gid::ROOT, None);
        let _ = set_thread_groups(&self.groups);
    }
}

impl ForeignFile {
    /// The reason why a path in a directory of ours may not be accessed, if it is a file or directory of another user in a directory
    /// of the user that the thread acts as.
    pub fn behind(path: &Path) -> Option<Self> {
        let us = geteuid().as_raw();
        let owner = |path: &Path| fs::symlink_metadata(path).ok().map(|found| found.uid());
        let mut foreign = None;
        // What cannot be looked at lies in a directory that can.
        for path in path.ancestors() {
            match owner(path) {
                Some(owner) if owner == us => break,
                Some(owner) => foreign = Some((path, owner)),
                None => {}
            }
        }
        let (path, owner) =
            foreign.filter(|(path, _)| path.parent().is_some_and(|above| owner(above) == Some(us)))?;
        Some(Self { path: path.to_owned(), owner, us: (us, getegid().as_raw()) })
    }
}

impl fmt::Display for ForeignFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, owner, us: (uid, gid) } = self;
        let path = path.display();
        write!(
            f,
            "`{path}` belongs to user {owner} and not to user {uid} like the directory it is in, as if an older release had been run as \
             another user; run `chown -R --no-dereference {uid}:{gid} {path}` as root"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A user that no system has.
    const SERVICE: u32 = 54_321;

    #[test]
    fn programs_started_as_the_owner_cannot_become_root_again() {
        let ids = |owner: Owner| {
            let run = owner.act(|| {
                Command::new("/bin/sh").args(["-c", "id -ru; id -u; id -rg; id -G"]).output().unwrap()
            });
            String::from_utf8(run.unwrap().stdout).unwrap()
        };
        if geteuid().is_root() {
            let n = SERVICE;
            assert_eq!(ids(Owner::of(n, n)), format!("{n}\n{n}\n{n}\n{n}\n"));
            assert!(ids(Owner::of(n, n)) != ids(Owner(None)), "the thread is root again");
        } else {
            assert_eq!(ids(Owner::of(SERVICE, SERVICE)), ids(Owner(None)));
        }
    }

    #[test]
    fn only_root_acts_as_somebody_else_and_never_as_root() {
        let (root, other) = (Uid::ROOT, Uid::from_raw(1_000));
        assert_eq!(Owner::seen_by(root, SERVICE, 7).uid(), Some(SERVICE));
        for (us, owner) in [(root, 0), (other, SERVICE), (other, 0), (other, 1_000)] {
            assert_eq!(Owner::seen_by(us, owner, 7), Owner(None), "{us:?} {owner}");
        }
    }
}
