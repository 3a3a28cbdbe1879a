//! URLs of PostgreSQL; the password goes to the server and nowhere else.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::PlaceError;

/// Parameters that a URL may have: those that say where the database is and how it is reached. What else there is would
/// be passed over, with its value in a log.
pub(super) const PARAMETERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "dbname", "user", "application_name"];

/// Those of them whose values are files.
const FILES: [&str; 3] = ["sslrootcert", "sslcert", "sslkey"];

/// Longest password; what is longer is some other file.
pub(super) const MAX_PASSWORD_BYTES: usize = 1_024;

/// A URL of PostgreSQL, shown without its password.
///
/// Unless the URL says otherwise (`sslmode=…`), a server on another machine must show a certificate for its name.
#[derive(Clone)]
pub struct PostgresUrl {
    options: Box<PgConnectOptions>,
    files: Vec<PathBuf>,
    password_file: Option<PathBuf>,
}

impl PostgresUrl {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=…`.
    ///
    /// # Errors
    /// [`PlaceError`], which never repeats the text.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let query = text.split_once('?').map_or("", |(_, query)| query);
        let keys = || query.split(['&', '#']).filter_map(|pair| pair.split('=').next());
        if keys().any(|key| !key.is_empty() && !PARAMETERS.contains(&key)) {
            return Err(PlaceError::Parameter);
        }
        let whole = with_authority(text);
        let is_set = |name: &&str| std::env::var_os(name).is_some();
        let user = whole.has_own_user.then_some("PGUSER");
        if let Some(name) = SPOILING.into_iter().chain(user).find(is_set) {
            return Err(PlaceError::Environment { name });
        }
        let mut options = PgConnectOptions::from_str(&whole.text).map_err(|_| PlaceError::Url)?;
        if whole.has_placeholder {
            options = options.password("");
        }
        // What the URL leaves open is not taken from the environment.
        if !keys().any(|key| key == "application_name") {
            options = options.application_name("starttls");
        }
        if options.get_database().is_none_or(str::is_empty) {
            return Err(PlaceError::NoDatabase);
        }
        let files = form_urlencoded::parse(query.split('#').next().unwrap_or_default().as_bytes())
            .filter(|(key, _)| FILES.contains(&&**key))
            .map(|(_, file)| PathBuf::from(file.into_owned()))
            .collect();
        if !keys().any(|key| key == "sslmode") {
            let mode = ssl_mode_towards(&options);
            options = options.ssl_mode(mode);
        }
        Ok(Self { options: Box::new(options), files, password_file: None })
    }

    /// Takes the password from a file of one line, which is read anew for each connection, so that a password may be changed while the
    /// program runs.
    ///
    /// # Errors
    /// [`PlaceError`] where the file cannot be read now or holds something else.
    pub fn with_password_file(self, path: &Path) -> Result<Self, PlaceError> {
        password_in(path)?;
        Ok(Self { password_file: Some(path.to_owned()), ..self })
    }

    /// The files that it names, which are read for each connection: certificates and a key.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What a connection is made with now.
    ///
    /// # Errors
    /// [`PlaceError`] where the file with the password cannot be read or holds something else.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, PlaceError> {
        let options = PgConnectOptions::clone(&self.options);
        match &self.password_file {
            Some(path) => Ok(options.password(&password_in(path)?)),
            None => Ok(options),
        }
    }
}

/// The password in a file of one line.
fn password_in(path: &Path) -> Result<String, PlaceError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PASSWORD_BYTES as u64 + 2).read_to_string(&mut text))
        .map_err(|source| PlaceError::PasswordFile { path: path.to_owned(), source })?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() || password.len() > MAX_PASSWORD_BYTES || password.contains(['\n', '\0']) {
        return Err(PlaceError::Password { path: path.to_owned() });
    }
    Ok(password.to_owned())
}

/// Variables that the driver obeys, and that no URL can take back.
const SPOILING: [&str; 4] = ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"];

/// A URL in which nothing is left open.
struct Whole {
    text: String,
    /// The password is ours, and none.
    has_placeholder: bool,
    /// The user is that of the process.
    has_own_user: bool,
}

/// Fills in user, password, host and port where a URL has none. What is left open the driver takes from the environment and from
/// `~/.pgpass`, files of a user that this program does not know; a password alone keeps it from reading that file.
///
/// `USER@/DATABASE?host=/run/…` names a socket, as PostgreSQL's own tools read it; URLs proper cannot have a user and no host.
fn with_authority(text: &str) -> Whole {
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(after_scheme);
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = match user.split_once(':') {
        Some((user, password)) if !password.is_empty() => (user, Some(password)),
        Some((user, _)) => (user, None),
        None => (user, None),
    };
    let has_own_user = user.is_empty();
    let user = if has_own_user { own_user() } else { user.to_owned() };
    let host = if host.is_empty() { "localhost" } else { host };
    let has_port =
        host.rsplit_once(':').is_some_and(|(before, _)| !before.starts_with('[') || before.ends_with(']'));
    let port = if has_port { "" } else { ":5432" };
    let has_placeholder = password.is_none();
    let password = password.unwrap_or("none");
    let text = format!("{scheme}{user}:{password}@{host}{port}{path}");
    Whole { text, has_placeholder, has_own_user }
}

/// The name of the user that the process runs as, as PostgreSQL's own tools take it.
fn own_user() -> String {
    PgConnectOptions::new_without_pgpass().get_username().to_owned()
}

/// Whoever sits between two machines must not read or change what was learnt; on one machine nobody sits there.
fn ssl_mode_towards(options: &PgConnectOptions) -> PgSslMode {
    let host = options.get_host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback());
    if is_here { PgSslMode::Prefer } else { PgSslMode::VerifyFull }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or_default();
        let user = self.options.get_username();
        match self.options.get_socket() {
            Some(socket) => write!(f, "postgres://{user}@/{database}?host={}", socket.display()),
            None => {
                write!(
                    f,
                    "postgres://{user}@{}:{}/{database}",
                    self.options.get_host(),
                    self.options.get_port()
                )
            }
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod passwords {
    use super::*;

    #[test]
    fn are_never_shown() {
        for text in [
            "postgres://me:s3cr3t@db.example/x",
            "postgres://me:s3cr3t@/x?host=/run/postgresql",
            "postgres://me:%733cr3t@db.example/x",
        ] {
            let url = PostgresUrl::parse(text).unwrap();
            for shown in [format!("{url}"), format!("{url:?}"), format!("{:#?}", crate::Place::Postgres(url))]
            {
                assert!(!shown.contains("s3cr3t") && !shown.contains("733cr3t"), "{shown}");
            }
        }
    }

    #[test]
    fn do_not_slip_into_errors() {
        for text in [
            "postgres://me:s3cr3t@db.example:port/x",
            "postgres://me:s3cr3t@db.example",
            "postgres://me:s3cr3t@db.example/x?password=s3cr3t",
            "postgres://db.example/x?passwort=s3cr3t",
            "postgres://db.example/x?sslmode=s3cr3t",
            "postgres://db.example/x?options=s3cr3t",
            "postgres://[s3cr3t/x",
        ] {
            let error = PostgresUrl::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        }
    }

    #[test]
    fn come_from_files_of_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let url = || PostgresUrl::parse("postgres://me@db.example/x").unwrap();
        for good in ["s3cr3t", "s3cr3t\n", "s3cr3t\r\n", " with spaces "] {
            std::fs::write(&path, good).unwrap();
            let url = url().with_password_file(&path).unwrap();
            assert!(!format!("{url:?}").contains("s3cr3t"));
        }
        for bad in ["", "\n", "two\nlines\n", &"x".repeat(MAX_PASSWORD_BYTES + 1)] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(url().with_password_file(&path), Err(PlaceError::Password { .. })));
        }
        let missing = dir.path().join("missing");
        assert!(matches!(url().with_password_file(&missing), Err(PlaceError::PasswordFile { .. })));
    }
}

#[cfg(test)]
mod servers {
    use super::*;

    #[test]
    fn on_other_machines_must_prove_their_name() {
        for (text, verified) in [
            ("postgres://me@db.example/x", true),
            ("postgres://me@192.0.2.1/x", true),
            ("postgres://me@db.example/x?sslmode=require", false),
            ("postgres://me@localhost/x", false),
            ("postgres://me@127.0.0.1/x", false),
            ("postgres://me@[::1]/x", false),
            ("postgres:///x?host=/run/postgresql", false),
        ] {
            let mode = PostgresUrl::parse(text).unwrap().options.get_ssl_mode();
            assert_eq!(matches!(mode, PgSslMode::VerifyFull), verified, "{text}");
        }
    }
}

#[cfg(test)]
mod files_of_a_url {
    use super::*;

    #[test]
    fn are_those_of_certificates_and_key_as_they_are_called() {
        let url = PostgresUrl::parse(
            "postgres://me@db.example/x?sslmode=verify-full&sslrootcert=/etc/a%20b.pem&application_name=/tmp/x&sslkey=/k#sslcert=/c",
        );
        assert_eq!(url.unwrap().files(), [PathBuf::from("/etc/a b.pem"), PathBuf::from("/k")]);
        assert!(PostgresUrl::parse("postgres://me@db.example/x").unwrap().files().is_empty());
    }
}

#[cfg(test)]
mod files_of_the_user {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    /// Says to the test's own process that it is the one with such a home.
    const CHILD: &str = "STARTTLS_TEST_HOME";

    #[test]
    fn fault_are_not_read_nor_is_the_environment() {
        if std::env::var_os(CHILD).is_some() {
            for text in
                ["postgres://me@127.0.0.1/x", "postgres://me@/x?host=/run/postgresql", "postgres:///x"]
            {
                let url = match PostgresUrl::parse(text) {
                    Err(PlaceError::Environment { name }) => {
                        assert!(std::env::var_os(name).is_some());
                        continue;
                    }
                    url => url.unwrap(),
                };
                let options = format!("{:?}", url.options().unwrap());
                assert!(!options.contains("leak"), "{text}: {options}");
            }
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".pgpass");
        std::fs::write(&file, "*:*:*:*:leak\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let test = "place::postgres_url::files_of_the_user::fault_are_not_read_nor_is_the_environment";
        let child = || {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args([test, "--exact", "--nocapture"]).env(CHILD, "1").env("HOME", home.path());
            child
        };
        let with_files = child().env("PGPASSFILE", &file).output().unwrap();
        assert!(with_files.status.success(), "{}", String::from_utf8_lossy(&with_files.stdout));
        for name in
            ["PGUSER", "PGPASSWORD", "PGHOST", "PGDATABASE", "PGAPPNAME", "PGOPTIONS", "PGSSLROOTCERT"]
        {
            let with_word = child().env(name, "leak").output().unwrap();
            assert!(with_word.status.success(), "{name}: {}", String::from_utf8_lossy(&with_word.stderr));
        }
    }
}
