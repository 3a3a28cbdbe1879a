//! The tree, computed anew from the leaves.

use starttls_trust::log::{
    Appender, Checkpoint, MAX_ENTRIES_BYTES, MAX_TILE_BYTES, ReadTiles, TILE_WIDTH, TreeHead, entries_path,
    parse_entries,
};

use super::Auditor;
use crate::file;

/// No tile is needed for a tree that begins empty.
struct NoTiles;

impl ReadTiles for NoTiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("there is none".into())
    }
}

impl Auditor {
    /// All leaves, from the entry bundles; nothing when one is missing, since the rest proves little then.
    pub(super) fn leaves(&mut self, size: u64) -> Option<Vec<Vec<u8>>> {
        let mut leaves = Vec::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let width = TILE_WIDTH.min(size - index * TILE_WIDTH);
            let path = entries_path(index, width);
            let bytes = self.read(&path, MAX_ENTRIES_BYTES)?;
            match parse_entries(&bytes, width) {
                Ok(entries) => leaves.extend(entries.into_iter().map(<[u8]>::to_vec)),
                Err(error) => {
                    self.wrong(path, error.to_string());
                    return None;
                }
            }
        }
        Some(leaves)
    }

    /// Computes the tree, and compares root hash and tiles; tells how many files.
    pub(super) fn tree(&mut self, checkpoint: &Checkpoint, leaves: &[Vec<u8>]) -> u64 {
        let grown = Appender::open(TreeHead::EMPTY, &NoTiles).and_then(|mut appender| {
            leaves.iter().try_for_each(|leaf| appender.push(leaf).map(|_| ()))?;
            Ok(appender.finish())
        });
        let grown = match grown {
            Ok(grown) => grown,
            Err(error) => {
                self.wrong("tile", error.to_string());
                return 0;
            }
        };
        if grown.head != checkpoint.head() {
            self.wrong("checkpoint", "its root hash is not that of the published leaves");
        }
        let mut compared = 0;
        for (path, expected) in &grown.files {
            let limit = if path.starts_with("tile/entries/") { MAX_ENTRIES_BYTES } else { MAX_TILE_BYTES };
            if let Some(bytes) = self.read(path, limit) {
                compared += 1;
                if bytes != *expected {
                    self.wrong(path, "it is not what follows from the published leaves");
                }
            }
        }
        compared + self.older_tiles(&grown.files)
    }

    /// Partial files of older trees may stay or go; those that stay must be the beginning of what is there now.
    fn older_tiles(&mut self, files: &[(String, Vec<u8>)]) -> u64 {
        let mut compared = 0;
        for (path, newest) in files {
            let full = path.split_once(".p/").map_or(path.as_str(), |(full, _)| full);
            let Ok(found) = std::fs::read_dir(self.directory.join(format!("{full}.p"))) else { continue };
            let mut names: Vec<String> =
                found.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
            names.sort();
            for name in names.iter().take(usize::try_from(TILE_WIDTH).unwrap_or(usize::MAX)) {
                let older = format!("{full}.p/{name}");
                if older == *path {
                    continue;
                }
                compared += 1;
                let bytes = file::read(&self.directory.join(&older), MAX_ENTRIES_BYTES);
                let has_width = |bytes: &[u8]| match name.parse::<u64>() {
                    Ok(width) if full.starts_with("tile/entries/") => parse_entries(bytes, width).is_ok(),
                    Ok(width) => u64::try_from(bytes.len()) == Ok(width * 32),
                    Err(_) => false,
                };
                if !bytes.is_ok_and(|bytes| newest.starts_with(&bytes) && has_width(&bytes)) {
                    self.wrong(older, "it is not the beginning of the newer file");
                }
            }
        }
        compared
    }
}
