//! Lets every target be built without cargo-fuzz, too: `cargo check` then shows what no longer fits.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
    // cargo-fuzz sets it itself, when it builds with coverage.
    println!("cargo::rustc-cfg=fuzzing");
}
