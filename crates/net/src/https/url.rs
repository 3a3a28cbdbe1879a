//! Where something is fetched from: an absolute `https` URL.
//!
//! Spec: RFC 3986, RFC 9110 §4.2.2 (`https`), §4.2.4 (no user information).

use std::fmt;
use std::str::FromStr;

use url::Url;

/// A longer URL is refused; RFC 9110 §4.1 asks for 8000 octets of those who serve strangers, ours are short.
const MAX_BYTES: usize = 4096;

/// An absolute `https` URL without user name, password and fragment.
///
/// Shown without its query, in which services carry tokens; [`HttpsUrl::as_str`] has all of it.
///
/// ```
/// use starttls_net::https::HttpsUrl;
///
/// let mirror: HttpsUrl = "https://lists.example.org/starttls".parse()?;
/// assert_eq!(mirror.below("v1/list.json")?.as_str(), "https://lists.example.org/starttls/v1/list.json");
/// assert!("http://lists.example.org/".parse::<HttpsUrl>().is_err());
/// # Ok::<(), starttls_net::https::UrlError>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HttpsUrl(Url);

/// Why a text is no URL to fetch from. The text is not repeated, since it may hold a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It has a part behind `#`.
    #[error("the URL has a fragment (`#…`); leave it out")]
    Fragment,
    /// It leads out of the URL it should stay below.
    #[error("`{path}` is not a plain relative path")]
    NotBelow {
        /// The path as given.
        path: String,
    },
    /// It is not `https`.
    #[error("the URL begins with `{scheme}:`; only `https:` is fetched")]
    NotHttps {
        /// What it begins with.
        scheme: String,
    },
    /// It cannot be parsed.
    #[error("not an absolute URL ({problem})")]
    NotUrl {
        /// What the parser said.
        problem: String,
    },
    /// It is too long.
    #[error("the URL is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// It holds a user name or password.
    #[error("the URL holds a user name or password (RFC 9110 §4.2.4); leave it out")]
    UserInformation,
}

impl HttpsUrl {
    /// All of it, with its query: for the wire, not for messages.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host, as a name in A-labels or an address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The URL of something below this one, which is taken for a directory whether it ends with `/` or not.
    ///
    /// # Errors
    /// When `path` is not made of plain steps: empty or dotted ones, a query, an encoded byte, anything but letters, digits and
    /// `-._~+@=,` are refused.
    pub fn below(&self, path: &str) -> Result<Self, UrlError> {
        let plain = |step: &str| {
            !step.is_empty()
                && step.bytes().any(|byte| byte != b'.')
                && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+@=,".contains(&byte))
        };
        if !path.split('/').all(plain) {
            return Err(UrlError::NotBelow { path: path.to_owned() });
        }
        let mut url = self.0.clone();
        url.set_query(None);
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        Self::check(url)
    }

    /// Where a `Location` header leads from here (RFC 9110 §10.2.2).
    pub(super) fn follow(&self, location: &str) -> Result<Self, UrlError> {
        if location.len() > MAX_BYTES {
            return Err(UrlError::TooLong);
        }
        let mut url = self.0.join(location).map_err(not_url)?;
        url.set_fragment(None);
        Self::check(url)
    }

    /// Tells whether both are served by the same host at the same port.
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        self.0.host_str() == other.0.host_str()
            && self.0.port_or_known_default() == other.0.port_or_known_default()
    }

    /// Host, and port if it is not 443: for messages.
    pub(super) fn authority(&self) -> String {
        match self.0.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    pub(super) const fn as_url(&self) -> &Url {
        &self.0
    }

    fn check(url: Url) -> Result<Self, UrlError> {
        if url.scheme() != "https" {
            return Err(UrlError::NotHttps { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::UserInformation);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        if url.as_str().len() > MAX_BYTES {
            return Err(UrlError::TooLong);
        }
        Ok(Self(url))
    }
}

impl FromStr for HttpsUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_BYTES {
            return Err(UrlError::TooLong);
        }
        Self::check(Url::parse(text).map_err(not_url)?)
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = if self.0.query().is_some() { "?…" } else { "" };
        write!(f, "https://{}{}{query}", self.authority(), self.0.path())
    }
}

impl fmt::Debug for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn not_url(error: impl fmt::Display) -> UrlError {
    UrlError::NotUrl { problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> HttpsUrl {
        text.parse().unwrap()
    }

    #[test]
    fn anything_but_a_bare_https_url_is_refused() {
        for (text, expected) in [
            ("", UrlError::NotUrl { problem: "relative URL without a base".into() }),
            ("http://example.org/", UrlError::NotHttps { scheme: "http".into() }),
            ("file:///etc/passwd", UrlError::NotHttps { scheme: "file".into() }),
            ("https://user@example.org/", UrlError::UserInformation),
            ("https://:secret@example.org/", UrlError::UserInformation),
            ("https://example.org/#part", UrlError::Fragment),
            (&format!("https://example.org/{}", "a".repeat(MAX_BYTES)), UrlError::TooLong),
        ] {
            assert_eq!(text.parse::<HttpsUrl>().unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{0} {0:?}", url("https://example.org:444/a?token=secret"));
        assert_eq!(shown, "https://example.org:444/a?… https://example.org:444/a?…");
        let error = "https://user:secret@example.org/".parse::<HttpsUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn below_stays_below() {
        let base = url("https://example.org/lists/?token=1");
        assert_eq!(base.below("v1/a.json").unwrap().as_str(), "https://example.org/lists/v1/a.json");
        for path in
            ["", "/a", "a/", "../a", "a/../b", ".", "a?b", "a#b", "a%2fb", "//host/a", "a b", "https://x/"]
        {
            assert!(base.below(path).is_err(), "{path}");
        }
    }

    #[test]
    fn default_port_is_the_same_origin() {
        assert!(url("https://example.org/").has_origin_of(&url("https://EXAMPLE.org:443/a")));
        assert!(!url("https://example.org/").has_origin_of(&url("https://example.org:444/")));
        assert!(!url("https://example.org/").has_origin_of(&url("https://www.example.org/")));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_https_and_shows_no_user(text in "(https|http)://[a-z:@/?#\\[\\].%-]{0,40}") {
            if let Ok(url) = text.parse::<HttpsUrl>() {
                prop_assert!(url.as_str().starts_with("https://"));
                prop_assert!(!url.authority().contains('@'));
            }
        }
    }
}
