//! Any bytes, received on a socketmap: requests that read the same however they come in, until one is refused; of each key a
//! name as we write it, or nothing.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::Domain;
use starttls_proto::socketmap::{Key, MAX_REPLY_BYTES, MAX_REQUEST_BYTES, Reply, next};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if a reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    check_key(bytes);
    check_reply(&String::from_utf8_lossy(bytes));
    let mut rest = bytes;
    while let Ok(Some((request, taken))) = next(rest) {
        let length = request.map.len() + 1 + request.key.len();
        assert!(length <= MAX_REQUEST_BYTES);
        let again = [length.to_string().as_bytes(), b":", request.map, b" ", request.key, b","].concat();
        assert_eq!(&rest[..taken], again);
        assert_eq!(next(&rest[..taken - 1]), Ok(None), "cut off");
        check_key(request.key);
        rest = &rest[taken..];
    }
    if next(rest) == Ok(None) {
        assert!(rest.len() <= MAX_REQUEST_BYTES + "10000:".len(), "waits for ever");
    }
}

fn check_key(key: &[u8]) {
    let (name, plain) = match Key::parse(key) {
        Key::Domain { domain, port } => (domain.clone(), format!("{domain}{}", behind(port))),
        Key::Host { host, port } => (host.clone(), format!("[{host}]{}", behind(port))),
        Key::Nothing => return,
    };
    assert_eq!(Domain::parse(name.as_str()), Ok(name));
    assert_eq!(Key::parse(plain.as_bytes()), Key::parse(key));
}

fn behind(port: Option<u16>) -> String {
    port.map(|port| format!(":{port}")).unwrap_or_default()
}

fn check_reply(text: &str) {
    for reply in [Reply::Ok(text), Reply::Temporary(text), Reply::Permanent(text), Reply::NotFound] {
        let mut out = Vec::new();
        reply.push(&mut out);
        let colon = out.iter().position(|&byte| byte == b':').expect("a netstring");
        let length: usize = std::str::from_utf8(&out[..colon]).expect("digits").parse().expect("a number");
        assert!(length <= MAX_REPLY_BYTES && out.len() == colon + length + 2 && out.ends_with(b","));
    }
}
