//! Texts in which the domain stands for itself: `mx1.example.org` of `example.org` is kept as `mx1.` and a mark.
//!
//! So the entries of a hundred thousand domains that all name `mx1.` and `mx2.` below themselves have one policy.
//! Names and addresses have no control characters, which leaves those to be marks.
//!
//! Spec: docs/list-index.md, "Texts".

use alloc::string::String;
use alloc::vec::Vec;

use memchr::memmem;

/// Stands for the domain.
const DOMAIN: u8 = 1;

/// Stands for the domain's first label.
const FIRST_LABEL: u8 = 2;

/// Stands for the domain with hyphens for dots, as some operators of mail hosts name their customers' hosts.
const HYPHENED: u8 = 3;

/// Shortest first label that is looked for; shorter ones are found everywhere by chance.
const MIN_LABEL: usize = 4;

/// Appends a text of printable ASCII, the domain in it marked where `domain` is given.
pub(super) fn fold(text: &str, domain: Option<&str>, out: &mut Vec<u8>) {
    match domain.and_then(|domain| split(text, domain)) {
        Some((before, mark, after)) => {
            out.extend_from_slice(before.as_bytes());
            out.push(mark);
            out.extend_from_slice(after.as_bytes());
        }
        None => out.extend_from_slice(text.as_bytes()),
    }
}

fn split<'a>(text: &'a str, domain: &str) -> Option<(&'a str, u8, &'a str)> {
    if let Some(before) = text.strip_suffix(domain) {
        return Some((before, DOMAIN, ""));
    }
    let around = |part: &str| {
        let at = memmem::find(text.as_bytes(), part.as_bytes())?;
        Some((text.get(..at)?, text.get(at + part.len()..)?))
    };
    if let Some((before, after)) = around(domain) {
        return Some((before, DOMAIN, after));
    }
    // A shorter text cannot hold it.
    if text.len() > domain.len()
        && let Some((before, after)) = around(&domain.replace('.', "-"))
    {
        return Some((before, HYPHENED, after));
    }
    let label = first_label(domain);
    let (before, after) = (label.len() >= MIN_LABEL).then(|| around(label)).flatten()?;
    Some((before, FIRST_LABEL, after))
}

/// Writes a folded text out again; `None` if it is no ASCII or grows beyond `max_bytes`.
pub(super) fn unfold(folded: &[u8], domain: &str, max_bytes: usize, out: &mut String) -> Option<()> {
    let mut rest = core::str::from_utf8(folded).ok().filter(|text| text.is_ascii())?;
    out.clear();
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, DOMAIN | FIRST_LABEL | HYPHENED)) {
        let (before, marked) = rest.split_at_checked(at)?;
        let (mark, after) = marked.as_bytes().first().zip(marked.get(1..))?;
        out.push_str(before);
        match *mark {
            DOMAIN => out.push_str(domain),
            FIRST_LABEL => out.push_str(first_label(domain)),
            _ => out.extend(domain.chars().map(|char| if char == '.' { '-' } else { char })),
        }
        if out.len() > max_bytes {
            return None;
        }
        rest = after;
    }
    out.push_str(rest);
    (out.len() <= max_bytes).then_some(())
}

fn first_label(domain: &str) -> &str {
    domain.split_once('.').map_or(domain, |(label, _)| label)
}

#[cfg(test)]
mod texts {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn folded(text: &str, domain: &str) -> Vec<u8> {
        let mut out = Vec::new();
        fold(text, Some(domain), &mut out);
        out
    }

    #[test]
    fn that_follow_from_the_domain_are_alike() {
        for (text, want) in [
            ("mx1.example.org", &b"mx1.\x01"[..]),
            ("example.org", b"\x01"),
            ("mailto:tls@example.org", b"mailto:tls@\x01"),
            ("https://example.org/tls", b"https://\x01/tls"),
            ("example-org.mail.protection.example.net", b"\x03.mail.protection.example.net"),
            ("mx.example.net", b"mx.\x02.net"),
            ("mx.elsewhere.net", b"mx.elsewhere.net"),
        ] {
            assert_eq!(folded(text, "example.org"), want, "{text}");
        }
        let mut shared = Vec::new();
        fold("mx1.example.org", None, &mut shared);
        assert_eq!(shared, b"mx1.example.org");
    }

    proptest! {
        #[test]
        fn come_back_byte_for_byte(
            (domain, text) in "[ab-]{1,3}(\\.[ab]{1,3}){1,2}".prop_flat_map(|domain: String| {
                let (label, hyphened) = (first_label(&domain).into(), domain.replace('.', "-"));
                let part = prop_oneof![
                    Just(domain.clone()), Just(label), Just(hyphened), "[ -~]{0,4}", "[ab.-]{0,4}"
                ];
                (Just(domain), prop::collection::vec(part, 0..6).prop_map(|parts: Vec<String>| parts.concat()))
            })
        ) {
            let mut out = String::from("what was there before");
            prop_assert!(unfold(&folded(&text, &domain), &domain, 1024, &mut out).is_some());
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn that_would_grow_without_end_are_refused() {
        let mut out = String::new();
        assert_eq!(unfold(&vec![DOMAIN; 200_000], &"a".repeat(250), 1024, &mut out), None);
        assert!(out.len() <= 1024 + 250);
        assert_eq!(unfold(b"\xff", "a.example", 1024, &mut out), None);
    }
}
