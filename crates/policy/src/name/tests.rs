//! Claims about names.

use super::*;

#[test]
fn are_lower_case_a_labels() {
    for (text, want) in [
        ("example.org", "example.org"),
        ("EXAMPLE.Org", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("XN--Bcher-KVA.example", "xn--bcher-kva.example"),
        ("example.xn--p1ai", "example.xn--p1ai"),
        ("3com.com", "3com.com"),
        ("a.b-c.d9.museum", "a.b-c.d9.museum"),
    ] {
        assert_eq!(Name::parse(text).unwrap().as_str(), want, "{text}");
    }
}

#[test]
fn refuse_whatever_could_mean_something_else_to_a_mail_server() {
    for text in [
        "",
        ".",
        "..",
        "example",
        "hostname",
        "nexthop",
        "dot-nexthop",
        "example.org.",
        ".example.org",
        "a..example.org",
        "-a.example.org",
        "a-.example.org",
        "a_b.example.org",
        "a b.example.org",
        "a.example.org\n",
        "a.example.org\0",
        "a:b.example.org",
        "a,b.example.org",
        "a=b.example.org",
        "#a.example.org",
        "[a.example.org]",
        "*.example.org",
        "192.0.2.1",
        "a.b.c.4",
        "2001:db8::1",
        "xn--.example",
        "xn--a.example",
        "a.example.o",
        "a\u{200b}\u{0}.example",
        "ex\u{3002}ample\u{ff0e}",
        "{a}.example.org",
        "$a.example.org",
        "a|b.example.org",
        "рф",
        "xn--p1ai",
        "bücher.4",
        "xn--bcher-kva.192.0.2.1",
        "bücher.example.",
    ] {
        assert!(Name::parse(text).is_err(), "{text:?} was accepted");
    }
}

#[test]
fn fault_of_hosts_in_the_dns_are_those_that_postfix_takes() {
    for (text, want) in [
        ("mx_1.example.org", "mx_1.example.org"),
        ("_MX.Example.ORG", "_mx.example.org"),
        ("mx-1.example.org", "mx-1.example.org"),
        ("mail", "mail"),
        ("a.example.o", "a.example.o"),
        ("a.b.c.4x", "a.b.c.4x"),
        ("1-2.3", "1-2.3"),
        ("xn--a.example", "xn--a.example"),
        ("192.0.2.1", "192.0.2.1"),
    ] {
        assert_eq!(Name::from_dns(text).unwrap().as_str(), want, "{text}");
    }
    let (label, long) = ("a".repeat(64), "abcdefg.".repeat(32) + "org");
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a.example",
        "a-.example",
        "a b.example",
        "a=b.example",
        "a,b.example",
        "a\\046b",
        "*.example",
        "bücher.example",
        "a.example\n",
        "a\0",
        "[192.0.2.1]",
        "2001:db8::1",
        "1.2",
        "192.0.2.256",
        &label,
        &long,
    ] {
        assert!(Name::from_dns(text).is_err(), "{text:?}");
    }
}

#[test]
fn have_limits_on_label_and_length() {
    let label = "a".repeat(64);
    assert_eq!(Name::parse(&alloc::format!("{label}.org")), Err(NameError::LabelTooLong { chars: 64 }));
    let long = "abcdefg.".repeat(32) + "org";
    assert_eq!(Name::parse(&long), Err(NameError::TooLong { chars: 259 }));
    assert!(Name::parse(&("ü".repeat(300) + ".org")).is_err());
}

#[test]
fn of_strangers_cannot_steer_a_terminal() {
    assert_eq!(printable("a\u{1b}[31mb\r\n"), "a\\u{1b}[31mb\\r\\n");
    assert_eq!(printable("Müller & Co"), "Müller & Co");
}

#[test]
fn of_strangers_cannot_look_like_others() {
    assert_eq!(printable("a\u{202e}gro.live\u{2069}"), "a\\u{202e}gro.live\\u{2069}");
    assert_eq!(printable("zero\u{200b}width\u{feff}"), "zero\\u{200b}width\\u{feff}");
    assert_eq!(printable("two\u{2028}lines"), "two\\u{2028}lines");
}

/// The format characters and separators that change what a reader sees.
const HIDDEN: [(u32, u32); 11] = [
    (0xad, 0xad),
    (0x61c, 0x61c),
    (0x180e, 0x180e),
    (0x200b, 0x200f),
    (0x2028, 0x2029),
    (0x202a, 0x202e),
    (0x2060, 0x2064),
    (0x2066, 0x2069),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0xe0000, 0xe007f),
];

fn is_hidden(c: char) -> bool {
    HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
}

proptest::proptest! {
    #[test]
    fn are_shown_without_what_hides(
        parts in proptest::collection::vec((proptest::char::any(), proptest::sample::select(&HIDDEN[..]), 0_u32..128), 0..20)
    ) {
        let hidden = |(first, last): (u32, u32), at: u32| char::from_u32((first + at).min(last)).unwrap();
        let text: String = parts.iter().flat_map(|(c, range, at)| [*c, hidden(*range, *at)]).collect();
        proptest::prop_assert!(!printable(&text).chars().any(|c| c.is_control() || is_hidden(c)));
        let plain: String = text.chars().filter(|c| !c.is_control() && !is_hidden(*c)).collect();
        proptest::prop_assert_eq!(printable(&plain), plain);
    }

    #[test]
    fn from_the_dns_are_made_of_safe_characters_and_hold_all_that_parse(text in "\\PC{0,12}|[a-zA-Z0-9._-]{1,40}") {
        if let Ok(name) = Name::from_dns(&text) {
            let is_safe = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
            proptest::prop_assert!(name.as_str().bytes().all(is_safe) && name.as_str().len() <= MAX_NAME_CHARS);
        }
        if text.is_ascii() && let Ok(name) = Name::parse(&text) {
            proptest::prop_assert_eq!(Name::from_dns(&text), Ok(name));
        }
    }

    #[test]
    fn that_parse_are_made_of_safe_characters_and_parse_to_themselves(text in "\\PC*|[a-z.*-]{1,70}") {
        if let Ok(name) = Name::parse(&text) {
            proptest::prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.'));
            proptest::prop_assert!(name.as_str().len() <= MAX_NAME_CHARS);
            proptest::prop_assert_eq!(Name::parse(name.as_str()), Ok(name.clone()));
        }
    }
}
