//! Live evidence.
