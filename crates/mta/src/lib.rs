//! What each mail server's TLS policy looks like as text.
