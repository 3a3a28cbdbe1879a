//! What is asked, and what comes back into memory.

use super::{HttpsUrl, Validators};

/// One thing to fetch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Where it is.
    pub url: HttpsUrl,
    /// What an earlier response said; empty to get the body in any case.
    pub validators: Validators,
    /// The largest body that is accepted.
    pub max_bytes: u64,
}

/// What the server answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Response {
    /// The body is still the one that the request's validators belong to.
    NotModified,
    /// There is a body.
    Body(Body),
}

/// A body in memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body {
    /// All of it.
    pub bytes: Vec<u8>,
    /// To be sent with the next request.
    pub validators: Validators,
    /// Where the server sent us on to, in order; empty when it answered itself.
    pub redirects: Vec<HttpsUrl>,
}

impl Request {
    /// Asks for a body of at most `max_bytes` bytes.
    pub fn new(url: HttpsUrl, max_bytes: u64) -> Self {
        Self { url, validators: Validators::default(), max_bytes }
    }

    /// Asks for it only if it has changed since the response that these validators came with.
    #[must_use]
    pub fn if_changed(mut self, since: Validators) -> Self {
        self.validators = since;
        self
    }
}
