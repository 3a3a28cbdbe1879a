//! MTA-STS records: the TXT record `_mta-sts.DOMAIN`, which says that there is a policy, and which one.
//!
//! Spec: RFC 8461 §3.1.

use alloc::string::String;

use super::field::{is_name, trim_end, trim_start};

/// Longest `id`, in characters.
pub const MAX_ID_CHARS: usize = 32;

/// How a record begins.
const VERSION: &[u8] = b"v=STSv1";

/// What a domain announces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Stands for one version of the policy: 1 to [`MAX_ID_CHARS`] letters and digits, without any order among them.
    pub id: String,
}

/// Why a domain has no policy although it has MTA-STS records.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Two records or more announce a policy.
    #[error("{count} records begin with `v=STSv1;`; publish one")]
    Several {
        /// How many.
        count: usize,
    },
    /// A field is none by the grammar.
    #[error("field {field} is not of the form `name=value`, with `;` behind it where more follows")]
    Field {
        /// Counted from 1, `v=STSv1` being the first.
        field: usize,
    },
    /// There is no `id`.
    #[error("there is no `id`; add one, as in `v=STSv1; id=20260131;`")]
    NoId,
    /// The `id` is none by the grammar.
    #[error("the `id` has other characters than letters and digits, or more than {MAX_ID_CHARS}")]
    Id,
}

impl Record {
    /// Takes the one record that announces a policy out of all TXT records of `_mta-sts.DOMAIN`.
    ///
    /// Each item is one record, its strings put together without anything between them. Records about something else count
    /// for nothing; `None` if there is no other. That a record is absent or faulty does not end a policy that was fetched
    /// before (RFC 8461 §5.1).
    ///
    /// # Errors
    /// [`RecordError`] if several records announce a policy, or the one that does is not valid: the domain has none then.
    pub fn select<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Result<Option<Self>, RecordError> {
        let (mut announced, mut count, mut is_bare) = (None, 0_usize, false);
        for text in texts {
            match Beginning::of(text) {
                Beginning::Fields(fields) => {
                    announced = announced.or(Some(fields));
                    count += 1;
                }
                Beginning::Bare => is_bare = true,
                Beginning::Other => {}
            }
        }
        match announced {
            Some(_) if count > 1 => Err(RecordError::Several { count }),
            Some(fields) => Self::parse(fields).map(Some),
            // It does not begin with `v=STSv1;`, so it counts for nothing, but beside nothing else it is worth a word.
            None if is_bare => Err(RecordError::NoId),
            None => Ok(None),
        }
    }

    /// Reads what stands behind the first `;`.
    fn parse(fields: &[u8]) -> Result<Self, RecordError> {
        let mut id = None;
        let mut rest = Some(fields);
        let mut number = 1;
        while let Some(text) = rest {
            number += 1;
            let (field, behind) = match text.iter().position(|&byte| byte == b';').map(|at| text.split_at(at))
            {
                Some((field, behind)) => (trim_end(field), behind.get(1..)),
                None => (text, None),
            };
            let field = trim_start(field);
            if field.is_empty() && behind.is_none() && number > 2 {
                break;
            }
            let (name, value) = split_field(field).ok_or(RecordError::Field { field: number })?;
            // The first one counts, whatever the others say.
            if name == b"id" && id.is_none() {
                id = Some(parse_id(value).ok_or(RecordError::Id)?);
            }
            rest = behind;
        }
        id.map(|id| Self { id }).ok_or(RecordError::NoId)
    }
}

/// How a TXT record begins.
enum Beginning<'a> {
    /// With `v=STSv1;`; these are the fields behind it.
    Fields(&'a [u8]),
    /// `v=STSv1` and nothing else.
    Bare,
    /// With something else.
    Other,
}

impl<'a> Beginning<'a> {
    fn of(text: &'a [u8]) -> Self {
        let Some(rest) = text.strip_prefix(VERSION) else { return Self::Other };
        match trim_start(rest).split_first() {
            Some((b';', fields)) => Self::Fields(fields),
            Some(_) => Self::Other,
            None => Self::Bare,
        }
    }
}

/// `name=value`; no blank, no second `=`.
fn split_field(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = field.split_at(field.iter().position(|&byte| byte == b'=')?);
    let value = value.get(1..).filter(|value| !value.is_empty())?;
    let is_value = value.iter().all(|byte| matches!(byte, 0x21..=0x3a | 0x3c | 0x3e..=0x7e));
    (is_name(name) && is_value).then_some((name, value))
}

fn parse_id(value: &[u8]) -> Option<String> {
    let is_id = value.len() <= MAX_ID_CHARS && value.iter().all(u8::is_ascii_alphanumeric);
    core::str::from_utf8(value).ok().filter(|_| is_id).map(String::from)
}

#[cfg(test)]
mod rfc8461_section_3_1 {
    use super::*;

    fn select(texts: &[&str]) -> Result<Option<String>, RecordError> {
        Record::select(texts.iter().map(|text| text.as_bytes())).map(|record| record.map(|record| record.id))
    }

    #[test]
    fn record_is_version_and_id() {
        for text in [
            "v=STSv1; id=20160831085700Z;",
            "v=STSv1;id=20160831085700Z",
            "v=STSv1 \t;\t id=20160831085700Z \t; \t",
            "v=STSv1; a=b; id=20160831085700Z",
            "v=STSv1; id=20160831085700Z; x-1._y=!:<>~; z=1;",
        ] {
            assert_eq!(select(&[text]), Ok(Some("20160831085700Z".into())), "{text}");
        }
    }

    #[test]
    fn other_records_are_discarded() {
        let good = "v=STSv1; id=1;";
        for other in [
            "",
            "v=spf1 -all",
            " v=STSv1; id=2",
            "V=STSv1; id=2",
            "v=stsv1; id=2",
            "v=STSv10; id=2",
            "v=STSv1, id=2",
            "v = STSv1; id=2",
            "\"v=STSv1; id=2\"",
            "v=STSv1",
        ] {
            assert_eq!(select(&[other, good]), Ok(Some("1".into())), "{other}");
            assert_eq!(select(&[good, other]), Ok(Some("1".into())), "{other}");
        }
        assert_eq!(select(&[]), Ok(None));
        assert_eq!(select(&["v=spf1 -all", ""]), Ok(None));
        assert_eq!(Record::select([&b"\xff\xfe"[..], b"v=STSv1\xff"].into_iter()), Ok(None));
    }

    #[test]
    fn two_records_are_no_policy() {
        let good = "v=STSv1; id=1;";
        assert_eq!(select(&[good, good]), Err(RecordError::Several { count: 2 }));
        assert_eq!(select(&[good, "v=STSv1;", "v=STSv1; id=;"]), Err(RecordError::Several { count: 3 }));
    }

    #[test]
    fn first_id_wins() {
        assert_eq!(select(&["v=STSv1; id=1; id=2"]), Ok(Some("1".into())));
        assert_eq!(select(&["v=STSv1; id=1; id=!!!"]), Ok(Some("1".into())));
        assert_eq!(select(&["v=STSv1; id=!!!; id=1"]), Err(RecordError::Id));
    }

    #[test]
    fn id_is_required() {
        for text in ["v=STSv1", "v=STSv1 ", "v=STSv1; ID=1", "v=STSv1; id.=1", "v=STSv1; version=1;"] {
            assert_eq!(select(&[text]), Err(RecordError::NoId), "{text}");
        }
    }

    #[test]
    fn id_is_1_to_32_letters_and_digits() {
        let long = "Aa0".repeat(10) + "zZ";
        assert_eq!(select(&[&format!("v=STSv1; id={long}")]), Ok(Some(long.clone())));
        for id in [
            format!("{long}0"),
            "a-b".into(),
            "a_b".into(),
            "1.0".into(),
            "0x1:2".into(),
            "x".repeat(1 << 16),
        ] {
            assert_eq!(select(&[&format!("v=STSv1; id={id}")]), Err(RecordError::Id));
        }
    }

    #[test]
    fn fields_outside_the_grammar_are_no_policy() {
        let name = "n".repeat(33);
        for (text, field) in [
            ("v=STSv1;", 2),
            ("v=STSv1; ", 2),
            ("v=STSv1;;id=1", 2),
            ("v=STSv1; id=1;;", 3),
            ("v=STSv1; id", 2),
            ("v=STSv1; id=", 2),
            ("v=STSv1; id =1", 2),
            ("v=STSv1; id= 1", 2),
            ("v=STSv1; id=1 2", 2),
            ("v=STSv1; id=1 ", 2),
            ("v=STSv1; id=1; =x", 3),
            ("v=STSv1; id=1; -x=y", 3),
            ("v=STSv1; id=1; x=y=z", 3),
            ("v=STSv1; id=1; x=a b", 3),
            ("v=STSv1; id=1\n", 2),
            ("v=STSv1; id=é", 2),
            ("v=STSv1; id=1\0", 2),
            (&format!("v=STSv1; {name}=1"), 2),
        ] {
            assert_eq!(select(&[text]), Err(RecordError::Field { field }), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ids_are_harmless_whatever_is_published(
            texts in proptest::collection::vec("(v=STSv1)?[ \t]?(;[ \t]?(id|x-y|ID)?=?[a-zA-Z0-9 =\\PC]{0,40}){0,4};?", 0..3)
        ) {
            if let Ok(Some(record)) = Record::select(texts.iter().map(String::as_bytes)) {
                proptest::prop_assert!((1..=MAX_ID_CHARS).contains(&record.id.len()));
                proptest::prop_assert!(record.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                let canonical = format!("v=STSv1; id={}", record.id);
                proptest::prop_assert_eq!(Record::select([canonical.as_bytes()].into_iter()), Ok(Some(record)));
            }
        }
    }
}
