//! Files looked at where they lie: a read-only memory map, the one place with `unsafe`.
//!
//! A mapped file must not become shorter as long as the map lives: touching a page behind the new end kills the process
//! (SIGBUS), and bytes that change under the map may be seen to change. So files of ours that are mapped are only ever
//! replaced by renaming another one over them, which leaves the map on the old file, and never written in place. What is
//! read from a map is judged as bytes of a stranger all the same.
//!
//! What the bytes mean is `starttls_policy::index`.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap, MmapOptions};

/// The bytes of a file, mapped privately and read-only.
#[derive(Debug)]
pub struct Map(Mmap);

/// In which order a map will be read; a hint to the system, which may heed it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Here and there: nothing is read ahead.
    Random,
    /// From the front to the end, once.
    Through,
}

impl Map {
    /// Maps a whole file.
    ///
    /// # Errors
    /// What the system answers; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub fn open(path: &Path, reading: Reading) -> io::Result<Self> {
        Self::of(&File::open(path)?, reading)
    }

    /// Maps a whole file that is open.
    ///
    /// # Errors
    /// As [`Map::open`].
    pub fn of(file: &File, reading: Reading) -> io::Result<Self> {
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        #[expect(
            unsafe_code,
            reason = "a map is no safe thing in Rust's eyes; the header says what holds it up"
        )]
        // SAFETY: the map is read-only and private, so nothing here can change the file or be changed through the map.
        // That no other process shortens or writes the file is the contract of the header: whoever breaks it ends this
        // process or makes it read other bytes, and bytes are checked wherever they are read.
        let map = unsafe { MmapOptions::new().map_copy_read_only(file)? };
        map.advise(match reading {
            Reading::Random => Advice::Random,
            Reading::Through => Advice::Sequential,
        })?;
        Ok(Self(map))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod maps {
    use super::*;

    #[test]
    fn show_the_files_bytes_be_there_any_or_none() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("file");
        for bytes in [&b""[..], b"x", &[7; 10_000]] {
            std::fs::write(&path, bytes).unwrap();
            for reading in [Reading::Random, Reading::Through] {
                assert_eq!(&*Map::open(&path, reading).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn stay_on_the_old_file_when_another_takes_its_name() {
        let directory = starttls_testkit::world::directory().unwrap();
        let (path, new) = (directory.path().join("file"), directory.path().join("new"));
        std::fs::write(&path, "old").unwrap();
        let map = Map::open(&path, Reading::Random).unwrap();
        std::fs::write(&new, "new").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert_eq!((&*map, &*Map::open(&path, Reading::Random).unwrap()), (&b"old"[..], &b"new"[..]));
    }

    #[test]
    fn are_of_regular_files_alone() {
        let directory = starttls_testkit::world::directory().unwrap();
        for path in [directory.path(), Path::new("/dev/zero")] {
            assert_eq!(
                Map::open(path, Reading::Random).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{}",
                path.display()
            );
        }
        assert_eq!(
            Map::open(&directory.path().join("none"), Reading::Random).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
