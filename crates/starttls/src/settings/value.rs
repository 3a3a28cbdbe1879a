//! Values of single keys: read with a cure on their lips, shown as TOML again.

use std::path::{Path, PathBuf};

use starttls_mta::postfix::{TableType, Version};
use starttls_policy::decide::StsTesting;
use starttls_policy::merge::DomainPattern;
use starttls_policy::{Mode, TlsFloor};
use starttls_sources::settings::{RelaxOrders, SourceName, Span};
use toml::Value as Toml;
use toml::de::DeValue;

use crate::choices;

/// A type that a key may have.
pub(crate) trait Value: Sized {
    /// Reads it; relative paths begin at `base`.
    ///
    /// # Errors
    /// What would be right.
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String>;

    /// It again; `None` if it is not set.
    fn show(&self) -> Option<Toml>;
}

/// Types that are written as a string.
pub(crate) trait Word: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What would be right.
    fn from_word(text: &str) -> Result<Self, String>;

    /// It again.
    fn word(&self) -> String;
}

impl<T: Word> Value for T {
    fn read(value: &DeValue<'_>, _base: &Path) -> Result<Self, String> {
        T::from_word(string(value)?)
    }

    fn show(&self) -> Option<Toml> {
        Some(Toml::String(self.word()))
    }
}

impl Value for bool {
    fn read(value: &DeValue<'_>, _base: &Path) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "want `true` or `false`, without quotes".into())
    }

    fn show(&self) -> Option<Toml> {
        Some(Toml::Boolean(*self))
    }
}

impl Value for PathBuf {
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        match string(value)? {
            "" => Err("the path is empty".into()),
            text if text.contains(char::is_control) => Err("the path has a control character".into()),
            text => Ok(base.join(text)),
        }
    }

    fn show(&self) -> Option<Toml> {
        Some(Toml::String(self.display().to_string()))
    }
}

impl<T: Value> Value for Option<T> {
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        T::read(value, base).map(Some)
    }

    fn show(&self) -> Option<Toml> {
        self.as_ref().and_then(T::show)
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        let values = value.as_array().ok_or("want a list, as in `[\"…\", \"…\"]`")?;
        values.iter().map(|value| T::read(value.get_ref(), base)).collect()
    }

    fn show(&self) -> Option<Toml> {
        Some(Toml::Array(self.iter().filter_map(T::show).collect()))
    }
}

fn string<'a>(value: &'a DeValue<'_>) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| "want a text in quotes".into())
}

/// Declares how a type is written as a word.
macro_rules! word {
    ($type:ty, $read:expr, $show:expr) => {
        impl Word for $type {
            fn from_word(text: &str) -> Result<Self, String> {
                let read: fn(&str) -> Result<Self, String> = $read;
                read(text)
            }

            fn word(&self) -> String {
                let show: fn(&Self) -> String = $show;
                show(self)
            }
        }
    };
}
pub(super) use word;

word!(String, |text| Ok(text.into()), Clone::clone);
word!(Span, |text| Self::parse(text).map_err(|error| error.to_string()), ToString::to_string);
word!(SourceName, |text| Self::parse(text).map_err(|error| error.to_string()), ToString::to_string);
word!(TlsFloor, choices::floor, |floor| match floor {
    TlsFloor::AsListed => "as-listed".into(),
    TlsFloor::AtLeast(version) => version.name().into(),
});
word!(
    StsTesting,
    |text| match text {
        "releases" => Ok(Self::Releases),
        "list-stands" => Ok(Self::ListStands),
        _ => Err("want `releases` or `list-stands`".into()),
    },
    |testing| match testing {
        StsTesting::Releases => "releases".into(),
        StsTesting::ListStands => "list-stands".into(),
    }
);
word!(
    Mode,
    |text| Self::from_name(text).ok_or_else(|| "want `none`, `testing` or `enforce`".into()),
    |mode| mode.name().into()
);
word!(
    RelaxOrders,
    |text| match text {
        "accept" => Ok(Self::Accept),
        "refuse" => Ok(Self::Refuse),
        _ => Err("want `accept` or `refuse`".into()),
    },
    |orders| orders.name().into()
);
word!(
    DomainPattern,
    |text| Self::parse(text)
        .map_err(|error| format!("want `example.org`, `*.example.org` or `*.org`: {error}")),
    ToString::to_string
);
word!(
    TableType,
    |text| Self::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Self::ALL.iter().map(|table| table.name()).collect();
        format!("want one of {}", known.join(", "))
    }),
    |table| table.name().into()
);

/// The version of a mail server: the installed one's, or a named one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ServerVersion {
    /// The installed server is asked.
    Auto,
    /// As the operator wrote it; [`Version::parse`] reads it.
    Named(String),
}

word!(
    ServerVersion,
    |text| match text {
        "auto" => Ok(Self::Auto),
        _ => Version::parse(text)
            .map(|_| Self::Named(text.into()))
            .map_err(|error| format!("want `auto` or a version: {error}")),
    },
    |version| match version {
        ServerVersion::Auto => "auto".into(),
        ServerVersion::Named(name) => name.clone(),
    }
);
