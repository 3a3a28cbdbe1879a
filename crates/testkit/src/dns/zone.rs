//! What the server knows, and how a good resolver answers from it.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::{Answer, Query, Record, folded, kind, put_name};

/// Aliases that are followed; a loop ends there.
const MAX_ALIASES: usize = 16;

/// What a record says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// An alias of this name.
    Cname(String),
    /// A mail exchanger with its preference; `.` is none.
    Mx(u16, String),
    /// Character strings, each of 255 bytes at most.
    Txt(Vec<Vec<u8>>),
    /// The four fields of a TLSA record, as bytes.
    Tlsa(Vec<u8>),
    /// Any type, any bytes.
    Raw(u16, Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Zone {
    records: HashMap<String, Vec<(u32, Data)>>,
    signed: BTreeMap<String, bool>,
    pub(super) soa: (u32, u32),
}

impl Default for Zone {
    fn default() -> Self {
        Self { records: HashMap::new(), signed: BTreeMap::new(), soa: (3600, 300) }
    }
}

impl Data {
    /// A text of one character string.
    pub fn text(text: &str) -> Self {
        Self::Txt(vec![text.as_bytes().to_vec()])
    }

    fn kind(&self) -> u16 {
        match self {
            Self::A(_) => kind::A,
            Self::Aaaa(_) => kind::AAAA,
            Self::Cname(_) => kind::CNAME,
            Self::Mx(..) => kind::MX,
            Self::Txt(_) => kind::TXT,
            Self::Tlsa(_) => kind::TLSA,
            Self::Raw(kind, _) => *kind,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::A(address) => bytes.extend(address.octets()),
            Self::Aaaa(address) => bytes.extend(address.octets()),
            Self::Cname(target) => put_name(&mut bytes, target),
            Self::Mx(preference, host) => {
                bytes.extend(preference.to_be_bytes());
                put_name(&mut bytes, host);
            }
            Self::Txt(strings) => {
                for string in strings {
                    bytes.push(u8::try_from(string.len()).unwrap_or(u8::MAX));
                    bytes.extend(string);
                }
            }
            Self::Tlsa(data) | Self::Raw(_, data) => bytes.extend(data),
        }
        bytes
    }
}

impl Zone {
    pub(super) fn set_signed(&mut self, name: &str, is_signed: bool) {
        self.signed.insert(folded(name), is_signed);
    }

    pub(super) fn add(&mut self, name: &str, ttl: u32, data: Data) {
        self.records.entry(folded(name)).or_default().push((ttl, data));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.records.remove(&folded(name));
    }

    fn is_signed(&self, name: &str) -> bool {
        let mut name = folded(name);
        loop {
            if let Some(is_signed) = self.signed.get(&name) {
                return *is_signed;
            }
            match name.split_once('.') {
                Some((_, parent)) if !parent.is_empty() => name = parent.to_owned(),
                _ if name == "." => return false,
                _ => ".".clone_into(&mut name),
            }
        }
    }

    pub(super) fn answer(&self, query: &Query) -> Answer {
        let mut answer = Answer { is_authentic: true, ..Answer::default() };
        let mut name = query.name.clone();
        for _ in 0..MAX_ALIASES {
            answer.is_authentic &= self.is_signed(&name);
            let own = self.records.get(&folded(&name)).map_or(&[][..], Vec::as_slice);
            let matching: Vec<_> = own.iter().filter(|(_, data)| data.kind() == query.kind).collect();
            for (ttl, data) in &matching {
                answer.records.push(record(&name, *ttl, data));
            }
            if !matching.is_empty() {
                return answer;
            }
            let alias = own.iter().find_map(|(ttl, data)| match data {
                Data::Cname(target) => Some((record(&name, *ttl, data), target.clone())),
                _ => None,
            });
            let Some((record, target)) = alias else { break };
            answer.records.push(record);
            name = target;
        }
        self.deny(&mut answer, &name);
        answer
    }

    fn deny(&self, answer: &mut Answer, name: &str) {
        let below = format!(".{}", folded(name));
        let exists =
            folded(name) == "." || self.records.keys().any(|known| format!(".{known}").ends_with(&below));
        answer.rcode = if exists { 0 } else { 3 };
        let mut data = vec![0, 0];
        for number in [1, 3600, 600, 86_400, self.soa.1] {
            data.extend(number.to_be_bytes());
        }
        let owner = name.rsplit('.').next().unwrap_or_default().to_owned();
        answer.authority.push(Record { name: owner, kind: kind::SOA, ttl: self.soa.0, data });
    }
}

fn record(name: &str, ttl: u32, data: &Data) -> Record {
    Record { name: name.to_owned(), kind: data.kind(), ttl, data: data.to_bytes() }
}
