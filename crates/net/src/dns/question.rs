//! A question, as the bytes that a resolver is sent.
//!
//! Spec: RFC 1035 §4.1, RFC 6840 §5.7 (the AD bit in a query), RFC 6891 §6.2.3 (payload size).

use domain::base::iana::Class;
use domain::base::name::Name;
use domain::base::{MessageBuilder, Question as WireQuestion};

use super::Kind;

/// The largest UDP answer that is asked for: it passes every path unfragmented (DNS flag day 2020).
pub(super) const MAX_UDP_ANSWER_BYTES: u16 = 1232;

/// A name and what is asked about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    name: Name<Vec<u8>>,
    kind: Kind,
}

/// A text that is no name of the DNS.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` cannot be a name in the DNS", name.escape_default())]
pub struct NameRefused {
    /// The text.
    pub name: String,
}

impl Question {
    /// Makes a question about a name; `.` is the root, and a trailing dot makes no difference.
    ///
    /// # Errors
    /// [`NameRefused`] when a label is empty or longer than 63 bytes, or all of it longer than 255.
    pub fn new(name: &str, kind: Kind) -> Result<Self, NameRefused> {
        let refused = || NameRefused { name: name.to_owned() };
        let parsed = name.parse().map_err(|_| refused())?;
        Ok(Self { name: parsed, kind })
    }

    pub(super) fn about(name: Name<Vec<u8>>, kind: Kind) -> Self {
        Self { name, kind }
    }

    /// What is asked for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn name(&self) -> &Name<Vec<u8>> {
        &self.name
    }

    /// The message: recursion is wanted, and to be told whether signatures were verified, but not the signatures.
    pub(super) fn to_bytes(&self, id: u16) -> Vec<u8> {
        // A header, the question, and one option.
        let room = 12 + self.name.len() + 4 + 11;
        let Ok(mut message) = MessageBuilder::from_target(Vec::with_capacity(room));
        let header = message.header_mut();
        header.set_id(id);
        header.set_rd(true);
        header.set_ad(true);
        let mut questions = message.question();
        let asked = WireQuestion::new(&self.name, self.kind.rtype(), Class::IN);
        // A vector takes whatever is appended, and one question and one option always fit.
        let _ = questions.push(asked);
        let mut additional = questions.additional();
        let _ = additional.opt(|opt| {
            opt.set_udp_payload_size(MAX_UDP_ANSWER_BYTES);
            Ok(())
        });
        additional.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_recursion_and_the_ad_bit_and_leaves_checking_on() {
        let bytes = Question::new("example.org", Kind::Mx).unwrap().to_bytes(0x1234);
        let want = b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\x01\x07example\x03org\0\0\x0f\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0";
        assert_eq!(bytes, want);
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let (label, name) = (format!("{}.org", "a".repeat(64)), "a.".repeat(128) + "org");
        for name in ["", "a..org", ".org", &label, &name] {
            assert!(Question::new(name, Kind::A).is_err(), "{name}");
        }
        for name in [".", "org.", "_25._tcp.mx.example.org", "3com.com"] {
            assert!(Question::new(name, Kind::A).is_ok(), "{name}");
        }
    }
}
