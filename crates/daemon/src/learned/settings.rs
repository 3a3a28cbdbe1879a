//! Where what was learnt is kept.

use std::path::PathBuf;
use std::time::Duration;

use starttls_store::PostgresUrl;

/// Policies that are kept unless the operator says otherwise: some 600 MB of disk, and more domains than most servers ever write to.
pub const DEFAULT_ROW_LIMIT: u64 = 2_000_000;

/// How long the wall clock has to go without a jump before anything is deleted as ended.
pub const SETTLED_AFTER: Duration = Duration::from_hours(24);

/// Where what was learnt is kept.
#[derive(Clone, Debug)]
pub struct LearnedSettings {
    /// The file of the node's own store.
    pub path: PathBuf,
    /// The store that all nodes share.
    pub shared: Option<PostgresUrl>,
    /// The name of this node in the shared store, for people.
    pub node: String,
    /// Rows of each kind that are kept; policies that enforce and have not ended are never given up.
    pub row_limit: u64,
    /// How long the wall clock has to go without a jump before anything is deleted as ended; [`SETTLED_AFTER`] but in tests.
    pub settled_after: Duration,
}
