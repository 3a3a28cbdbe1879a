//! A throw-away certificate authority, and the certificates that a test needs from it: good and bad.

mod key;

use std::fmt::Write as _;

use anyhow::Result;
use base64ct::{Base64, Encoding as _};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData as _, SerialNumber, date_time_ymd,
};
use sha2::{Digest as _, Sha256};

pub use key::Key;

/// When a certificate may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Validity {
    /// Now, and for as long as these tests will be run.
    Current,
    /// In a year long past.
    Expired,
}

/// Somebody who signs certificates.
#[derive(Debug)]
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, Key>,
}

impl Authority {
    /// Makes an authority whose common name is `name`.
    ///
    /// # Errors
    /// When the key or the certificate cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let key = Key::generate()?;
        let mut params = parameters(&[], name, Validity::Current, &key)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// The authority's own certificate.
    pub fn pem(&self) -> String {
        key::pem("CERTIFICATE", self.certificate.der())
    }

    /// The authority's public key (a DER `SubjectPublicKeyInfo`) in Base64: what a trust-anchor pin carries.
    pub fn spki(&self) -> String {
        Base64::encode_string(&self.issuer.key().subject_public_key_info())
    }

    /// The SHA-256 digest of the same key in hexadecimal digits: what a TLSA record of an authority carries.
    pub fn spki_sha256_hex(&self) -> String {
        sha256_hex(&self.issuer.key().subject_public_key_info())
    }

    /// Signs a certificate for the host names `names` (a wildcard such as `*.example.com` is a name, too).
    ///
    /// # Errors
    /// When a name is no host name, or the key cannot be made.
    pub fn sign(&self, names: &[&str], validity: Validity) -> Result<Identity> {
        let key = Key::generate()?;
        let certificate = self.sign_key(&key, names, validity)?;
        Ok(Identity { key, chain: vec![key::pem("CERTIFICATE", &certificate), self.pem()] })
    }

    /// The same for a key that is there already; returns the certificate as DER.
    ///
    /// # Errors
    /// When a name is no host name.
    pub fn sign_key(&self, key: &Key, names: &[&str], validity: Validity) -> Result<Vec<u8>> {
        let params = parameters(names, names.first().unwrap_or(&"nameless"), validity, key)?;
        Ok(params.signed_by(key, &self.issuer)?.der().to_vec())
    }
}

/// A private key and the certificates that a server shows for it.
#[derive(Debug)]
pub struct Identity {
    key: Key,
    chain: Vec<String>,
}

impl Identity {
    /// Makes a certificate for `names` that nobody but itself vouches for.
    ///
    /// # Errors
    /// When a name is no host name, or the key cannot be made.
    pub fn self_signed(names: &[&str]) -> Result<Self> {
        let key = Key::generate()?;
        let params = parameters(names, names.first().unwrap_or(&"nameless"), Validity::Current, &key)?;
        let certificate = params.self_signed(&key)?;
        Ok(Self { key, chain: vec![key::pem("CERTIFICATE", certificate.der())] })
    }

    /// Key first, then the certificates from leaf to root: one file for a server.
    pub fn pem(&self) -> String {
        let mut bundle = self.key.pem();
        for certificate in &self.chain {
            let _ = write!(bundle, "{certificate}");
        }
        bundle
    }

    /// The SHA-256 digest of the public key (a DER `SubjectPublicKeyInfo`) in Base64: what a leaf pin carries.
    pub fn spki_sha256(&self) -> String {
        Base64::encode_string(&Sha256::digest(self.key.subject_public_key_info()))
    }

    /// The same digest in hexadecimal digits: what a TLSA record carries.
    pub fn spki_sha256_hex(&self) -> String {
        sha256_hex(&self.key.subject_public_key_info())
    }
}

fn sha256_hex(spki: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(spki))
}

fn parameters(names: &[&str], common_name: &str, validity: Validity, key: &Key) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.use_authority_key_identifier_extension = true;
    // Both from the key: each certificate has a number and an identifier of its own (RFC 5280 §4.1.2.2, §4.2.1.2).
    let mut digest = Sha256::digest(key.subject_public_key_info()).to_vec();
    digest.truncate(20);
    params.key_identifier_method = KeyIdMethod::PreSpecified(digest.clone());
    if let Some(first) = digest.first_mut() {
        // A number is positive and has no leading zeros.
        *first = *first & 0x3f | 0x40;
    }
    params.serial_number = Some(SerialNumber::from(digest));
    (params.not_before, params.not_after) = match validity {
        Validity::Current => (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1)),
        Validity::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
    };
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundle_holds_the_key_then_leaf_and_root() {
        let authority = Authority::new("Root").unwrap();
        let pem = authority.sign(&["mx.example.org"], Validity::Current).unwrap().pem();
        let kinds: Vec<_> = pem.lines().filter(|line| line.starts_with("-----BEGIN")).collect();
        let certificate = "-----BEGIN CERTIFICATE-----";
        assert_eq!(kinds, ["-----BEGIN PRIVATE KEY-----", certificate, certificate]);
        assert!(pem.ends_with(&authority.pem()));
    }

    #[test]
    fn two_identities_of_one_name_have_different_keys() {
        let first = Identity::self_signed(&["mx.example.org"]).unwrap();
        let second = Identity::self_signed(&["mx.example.org"]).unwrap();
        assert_ne!(first.spki_sha256(), second.spki_sha256());
    }
}
