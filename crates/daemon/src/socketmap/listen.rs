//! Where to listen, as the settings say it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The longest path of a Unix socket, in bytes: that of `sockaddr_un` without its last zero, and one byte for the name
/// under which it is made.
const MAX_PATH_BYTES: usize = 106;

/// Where to listen: `127.0.0.1:8461`, `[::1]:8461` or `unix:/run/starttls/socketmap`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Listen {
    /// An address and a port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// An absolute path.
    Unix(PathBuf),
}

/// Text that names no place to listen at.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadListen {
    /// Neither of the forms.
    #[error("`{got}` is no address to listen at; want `127.0.0.1:8461`, `[::1]:8461` or `unix:/path`")]
    Form {
        /// The text.
        got: String,
    },
    /// A path that depends on where the program was started.
    #[error("`{got}` must have an absolute path, as in `unix:/run/starttls/socketmap`")]
    Relative {
        /// The text.
        got: String,
    },
    /// A path that the system cannot take.
    #[error(
        "`{got}` has a path of more than {MAX_PATH_BYTES} bytes, or a zero in it; sockets need a shorter one"
    )]
    Path {
        /// The text.
        got: String,
    },
}

impl FromStr for Listen {
    type Err = BadListen;

    fn from_str(text: &str) -> Result<Self, BadListen> {
        let got = || text.to_owned();
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| BadListen::Form { got: got() });
        };
        if !path.starts_with('/') {
            return Err(BadListen::Relative { got: got() });
        }
        if path.len() > MAX_PATH_BYTES || path.contains('\0') || path.ends_with('/') {
            return Err(BadListen::Path { got: got() });
        }
        Ok(Self::Unix(path.into()))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod forms {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in ["127.0.0.1:8461", "[::1]:8461", "0.0.0.0:0", "unix:/run/starttls/socketmap"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_and_bare_ports_are_refused() {
        for text in [
            "",
            "8461",
            ":8461",
            "localhost:8461",
            "127.0.0.1",
            "::1:8461",
            "[::1]",
            "127.0.0.1:65536",
            "inet:1",
        ] {
            assert_eq!(text.parse::<Listen>(), Err(BadListen::Form { got: text.into() }));
        }
    }

    #[test]
    fn paths_are_absolute() {
        for text in ["unix:", "unix:socketmap", "unix:./socketmap"] {
            assert_eq!(text.parse::<Listen>(), Err(BadListen::Relative { got: text.into() }));
        }
    }

    #[test]
    fn paths_that_no_socket_can_have_are_refused() {
        for text in
            ["unix:/".into(), "unix:/run/".into(), "unix:/a\0b".into(), format!("unix:/{}", "a".repeat(106))]
        {
            assert_eq!(text.parse::<Listen>(), Err(BadListen::Path { got: text }));
        }
        assert!(format!("unix:/{}", "a".repeat(105)).parse::<Listen>().is_ok());
    }
}
