//! Messages, read and built by hand.
//!
//! Spec: RFC 1035 §4.1, RFC 6891 §6.1.2 (OPT), RFC 8914 §2.

/// Record types, by number.
pub mod kind {
    /// An IPv4 address.
    pub const A: u16 = 1;
    /// An alias.
    pub const CNAME: u16 = 5;
    /// The start of a zone.
    pub const SOA: u16 = 6;
    /// A mail exchanger.
    pub const MX: u16 = 15;
    /// Text.
    pub const TXT: u16 = 16;
    /// An IPv6 address.
    pub const AAAA: u16 = 28;
    /// EDNS.
    pub const OPT: u16 = 41;
    /// A zone's key.
    pub const DNSKEY: u16 = 48;
    /// What a certificate must match.
    pub const TLSA: u16 = 52;
}

/// A question as the server saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// In lower case, without the trailing dot; `.` for the root.
    pub name: String,
    /// Its type, one of [`kind`].
    pub kind: u16,
    /// How it came.
    pub transport: Transport,
    /// The second and third byte of flags as one number: RD is 0x0100, AD 0x0020, CD 0x0010.
    pub flags: u16,
    /// What the client takes over UDP, if it says so.
    pub payload_bytes: Option<u16>,
}

/// How a question came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// Over a connection.
    Tcp,
}

/// A question to answer.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) id: u16,
    flags: u16,
    /// As it came, case and all.
    pub(super) name: String,
    pub(super) kind: u16,
    payload_bytes: Option<u16>,
}

/// One record of an answer.
pub(super) struct Record {
    pub(super) name: String,
    pub(super) kind: u16,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

/// An answer to be.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) is_authentic: bool,
    pub(super) is_truncated: bool,
    pub(super) rcode: u8,
    pub(super) records: Vec<Record>,
    pub(super) authority: Vec<Record>,
    pub(super) extended: Option<u16>,
}

impl Query {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, mut rest) = bytes.split_at_checked(12)?;
        let (id, flags, questions) = (number(header, 0)?, number(header, 2)?, number(header, 4)?);
        let mut labels = Vec::new();
        loop {
            let (&length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(length))?;
            rest = after;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(label).into_owned());
        }
        let kind = number(rest, 0)?;
        let opt = rest.get(4..)?;
        let has_opt = opt.first() == Some(&0) && number(opt, 1) == Some(kind::OPT);
        let payload_bytes = if has_opt { number(opt, 3) } else { None };
        let name = if labels.is_empty() { ".".to_owned() } else { labels.join(".") };
        (questions == 1).then_some(Self { id, flags, name, kind, payload_bytes })
    }

    pub(super) fn asked(&self, transport: Transport) -> Asked {
        Asked {
            name: folded(&self.name),
            kind: self.kind,
            transport,
            flags: self.flags,
            payload_bytes: self.payload_bytes,
        }
    }
}

impl Answer {
    pub(super) fn to_bytes(&self, query: &Query) -> Vec<u8> {
        self.to_bytes_about(query.id, &query.name, query.kind)
    }

    pub(super) fn to_bytes_about(&self, id: u16, name: &str, kind: u16) -> Vec<u8> {
        // A response (QR) by a resolver (RA) that was asked to be one (RD).
        let flags = 0x8180
            | u16::from(self.is_truncated) << 9
            | u16::from(self.is_authentic) << 5
            | u16::from(self.rcode & 15);
        let mut bytes = Vec::new();
        for number in [id, flags, 1, count(&self.records), count(&self.authority), 1] {
            bytes.extend(number.to_be_bytes());
        }
        put_name(&mut bytes, name);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        for record in self.records.iter().chain(&self.authority) {
            record.put(&mut bytes, name);
        }
        let extended = self.extended.map(|code| [[0, 15], [0, 2], code.to_be_bytes()].concat());
        let options = extended.unwrap_or_default();
        bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0]);
        bytes.extend(count(&options).to_be_bytes());
        bytes.extend(options);
        bytes
    }
}

impl Record {
    fn put(&self, bytes: &mut Vec<u8>, question: &str) {
        if self.name.eq_ignore_ascii_case(question) {
            // A pointer to the question, as real servers write it.
            bytes.extend([0xc0, 12]);
        } else {
            put_name(bytes, &self.name);
        }
        bytes.extend(self.kind.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        bytes.extend(self.ttl.to_be_bytes());
        bytes.extend(count(&self.data).to_be_bytes());
        bytes.extend(&self.data);
    }
}

/// Appends a name without compression.
pub(super) fn put_name(bytes: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
}

fn count<T>(items: &[T]) -> u16 {
    u16::try_from(items.len()).unwrap_or(u16::MAX)
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// Lower case and without the trailing dot; `.` stays.
pub(super) fn folded(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_suffix('.') {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => name,
    }
}
