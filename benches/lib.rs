//! Measurements of policy lists; see `index.rs` and `list.rs`.
