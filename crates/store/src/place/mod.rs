//! Where a database is: a file, or a PostgreSQL server.

mod postgres_url;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use postgres_url::PostgresUrl;

/// Where a database is. Shown without any password.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A server of PostgreSQL.
    Postgres(PostgresUrl),
}

/// Why a text names no database. Never holds the text, since a password may stand in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The text, or what follows `sqlite:`, is empty.
    #[error("the name of the database is empty; want `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
    Empty,
    /// Some other kind of database.
    #[error("`{scheme}` is no kind of database; want `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
    Scheme {
        /// What stands before the colon.
        scheme: String,
    },
    /// No URL of the form that is wanted.
    #[error("the URL of PostgreSQL cannot be read; want `postgres://USER@HOST:PORT/DATABASE`")]
    Url,
    /// The URL names no database.
    #[error("the URL of PostgreSQL names no database; want `postgres://USER@HOST:PORT/DATABASE`")]
    NoDatabase,
    /// A parameter that is not known.
    #[error("the URL of PostgreSQL has a parameter that is not known; known are {}", postgres_url::PARAMETERS.join(", "))]
    Parameter,
    /// A variable of the environment would change what the URL says.
    #[error(
        "the environment variable `{name}` would change the connection to PostgreSQL; unset it, and say it in the URL"
    )]
    Environment {
        /// Its name.
        name: &'static str,
    },
    /// The password's file cannot be read.
    #[error("the password's file `{}` cannot be read", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The password's file holds no password.
    #[error("the password's file `{}` must hold one line of 1 to {} bytes", path.display(), postgres_url::MAX_PASSWORD_BYTES)]
    Password {
        /// The file.
        path: PathBuf,
    },
}

impl Place {
    /// Reads `sqlite:PATH`, `postgres://…` or a bare path.
    ///
    /// # Errors
    /// [`PlaceError`] says what is wrong, without repeating the text.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => PostgresUrl::parse(text).map(Self::Postgres),
            Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(PlaceError::Scheme { scheme: scheme.to_owned() })
            }
            _ if path.is_empty() => Err(PlaceError::Empty),
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        Self::parse(text)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_a_url() {
        for (text, want) in [
            ("sqlite:/var/lib/x.sqlite", "/var/lib/x.sqlite"),
            ("x.sqlite", "x.sqlite"),
            ("sqlite:rel/x", "rel/x"),
            ("./a:b", "./a:b"),
            ("postgres://me@db.example:5433/x", "postgres://me@db.example:5433/x"),
            ("postgresql://me@db.example/x", "postgres://me@db.example:5432/x"),
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), want);
        }
    }

    #[test]
    fn other_databases_are_refused_by_name() {
        for (text, want) in [
            ("", "is empty"),
            ("sqlite:", "is empty"),
            ("mysql://root:secret@h/db", "`mysql` is no kind"),
            ("sqlite:///etc/x", "`sqlite` is no kind"),
        ] {
            let error = Place::parse(text).unwrap_err().to_string();
            assert!(error.contains(want) && !error.contains("secret"), "{error}");
        }
    }
}
