//! An answer, read: only what belongs to the question counts.
//!
//! Spec: RFC 1035 §4.1, RFC 2308 §2, RFC 5452 §4 and §9 (which answers to take), RFC 7672 §2.1.3 (aliases), RFC 8914 §4.

use std::time::Duration;

use domain::base::Message;
use domain::base::iana::{Class, OptRcode, Rtype};
use domain::base::name::{Name, ToName as _};
use domain::base::opt::exterr::ExtendedError;
use domain::base::record::ParsedRecord;
use domain::base::wire::ParseError;
use domain::rdata::{Cname, Soa};
use starttls_policy::decide::evidence::{Cause, Security};

use super::data::text;
use super::{Data, MAX_DENIAL_TTL, MAX_TTL, Outcome, Question, Reply};

/// How many aliases are followed; real chains have two or three.
pub(super) const MAX_ALIASES: usize = 8;

/// How many records an answer may have; a message of 64 KiB holds more, and no domain needs them.
const MAX_RECORDS: usize = 512;

/// How many EDNS options are looked at; resolvers send one or two.
const MAX_OPTIONS: usize = 16;

/// What a message says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// It answers the question.
    Reply(Reply),
    /// It names an alias, and neither what is behind it nor that nothing is: the target is to be asked itself.
    Alias(Alias),
    /// It did not fit; to be asked over TCP.
    Truncated,
    /// The resolver could not tell.
    Failed {
        /// [`Cause::Bogus`] when it says that signatures do not hold.
        cause: Cause,
        /// What it said, for people.
        words: String,
    },
}

/// An alias whose target is not in the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alias {
    pub(super) target: Name<Vec<u8>>,
    pub(super) ttl: Duration,
    pub(super) security: Security,
    /// How many aliases led here.
    pub(super) hops: usize,
}

/// Why a message is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// It does not belong to the question: another id, another question, or none at all. The answer may still come.
    #[error("a message that does not belong to the question")]
    Foreign,
    /// It belongs to the question and cannot be read.
    #[error("an answer that cannot be read")]
    Malformed,
}

impl From<ParseError> for Unreadable {
    fn from(_: ParseError) -> Self {
        Self::Malformed
    }
}

impl Reading {
    /// Reads the message that came in answer to `question` under `id`; `trusted` is what its AD bit is worth.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn of(question: &Question, id: u16, bytes: &[u8], trusted: Security) -> Result<Self, Unreadable> {
        let message = Message::from_slice(bytes).map_err(|_| Unreadable::Foreign)?;
        let header = message.header();
        let asked = message.sole_question().map_err(|_| Unreadable::Foreign)?;
        let is_ours = header.qr()
            && header.id() == id
            && asked.qname().name_eq(question.name())
            && asked.qtype() == question.kind().rtype()
            && asked.qclass() == Class::IN;
        if !is_ours {
            return Err(Unreadable::Foreign);
        }
        if header.tc() {
            return Ok(Self::Truncated);
        }
        let outcome = match message.opt_rcode() {
            OptRcode::NOERROR => Outcome::NoData,
            OptRcode::NXDOMAIN => Outcome::NxDomain,
            code => return Ok(failed(message, code)),
        };
        // RFC 4035 §4.9.3.
        let security = if header.ad() { trusted } else { Security::Insecure };
        answer(question, message, outcome, security)
    }
}

fn failed(message: &Message<[u8]>, code: OptRcode) -> Reading {
    let extended = message.opt().and_then(|opt| {
        let errors: Vec<_> = opt
            .opt()
            .iter::<ExtendedError<&[u8]>>()
            .take(MAX_OPTIONS)
            .flatten()
            .map(|error| error.code().to_int())
            .collect();
        // RFC 8914 §4.7 to §4.13: what is wrong with the signatures.
        errors.iter().find(|code| (6..=12).contains(*code)).or(errors.first()).copied()
    });
    match extended {
        Some(extended @ 6..=12) => Reading::Failed {
            cause: Cause::Bogus,
            words: format!("{code}: the signatures do not hold (extended error {extended})"),
        },
        Some(extended) => {
            Reading::Failed { cause: Cause::Failure, words: format!("{code} (extended error {extended})") }
        }
        None => Reading::Failed { cause: Cause::Failure, words: code.to_string() },
    }
}

/// Walks from the question along the aliases to what was asked for. Where nothing is found, `denial` is what is denied.
fn answer(
    question: &Question,
    message: &Message<[u8]>,
    denial: Outcome,
    security: Security,
) -> Result<Reading, Unreadable> {
    if usize::from(message.header_counts().ancount()) > MAX_RECORDS {
        // Read in part, it might deny what is there.
        let words = format!("an answer of more than {MAX_RECORDS} records");
        return Ok(Reading::Failed { cause: Cause::Failure, words });
    }
    let section: Vec<ParsedRecord<'_, [u8]>> = message.answer()?.collect::<Result<_, _>>()?;
    let mut name = question.name().clone();
    let mut ttl = MAX_TTL;
    for hops in 0..=MAX_ALIASES {
        let own =
            || section.iter().filter(|record| record.class() == Class::IN && record.owner().name_eq(&name));
        let mut records = Vec::new();
        let mut shortest = ttl;
        for record in own().filter(|record| record.rtype() == question.kind().rtype()) {
            shortest = shortest.min(lasts(record));
            records.push(Data::read(question.kind(), record)?);
        }
        if !records.is_empty() {
            let canonical = folded(&name);
            let reply = Reply { outcome: Outcome::Found, security, ttl: shortest, canonical, records };
            return Ok(Reading::Reply(reply));
        }
        let Some(record) = own().find(|record| record.rtype() == Rtype::CNAME) else {
            return denied(message, &name, hops, denial, security, ttl);
        };
        ttl = ttl.min(lasts(record));
        let alias = record.to_record::<Cname<_>>()?.ok_or(Unreadable::Malformed)?;
        name = alias.data().cname().to_vec();
    }
    Ok(Reading::Failed { cause: Cause::Failure, words: format!("more than {MAX_ALIASES} aliases in a row") })
}

fn denied(
    message: &Message<[u8]>,
    name: &Name<Vec<u8>>,
    hops: usize,
    outcome: Outcome,
    security: Security,
    ttl: Duration,
) -> Result<Reading, Unreadable> {
    let soa = denial_ttl(message)?;
    // RFC 7672 §2.1.3: an alias alone denies nothing. RFC 2308 §2.1: NXDOMAIN is about the end of the aliases.
    if hops > 0 && soa.is_none() && outcome == Outcome::NoData {
        return Ok(Reading::Alias(Alias { target: name.clone(), ttl, security, hops }));
    }
    // RFC 2308 §5: a denial without a SOA record is not to be kept.
    let ttl = ttl.min(soa.unwrap_or(Duration::ZERO));
    Ok(Reading::Reply(Reply { outcome, security, ttl, canonical: folded(name), records: Vec::new() }))
}

/// How long a denial may be kept, if it says so.
fn denial_ttl(message: &Message<[u8]>) -> Result<Option<Duration>, Unreadable> {
    for record in message.authority()?.take(MAX_RECORDS) {
        let record = record?;
        if record.rtype() == Rtype::SOA
            && let Some(soa) = record.to_record::<Soa<_>>()?
        {
            let minimum = duration(soa.data().minimum().as_secs());
            return Ok(Some(lasts(&record).min(minimum).min(MAX_DENIAL_TTL)));
        }
    }
    Ok(None)
}

fn lasts(record: &ParsedRecord<'_, [u8]>) -> Duration {
    duration(record.ttl().as_secs())
}

fn duration(seconds: u32) -> Duration {
    // RFC 2181 §8: the highest bit set means zero.
    if seconds > i32::MAX.unsigned_abs() { Duration::ZERO } else { Duration::from_secs(seconds.into()) }
}

fn folded(name: &Name<Vec<u8>>) -> String {
    let mut text = text(name);
    text.make_ascii_lowercase();
    text
}
