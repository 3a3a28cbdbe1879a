//! Why an index cannot be read or made.

use crate::domain::Domain;

/// Why a compiled list cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The bytes do not begin as an index does.
    #[error("this is no compiled list")]
    NotAnIndex,
    /// Made by a newer program.
    #[error(
        "the index has format {found}, and this program reads format {}; compile the list again with this program",
        super::FORMAT
    )]
    OtherFormat {
        /// The format it has.
        found: u32,
    },
    /// The file is not as long as its header says.
    #[error("the index has {found} bytes and should have {expected}; compile the list again")]
    Length {
        /// Bytes that are there.
        found: u64,
        /// Bytes that the header tells of.
        expected: u64,
    },
    /// A checksum does not fit, or what stands there cannot have been written by the compiler.
    #[error("the index is damaged ({part} {place}); compile the list again")]
    Damaged {
        /// Which part of the file.
        part: &'static str,
        /// Which record of it: a number, or an offset into the part.
        place: u64,
    },
}

/// Why no index came out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// The output took no more.
    #[error("the index could not be written")]
    Output(#[source] E),
    /// A domain that is not behind the one before it.
    #[error("`{domain}` does not stand in order; entries are sorted by domain, each domain once")]
    NotInOrder {
        /// The domain.
        domain: Domain,
    },
    /// More than the format can count.
    #[error("the list has more {what} than an index can hold")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// More names in one bucket than chance would bring; another seed spreads them otherwise.
    #[error("{names} names have one place in the index; compile with another seed")]
    Collisions {
        /// How many.
        names: usize,
    },
}

/// What reading a part comes to: a part that is damaged has no value.
pub(super) type Part<T> = Result<T, IndexError>;
