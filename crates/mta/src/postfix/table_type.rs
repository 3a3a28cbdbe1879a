//! The kinds of look-up table that a policy table can be.
//!
//! Spec: `DATABASE_README`.

/// A kind of look-up table that is made of a text of lines `KEY VALUE`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TableType {
    /// The text itself, read whole into each process.
    #[default]
    Texthash,
    /// Berkeley DB.
    Hash,
    /// LMDB, from `OpenLDAP`.
    Lmdb,
    /// A constant database, replaced as a whole.
    Cdb,
}

impl TableType {
    /// All, the default first.
    pub const ALL: [Self; 4] = [Self::Texthash, Self::Hash, Self::Lmdb, Self::Cdb];

    /// Reads a type as Postfix writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The word in front of the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Texthash => "texthash",
            Self::Hash => "hash",
            Self::Lmdb => "lmdb",
            Self::Cdb => "cdb",
        }
    }

    /// Tells whether postmap(1) must turn the text into a database before Postfix can read it.
    pub const fn needs_postmap(self) -> bool {
        !matches!(self, Self::Texthash)
    }
}
