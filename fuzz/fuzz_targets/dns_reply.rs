//! Any bytes, read as a resolver's answer to a question of ours: unreadable, or what belongs to the question alone.
#![cfg_attr(fuzzing, no_main)]

use starttls_net::dns::{Kind, MAX_DENIAL_TTL, MAX_TTL, Outcome, Question, Reading, Reply, Unreadable};
use starttls_policy::decide::evidence::Security;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// The question `a.test`, but for its kind.
const NAME: &[u8] = b"\x01a\x04test\0";

const KINDS: [(Kind, u8); 8] = [
    (Kind::A, 1),
    (Kind::Cname, 5),
    (Kind::Soa, 6),
    (Kind::Mx, 15),
    (Kind::Txt, 16),
    (Kind::Aaaa, 28),
    (Kind::Dnskey, 48),
    (Kind::Tlsa, 52),
];

const ID: u16 = 0x1234;

/// Panics if the reader breaks a promise. The first byte chooses the kind; two bytes of flags, three counts of two bytes each
/// and all that stands behind the question follow.
pub(crate) fn check(bytes: &[u8]) {
    let Some((&[choice, flags_high, flags_low, ref counts @ ..], rest)) = bytes.split_first_chunk::<9>()
    else {
        return;
    };
    let (kind, number) = KINDS[usize::from(choice) % KINDS.len()];
    let question = Question::new("a.test", kind).expect("a name");
    let head =
        [&ID.to_be_bytes()[..], &[flags_high, flags_low, 0, 1], counts, NAME, &[0, number, 0, 1]].concat();
    let message = [&head, rest].concat();

    assert_eq!(Reading::of(&question, ID ^ 1, &message, Security::Secure), Err(Unreadable::Foreign));
    let is_marked = flags_low & 0x20 != 0;
    match Reading::of(&question, ID, &message, Security::Secure) {
        Ok(Reading::Reply(reply)) => {
            assert!(flags_high & 0x82 == 0x80, "an answer, and a whole one");
            assert_eq!(reply.is_secure(), is_marked);
            check_reply(&reply);
        }
        Ok(Reading::Failed { words, .. }) => assert_eq!(starttls_policy::printable(&words), words),
        Ok(Reading::Alias(_) | Reading::Truncated) | Err(_) => {}
    }
    if let Ok(Reading::Reply(reply)) = Reading::of(&question, ID, &message, Security::Insecure) {
        assert!(!reply.is_secure(), "whatever the message says of itself");
    }
}

fn check_reply(reply: &Reply) {
    assert_eq!(reply.is_found(), !reply.records.is_empty());
    assert!(reply.ttl <= MAX_TTL);
    assert!(reply.outcome == Outcome::Found || reply.ttl <= MAX_DENIAL_TTL);
    assert_eq!(reply.canonical, reply.canonical.to_ascii_lowercase());
    assert!(reply.canonical.bytes().all(|byte| byte.is_ascii_graphic()), "{}", reply.canonical);
}
