//! The reader as a whole; each dialect's own rules.

mod design_of_2014;
mod hostile_text;
mod pins_of_version_1;
mod version_0_1;
mod version_1;

use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::{Domain, Mode, Requirement, TlsVersion};

const KEY_1: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
const KEY_2: &str = "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=";

fn head() -> &'static str {
    r#""version": "1", "author": "A", "serial": 7, "timestamp": "2026-11-20T00:00:00Z", "expires": "2026-12-20T00:00:00Z""#
}

fn one(rest: &str) -> String {
    format!("{{{}, {rest}}}", head())
}

fn refused(text: &str) -> ReadError {
    list(text.as_bytes()).expect_err(text)
}

fn read(text: &str) -> List {
    list(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error} at {}:{} {}", error.line, error.column, error.path))
}

/// Different SHA-256 hashes, in quotes.
fn hashes(count: usize) -> alloc::vec::Vec<String> {
    let hash = |number: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        format!("\"{}\"", crate::Pin::Sha256(bytes))
    };
    (0..count).map(hash).collect()
}
