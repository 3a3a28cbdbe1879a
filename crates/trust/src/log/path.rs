//! Where tiles and entry bundles stand in the published directory.
//!
//! Spec: C2SP tlog-tiles, "Merkle Tree", "Partial Tiles", "Log entries".

use alloc::format;
use alloc::string::String;

/// Hashes in a full tile, leaves in a full bundle.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;

/// Bytes of a full tile.
pub const MAX_TILE_BYTES: u64 = TILE_WIDTH * 32;

pub(super) const TILE_HEIGHT: u32 = 8;

/// The path of the tile `index` of `level`; of a partial one when `width` is below [`TILE_WIDTH`].
pub fn tile_path(level: u32, index: u64, width: u64) -> String {
    format!("tile/{level}/{}", tail(index, width))
}

/// The path of the entry bundle `index`; of a partial one when `width` is below [`TILE_WIDTH`].
pub fn entries_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}", tail(index, width))
}

/// Three digits for each directory, all but the last behind an `x`.
fn tail(index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        path = format!("{path}.p/{width}");
    }
    path
}

#[cfg(test)]
mod tlog_tiles {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path(0, 0, 256), "tile/0/000");
        assert_eq!(tile_path(2, 0, 1), "tile/2/000.p/1");
        assert_eq!(tile_path(63, 1000, 255), "tile/63/x001/000.p/255");
        assert_eq!(entries_path(273, 112), "tile/entries/273.p/112");
    }
}
