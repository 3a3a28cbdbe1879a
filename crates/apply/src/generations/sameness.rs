//! Whether a generation that is ready says anything new.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::{Generations, Ready};

const COMPARE_BYTES: usize = 64 * 1024;

impl Ready<'_> {
    /// Tells whether every file is already in force, byte for byte; then nothing need be swapped or reloaded.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn is_in_force(&self, generations: &Generations) -> io::Result<bool> {
        let Some(current) = generations.known_current()? else { return Ok(false) };
        let there = generations.generation(current);
        for name in self.files() {
            if !is_same(&self.directory().join(name), &there.join(name))? {
                return Ok(false);
            }
        }
        // What is there and no longer here: a key file that nothing names any more.
        Ok(count(self.directory())? == count(&there)?)
    }
}

fn is_same(new: &Path, old: &Path) -> io::Result<bool> {
    let old = match File::open(old) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        old => old?,
    };
    let new = File::open(new)?;
    if new.metadata()?.len() != old.metadata()?.len() {
        return Ok(false);
    }
    let (mut new, mut old) = (BufReader::with_capacity(COMPARE_BYTES, new), BufReader::new(old));
    let (mut here, mut there) = (vec![0; COMPARE_BYTES], vec![0; COMPARE_BYTES]);
    loop {
        let got = new.read(&mut here)?;
        let (Some(here), Some(there)) = (here.get(..got), there.get_mut(..got)) else { return Ok(false) };
        match old.read_exact(there) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if here != there {
            return Ok(false);
        }
        if got == 0 {
            return Ok(true);
        }
    }
}

/// Files below a directory, without the notes that begin with a dot.
fn count(directory: &Path) -> io::Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files += count(&entry.path())?;
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            files += 1;
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::super::Generations;
    use starttls_mta::Output as _;

    #[test]
    fn generation_is_in_force_when_every_byte_is() {
        let holder = starttls_testkit::world::directory().unwrap();
        let path = holder.path().canonicalize().unwrap().join("out");
        let generations = Generations::open(&path).unwrap();
        let write = |files: &[(&str, &str)]| {
            let mut draft = generations.draft().unwrap();
            for (name, text) in files {
                draft.append(name, text).unwrap();
            }
            draft.check(&mut |_, _| Ok(())).unwrap()
        };
        let first = [("table", "a\n"), ("anchors/one.pem", "key\n")];
        let ready = write(&first);
        assert!(!ready.is_in_force(&generations).unwrap());
        ready.publish().unwrap();
        assert!(write(&first).is_in_force(&generations).unwrap());
        let others: [&[(&str, &str)]; 4] = [
            &[("table", "b\n"), ("anchors/one.pem", "key\n")],
            &[("table", "a\na\n"), ("anchors/one.pem", "key\n")],
            &[("table", "a\n")],
            &[("table", "a\n"), ("anchors/one.pem", "key\n"), ("anchors/two.pem", "key\n")],
        ];
        for other in others {
            assert!(!write(other).is_in_force(&generations).unwrap(), "{other:?}");
        }
    }
}
