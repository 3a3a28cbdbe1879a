//! Addresses that lists are fetched from: HTTPS alone, and nothing secret inside.
//!
//! Strict on purpose: only what an operator would write. Resolving and fetching is `starttls-net`.
//!
//! Spec: RFC 3986 §2 and §3 (characters and parts), RFC 9110 §4.2.2 (https).

use std::fmt;

/// Longest address; RFC 9110 §4.1 asks for at least 8,000 to be supported, no mirror needs that.
pub const MAX_URL_CHARS: usize = 2048;

/// An `https:` address with a host, without user name, password and fragment.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct HttpsUrl(Box<str>);

/// Why a text is no address to fetch a list from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// `http:`, whose answers anybody on the way may change or withhold.
    #[error("the address is not encrypted; write `https://`")]
    Cleartext,
    /// Another scheme, or none.
    #[error("want an address that begins with `https://`")]
    NotHttps,
    /// Nothing between `//` and the path, or a port that is no number.
    #[error("the address has no host, or a port that is no number from 1 to 65535")]
    NoHost,
    /// `user:password@`, which would end up in messages.
    #[error("the address has a user name or password in it; lists are public")]
    HasUser,
    /// `#…`, which never reaches a server.
    #[error("the address has a part behind `#`")]
    HasFragment,
    /// `?…`, where the address of a directory is wanted.
    #[error("the address of a directory has no part behind `?`")]
    HasQuery,
    /// A blank, a control character, a quote or a letter outside ASCII.
    #[error("the address has a character that must be written as `%XX`")]
    BadCharacter,
    /// More than [`MAX_URL_CHARS`].
    #[error("the address is longer than {MAX_URL_CHARS} characters")]
    TooLong,
}

impl HttpsUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_URL_CHARS {
            return Err(UrlError::TooLong);
        }
        let scheme_is = |scheme| text.get(..8).unwrap_or(text).to_ascii_lowercase().starts_with(scheme);
        if scheme_is("http://") {
            return Err(UrlError::Cleartext);
        }
        let rest = text.get(8..).filter(|_| scheme_is("https://")).ok_or(UrlError::NotHttps)?;
        // RFC 3986 §2: unreserved, reserved and `%`, but for the `#` that would begin a fragment.
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&b);
        if rest.contains('#') {
            return Err(UrlError::HasFragment);
        }
        if !rest.bytes().all(is_allowed) {
            return Err(UrlError::BadCharacter);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        check_authority(authority)?;
        Ok(Self(format!("https://{rest}").into()))
    }

    /// This address with `.asc` behind its path: where a detached signature usually is.
    #[must_use]
    pub fn with_asc(&self) -> Self {
        match self.0.split_once('?') {
            Some((path, query)) => Self(format!("{path}.asc?{query}").into()),
            None => Self(format!("{}.asc", self.0).into()),
        }
    }

    /// This address as that of a directory: with a `/` at its end.
    ///
    /// # Errors
    /// [`UrlError::HasQuery`], behind which no file name can be added.
    pub fn as_directory(self) -> Result<Self, UrlError> {
        match self.0.as_bytes() {
            bytes if bytes.contains(&b'?') => Err(UrlError::HasQuery),
            [.., b'/'] => Ok(self),
            _ => Ok(Self(format!("{}/", self.0).into())),
        }
    }

    /// The address; its scheme is in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_authority(authority: &str) -> Result<(), UrlError> {
    if authority.contains('@') {
        return Err(UrlError::HasUser);
    }
    let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, rest))) => (address, rest.strip_prefix(':').or((!rest.is_empty()).then_some(""))),
        Some(None) => return Err(UrlError::NoHost),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_host = if authority.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
    };
    let is_port = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if is_host && is_port { Ok(()) } else { Err(UrlError::NoHost) }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod addresses {
    use super::*;

    #[test]
    fn are_https_with_a_host() {
        for good in [
            "https://lists.example/",
            "https://lists.example",
            "https://lists.example:8443/a/b.json?x=1",
            "https://[2001:db8::1]:443/list/",
            "https://192.0.2.1/list/",
            "https://xn--bcher-kva.example/%C3%A4",
        ] {
            assert_eq!(HttpsUrl::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(HttpsUrl::parse("HTTPS://a.example/").unwrap().as_str(), "https://a.example/");
    }

    #[test]
    fn in_cleartext_or_elsewhere_are_refused() {
        for (bad, want) in [
            ("http://a.example/", UrlError::Cleartext),
            ("HTTP://a.example/", UrlError::Cleartext),
            ("ftp://a.example/", UrlError::NotHttps),
            ("file:///etc/passwd", UrlError::NotHttps),
            ("/srv/list.json", UrlError::NotHttps),
            ("https:", UrlError::NotHttps),
            ("", UrlError::NotHttps),
            ("https://", UrlError::NoHost),
            ("https:///x", UrlError::NoHost),
            ("https://a..example/", UrlError::NoHost),
            ("https://a.example:/", UrlError::NoHost),
            ("https://a.example:0/", UrlError::NoHost),
            ("https://a.example:65536/", UrlError::NoHost),
            ("https://a.example:+1/", UrlError::NoHost),
            ("https://[::1/", UrlError::NoHost),
            ("https://[::1]x/", UrlError::NoHost),
            ("https://[]/", UrlError::NoHost),
            ("https://me:pw@a.example/", UrlError::HasUser),
            ("https://a.example/#x", UrlError::HasFragment),
            ("https://a.example/a b", UrlError::BadCharacter),
            ("https://a.example/\n", UrlError::BadCharacter),
            ("https://a.example/\u{1b}[31m", UrlError::BadCharacter),
            ("https://bücher.example/", UrlError::BadCharacter),
            ("https://a.example\\@b.example/", UrlError::BadCharacter),
        ] {
            assert_eq!(HttpsUrl::parse(bad), Err(want), "{bad:?}");
        }
        let long = format!("https://a.example/{}", "a".repeat(MAX_URL_CHARS));
        assert_eq!(HttpsUrl::parse(&long), Err(UrlError::TooLong));
    }

    #[test]
    fn of_signatures_stand_beside_those_of_lists() {
        let of = |text| HttpsUrl::parse(text).unwrap().with_asc().as_str().to_owned();
        assert_eq!(of("https://a.example/p.json"), "https://a.example/p.json.asc");
        assert_eq!(of("https://a.example/p.json?v=1"), "https://a.example/p.json.asc?v=1");
    }

    #[test]
    fn of_directories_end_in_a_slash() {
        for text in ["https://a.example/list", "https://a.example/list/"] {
            assert_eq!(
                HttpsUrl::parse(text).unwrap().as_directory().unwrap().as_str(),
                "https://a.example/list/"
            );
        }
        let query = HttpsUrl::parse("https://a.example/list?x=1").unwrap();
        assert_eq!(query.as_directory(), Err(UrlError::HasQuery));
    }
}
