//! A role: one table of the settings file. Its keys, their words, defaults and types are declared once, together.

use std::path::PathBuf;

use super::problem::Place;
use super::table::TableReader;

/// A value, and where it came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) from: From,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum From {
    /// Nobody said anything.
    Default,
    /// The settings file.
    File(Place),
    /// An option of the command line, by its name.
    Option(&'static str),
}

/// One key of a role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Its words, line by line.
    pub(crate) doc: &'static [&'static str],
}

/// A key with its value, for `settings show`.
pub(crate) struct Shown {
    pub(crate) key: &'static str,
    /// `None` if it is not set and has no default.
    pub(crate) value: Option<toml::Value>,
    pub(crate) from: From,
}

/// One table of the settings file.
pub(crate) trait Role: Default {
    /// The table's name; empty for the top level.
    const TABLE: &'static str;
    /// What it is about, line by line.
    #[cfg(test)]
    const ABOUT: &'static [&'static str];
    /// Its keys, in the order in which they are shown.
    const KEYS: &'static [Key];

    /// Reads the keys; what is wrong stays with the reader, and the default takes its place.
    fn read(reader: &mut TableReader<'_, '_>) -> Self;

    /// What holds, in the order of the keys.
    fn shown(&self) -> Vec<Shown>;
}

impl<T> Sourced<T> {
    /// A value that nobody set.
    pub(crate) const fn default(value: T) -> Self {
        Self { value, from: From::Default }
    }

    /// Where it stands in the settings file.
    pub(crate) fn place(&self) -> Option<Place> {
        match self.from {
            From::File(place) => Some(place),
            From::Default | From::Option(_) => None,
        }
    }
}

impl From {
    /// In words: `default`, `FILE:LINE` or the option's name.
    pub(crate) fn in_words(self, file: Option<&PathBuf>) -> String {
        match (self, file) {
            (Self::Default, _) => "default".into(),
            (Self::File(place), Some(file)) => format!("{}:{}", file.display(), place.line),
            (Self::File(place), None) => format!("line {}", place.line),
            (Self::Option(name), _) => name.into(),
        }
    }
}

/// Declares a role: struct, defaults, keys with their words, reader and `settings show`, from one place.
macro_rules! role {
    (
        $(#[doc = $about:literal])+
        pub(crate) struct $Role:ident in $table:literal {
            $( $(#[doc = $doc:literal])+ $key:literal => $field:ident: $type:ty = $default:expr, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub(crate) struct $Role {
            $( $(#[doc = $doc])+ pub(crate) $field: $crate::settings::role::Sourced<$type>, )+
        }

        impl Default for $Role {
            fn default() -> Self {
                Self { $( $field: $crate::settings::role::Sourced::default($default), )+ }
            }
        }

        impl $crate::settings::role::Role for $Role {
            const TABLE: &'static str = $table;
            #[cfg(test)]
            const ABOUT: &'static [&'static str] = &[$($about),+];
            const KEYS: &'static [$crate::settings::role::Key] =
                &[$( $crate::settings::role::Key { name: $key, doc: &[$($doc),+] }, )+];

            fn read(reader: &mut $crate::settings::table::TableReader<'_, '_>) -> Self {
                let Self { $($field,)+ } = Self::default();
                Self { $( $field: reader.take($key, $field), )+ }
            }

            fn shown(&self) -> Vec<$crate::settings::role::Shown> {
                vec![$( $crate::settings::role::Shown {
                    key: $key,
                    value: $crate::settings::value::Value::show(&self.$field.value),
                    from: self.$field.from,
                }, )+]
            }
        }
    };
}
pub(super) use role;
