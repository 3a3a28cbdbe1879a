//! Overrides.
