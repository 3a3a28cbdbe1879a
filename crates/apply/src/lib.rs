//! Mail server configuration written, activated and undone.
