//! What GnuPG signs here and now is verified, and lists come out byte for byte.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "gnupg/home.rs"]
mod home;

use std::path::Path;

use home::{Home, SIGNED};
use starttls_openpgp::{Certificate, VerifyError};
use starttls_policy::{Timestamp, read, write};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap()
}

/// Lists as people write them and as we do.
fn lists() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = [
        "examples/policy-list.json",
        "fuzz/corpus/list_read/one-full",
        "fuzz/corpus/list_read/one-odd-strings",
    ];
    let mut lists = Vec::new();
    for file in files {
        let bytes = std::fs::read(root.join(file)).unwrap();
        let mut canonical = String::new();
        write::one(&read::list(&bytes).unwrap(), &mut canonical).unwrap();
        assert!(canonical.ends_with("}\n"));
        lists.push(canonical.into_bytes());
    }
    lists.push(std::fs::read(root.join(files[0])).unwrap());
    lists
}

#[test]
fn clearsigned_lists_come_out_byte_for_byte() {
    let Some(home) = Home::with_key() else { return };
    let certificate = Certificate::parse(&home.certificate()).unwrap();
    for list in lists() {
        let message = home.sign("--clearsign", &list);
        let verified = certificate.verify_clearsigned(&message, now()).unwrap();
        assert_eq!(String::from_utf8(verified.text).unwrap(), String::from_utf8(list).unwrap());
        assert_eq!(verified.verified.signed_at.to_string(), SIGNED);
    }
}

#[test]
fn detached_signatures_hold_for_the_bytes_as_they_are() {
    let Some(home) = Home::with_key() else { return };
    let certificate = Certificate::parse(&home.certificate()).unwrap();
    for data in [&b""[..], b"a", b"a \n", b"a\r\n", b"\0\xff\n\n"] {
        let signature = home.sign("--detach-sign", data);
        let verified = certificate.verify_detached(data, &signature, now()).unwrap();
        assert_eq!(verified.signed_at.to_string(), SIGNED);
        let longer = [data, b"\n"].concat();
        let error = certificate.verify_detached(&longer, &signature, now()).unwrap_err();
        assert!(matches!(error, VerifyError::Tampered { .. }), "{error}");
    }
}

/// `cargo test --release -p starttls-openpgp -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn eighty_megabytes() {
    let Some(home) = Home::with_key() else { return };
    let certificate = Certificate::parse(&home.certificate()).unwrap();
    let line =
        br#"    "domain-of-some-length.example": {"mode": "enforce", "mx": ["mx.some-length.example"]},"#;
    let list = [line, &b"\n"[..]].concat().repeat(80_000_000 / (line.len() + 1));
    for how in ["--detach-sign", "--clearsign"] {
        let signed = home.sign(how, &list);
        let begin = std::time::Instant::now();
        match how {
            "--clearsign" => assert_eq!(certificate.verify_clearsigned(&signed, now()).unwrap().text, list),
            _ => drop(certificate.verify_detached(&list, &signed, now()).unwrap()),
        }
        println!("{how}: {} bytes in {:?}", list.len(), begin.elapsed());
    }
}
