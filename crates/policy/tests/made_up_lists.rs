//! The lists that measurements are made with are canonical, and the same every time.
#![allow(clippy::unwrap_used, reason = "a test that cannot make its list has failed")]

#[path = "../examples/make_list/generate.rs"]
mod generate;

use starttls_policy::{Terms, read, write};

fn made(count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::list(count, 1, &mut bytes).unwrap();
    bytes
}

#[test]
fn they_are_canonical() {
    for count in [0, 1, 2, 5000] {
        let bytes = made(count);
        let list = read::list(&bytes).unwrap();
        assert_eq!(list.entries.len() as u64, count);
        let mut again = String::new();
        write::one(&list, &mut again).unwrap();
        assert_eq!(again.as_bytes(), bytes);
    }
    assert!(generate::MAX_COUNT <= 105_u64.pow(4));
}

#[test]
fn they_are_half_shared_and_the_same_every_time() {
    let bytes = made(5000);
    assert_eq!(bytes, made(5000));
    let list = read::list(&bytes).unwrap();
    let shared = list.entries.iter().filter(|entry| matches!(entry.terms, Terms::Alias(_))).count();
    assert!((2300..2700).contains(&shared), "{shared}");
}
