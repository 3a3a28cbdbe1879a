//! What is asked for, and what records say.
//!
//! Spec: RFC 1035 §3.3, RFC 3596 §2.1 (AAAA), RFC 6698 §2.1 (TLSA).

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::base::iana::Rtype;
use domain::base::name::{ParsedName, ToName};
use domain::base::record::ParsedRecord;
use domain::base::wire::ParseError;
use domain::base::{Record, UnknownRecordData};
use domain::rdata::{A, Aaaa, Cname, Mx, Txt};

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The alias itself, not what is behind it.
    Cname,
    /// A zone's keys.
    Dnskey,
    /// Mail exchangers.
    Mx,
    /// The start of a zone.
    Soa,
    /// What certificates must match.
    Tlsa,
    /// Texts.
    Txt,
}

/// What one record says. Names are in the usual form, case as it came, without the trailing dot; the root is `.`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// What the name is an alias of.
    Cname(String),
    /// A mail exchanger; the lower the preference, the sooner it is tried.
    Mx {
        /// The preference.
        preference: u16,
        /// The host; any text that a name can be.
        exchange: String,
    },
    /// The strings of one TXT record, joined.
    Txt(Vec<u8>),
    /// A TLSA record's bytes.
    Tlsa(Vec<u8>),
    /// The bytes of a record that only its being there matters of.
    Other(Vec<u8>),
}

impl Kind {
    pub(super) fn rtype(self) -> Rtype {
        match self {
            Self::A => Rtype::A,
            Self::Aaaa => Rtype::AAAA,
            Self::Cname => Rtype::CNAME,
            Self::Dnskey => Rtype::DNSKEY,
            Self::Mx => Rtype::MX,
            Self::Soa => Rtype::SOA,
            Self::Tlsa => Rtype::TLSA,
            Self::Txt => Rtype::TXT,
        }
    }
}

impl Data {
    /// Reads a record that is of this kind.
    pub(super) fn read(kind: Kind, record: &ParsedRecord<'_, [u8]>) -> Result<Self, ParseError> {
        Ok(match kind {
            Kind::A => Self::A(data::<A>(record.to_record())?.addr()),
            Kind::Aaaa => Self::Aaaa(data::<Aaaa>(record.to_record())?.addr()),
            Kind::Cname => Self::Cname(text(data::<Cname<ParsedName<&[u8]>>>(record.to_record())?.cname())),
            Kind::Mx => {
                let mx = data::<Mx<ParsedName<&[u8]>>>(record.to_record())?;
                Self::Mx { preference: mx.preference(), exchange: text(mx.exchange()) }
            }
            Kind::Txt => {
                let txt = data::<Txt<&[u8]>>(record.to_record())?;
                Self::Txt(txt.iter().flatten().copied().collect())
            }
            Kind::Tlsa => Self::Tlsa(bytes(record)?),
            Kind::Dnskey | Kind::Soa => Self::Other(bytes(record)?),
        })
    }
}

/// A name as text.
pub(super) fn text<N: ToName + std::fmt::Display>(name: &N) -> String {
    let mut text = String::with_capacity(64);
    for label in name.iter_labels().take_while(|label| !label.is_root()) {
        // What has to be escaped is in no name that mail goes to; the library's own way is ten times as long.
        match std::str::from_utf8(label.as_slice()) {
            Ok(plain) if plain.bytes().all(is_plain) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(plain);
            }
            _ => return name.to_string(),
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// Bytes that stand for themselves in the text of a name (RFC 1035 §5.1).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

type Parsed<'a, D> = Result<Option<Record<ParsedName<&'a [u8]>, D>>, ParseError>;

fn data<D>(record: Parsed<'_, D>) -> Result<D, ParseError> {
    record?.map(Record::into_data).ok_or(ParseError::form_error("a record of another type"))
}

fn bytes(record: &ParsedRecord<'_, [u8]>) -> Result<Vec<u8>, ParseError> {
    Ok(data::<UnknownRecordData<&[u8]>>(record.to_record())?.data().to_vec())
}

#[cfg(test)]
mod texts {
    use domain::base::name::Name;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn are_those_of_the_library(labels in prop::collection::vec("[a-zA-Z0-9_-]{1,9}|[ -~]{1,9}|\\PC{1,4}", 0..5)) {
            let mut wire = Vec::new();
            for label in &labels {
                wire.push(u8::try_from(label.len()).unwrap());
                wire.extend(label.bytes());
            }
            wire.push(0);
            let name = Name::from_octets(wire).unwrap();
            let want = if labels.is_empty() { ".".to_owned() } else { name.to_string() };
            prop_assert_eq!(text(&name), want);
        }
    }
}
