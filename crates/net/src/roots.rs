//! Whose certificates are trusted: the system's roots, those of named files, or both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CipherSuite, ClientConfig, RootCertStore};

/// Where systems keep the certificates that they trust.
const SYSTEM_PLACES: [&str; 8] = [
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// Variables that name other places for them.
const SYSTEM_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The largest CA file that is read; the bundle of a whole system is about a quarter of a mebibyte.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// What the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured).
    #[default]
    System,
    /// What the system trusts, if anything, and the certificates in these PEM files.
    SystemAnd(Vec<PathBuf>),
    /// The certificates in these PEM files and nothing else.
    Only(Vec<PathBuf>),
}

/// Why there are no roots to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// One certificate of a file is none that can sign others.
    #[error("a certificate in `{}` cannot be used as a root", path.display())]
    BadCertificate {
        /// The CA file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// A file holds no certificate.
    #[error("`{}` holds no PEM certificate", path.display())]
    NoCertificate {
        /// The CA file.
        path: PathBuf,
    },
    /// A file is not PEM.
    #[error("`{}` is not a PEM file", path.display())]
    NotPem {
        /// The CA file.
        path: PathBuf,
        /// Where reading ended.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A file cannot be read.
    #[error("the CA file cannot be read")]
    Read(#[from] starttls_host::ReadError),
    /// The system has no roots.
    #[error(
        "no CA certificates found on this system; install the package `ca-certificates`, or name a CA file"
    )]
    NoneOnSystem,
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls {
        /// What it said.
        #[source]
        source: rustls::Error,
    },
}

impl Roots {
    /// Files and directories that these roots come from, whether they are there or not: when one of them changes, the roots may
    /// have.
    pub fn places(&self) -> Vec<PathBuf> {
        let of_system = || {
            let named = SYSTEM_VARIABLES.iter().filter_map(std::env::var_os).map(PathBuf::from);
            named.chain(SYSTEM_PLACES.iter().map(PathBuf::from)).collect()
        };
        match self {
            Self::System => of_system(),
            Self::SystemAnd(files) => [of_system(), files.clone()].concat(),
            Self::Only(files) => files.clone(),
        }
    }

    /// A TLS client that trusts these roots and speaks TLS 1.2 or 1.3.
    ///
    /// # Errors
    /// [`RootsError`].
    pub(crate) fn client_config(&self) -> Result<ClientConfig, RootsError> {
        let mut provider = rustls::crypto::ring::default_provider();
        // Servers mostly take what the client puts first; a key twice as long costs half as much again, and protects nothing more.
        provider.cipher_suites.sort_by_key(|suite| !is_aes_128(suite.suite()));
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(|source| RootsError::Tls { source })?;
        Ok(builder.with_root_certificates(self.store()?).with_no_client_auth())
    }

    /// Reads a PEM file of further authorities, and throws the certificates away: for a check of settings.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn check_file(path: &Path) -> Result<(), RootsError> {
        read(path).map(drop)
    }

    /// Every certificate that is trusted. Those of the system that the TLS library does not understand are left out.
    ///
    /// # Errors
    /// [`RootsError`].
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, RootsError> {
        let (mut certificates, files) = match self {
            // A closed network may have no others.
            Self::SystemAnd(files) if !files.is_empty() => (system().unwrap_or_default(), &files[..]),
            Self::System | Self::SystemAnd(_) => (system()?, &[][..]),
            Self::Only(files) => (Vec::new(), &files[..]),
        };
        for path in files {
            certificates.extend(read(path)?);
        }
        Ok(certificates)
    }

    fn store(&self) -> Result<RootCertStore, RootsError> {
        let mut store = RootCertStore::empty();
        // Each one was tried before.
        store.add_parsable_certificates(self.certificates()?);
        Ok(store)
    }
}

fn system() -> Result<Vec<CertificateDer<'static>>, RootsError> {
    // One unreadable file among many is no reason to trust nothing.
    let found = rustls_native_certs::load_native_certs().certs;
    let usable: Vec<_> =
        found.into_iter().filter(|der| RootCertStore::empty().add(der.clone()).is_ok()).collect();
    if usable.is_empty() { Err(RootsError::NoneOnSystem) } else { Ok(usable) }
}

/// Tells whether a cipher suite encrypts with AES and a key of 128 bits.
fn is_aes_128(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    )
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let path_of = || path.to_owned();
    let pem = starttls_host::read(path, MAX_FILE_BYTES)?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| RootsError::NotPem { path: path_of(), source })?;
    if certificates.is_empty() {
        return Err(RootsError::NoCertificate { path: path_of() });
    }
    for certificate in &certificates {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|source| RootsError::BadCertificate { path: path_of(), source })?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use starttls_testkit::ca::Authority;

    use super::*;

    fn only(text: &str) -> Result<usize, RootsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, text).unwrap();
        Roots::Only(vec![path]).store().map(|store| store.len())
    }

    #[test]
    fn every_certificate_of_a_file_is_trusted() {
        let (one, two) = (Authority::new("One").unwrap(), Authority::new("Two").unwrap());
        assert_eq!(only(&(one.pem() + &two.pem())).unwrap(), 2);
    }

    #[test]
    fn file_without_a_usable_certificate_is_refused() {
        assert!(matches!(only(""), Err(RootsError::NoCertificate { .. })));
        assert!(matches!(only("no PEM at all"), Err(RootsError::NoCertificate { .. })));
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(only(junk), Err(RootsError::BadCertificate { .. })));
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(only(cut), Err(RootsError::NotPem { .. })));
        let missing = Roots::Only(vec!["/nonexistent/ca.pem".into()]);
        assert!(matches!(missing.store(), Err(RootsError::Read(_))));
    }
}
