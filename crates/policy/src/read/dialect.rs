//! Tells a list's dialect by the first member that is decisive; most of the text goes unread.

use serde::de::MapAccess;

use super::Read;
use super::error::{At, Failure, Fault, shortened};
use super::json::{Ctx, Member, Object};
use crate::list::Dialect;

/// The dialect of a list.
pub(super) fn of(text: &str) -> Read<Dialect> {
    let mut sniffer = Sniffer::default();
    let result = Ctx::default().read(text, &mut sniffer);
    match (sniffer.found, result) {
        (Some(dialect), _) => Ok(dialect),
        (None, Err(failure)) => Err(failure),
        (None, Ok(())) => Err(Failure::new(Fault::NoDialect, At::Value, [])),
    }
}

#[derive(Default)]
struct Sniffer {
    found: Option<Dialect>,
}

impl<'de> Object<'de> for Sniffer {
    fn member<A: MapAccess<'de>>(&mut self, mut member: Member<'_, 'de, A>) -> Result<(), A::Error> {
        self.found = match &*member.name {
            "version" => {
                let version = member.text()?;
                match &*version {
                    "1" => Some(Dialect::One),
                    "0.1" => Some(Dialect::Eff),
                    other => return member.refuse_value(Fault::Version { got: shortened(other) }),
                }
            }
            "tls-policies" | "acceptable-mxs" | "mx-domains" | "address-domains" | "nexthop-domains" => {
                Some(Dialect::Original)
            }
            "policy-aliases" => Some(Dialect::Eff),
            "providers" | "serial" => Some(Dialect::One),
            _ => return member.ignored(),
        };
        // Enough was seen; this error never reaches a person.
        member.refuse_name(Fault::NoDialect)
    }
}
