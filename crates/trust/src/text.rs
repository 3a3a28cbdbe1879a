//! How times, domains and keys stand in documents: as the text that people know.

use alloc::string::{String, ToString};
use core::fmt::Display;

use serde::{Deserialize, Deserializer, Serializer};

/// A value written as text, for `#[serde(with = …)]`.
macro_rules! as_text {
    ($name:ident, $type:ty, $parse:expr) => {
        pub(crate) mod $name {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(value)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                super::parse(deserializer, $parse)
            }
        }
    };
}

as_text!(time, starttls_policy::Timestamp, starttls_policy::Timestamp::parse);

/// Lists of values written as text.
macro_rules! as_texts {
    ($name:ident, $type:ty, $parse:expr) => {
        pub(crate) mod $name {
            use super::*;
            use alloc::vec::Vec;

            pub(crate) fn serialize<S: Serializer>(
                values: &[$type],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(values.iter().map(ToString::to_string))
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<$type>, D::Error> {
                let texts = Vec::<String>::deserialize(deserializer)?;
                texts.iter().map(|text| $parse(text).map_err(serde::de::Error::custom)).collect()
            }
        }
    };
}

as_texts!(domains, starttls_policy::Domain, starttls_policy::Domain::parse);
as_texts!(labels, starttls_policy::Label, starttls_policy::Label::parse);

fn parse<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(|error| serde::de::Error::custom(error.to_string()))
}
