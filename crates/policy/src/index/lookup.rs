//! What a list is to whoever asks it: a head, entries by domain, entries in order; in memory or compiled.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;

use super::{Index, IndexError};
use crate::domain::Domain;
use crate::list::{Head, List, Listed};
use crate::pin::Label;
use crate::policy::Policy;
use crate::timestamp::Date;

/// An entry with the policy it means, borrowed from a list in memory or made from a compiled one.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    /// The policy domain.
    pub domain: Cow<'a, Domain>,
    /// The policy, its own or the shared one.
    pub policy: Cow<'a, Policy>,
    /// The shared policy's name.
    pub alias: Option<Cow<'a, Label>>,
    /// Since when the policy is as it stands: the later of the entry's and the shared policy's date.
    pub since: Option<Date>,
}

/// The entries of a list in order, of which a compiled one may turn out to be damaged.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Found<'a>, IndexError>> + 'a>;

/// A list that can be asked.
pub trait Lookup: fmt::Debug {
    /// What stands above its entries.
    fn head(&self) -> &Head;

    /// How many domains are listed.
    fn domains(&self) -> usize;

    /// The entry of a domain; its parents' entries do not count.
    ///
    /// # Errors
    /// [`IndexError`] of a compiled list that is damaged: which is not the same as "not listed".
    fn find(&self, domain: &Domain) -> Result<Option<Found<'_>>, IndexError>;

    /// All entries, sorted by domain.
    fn entries(&self) -> Entries<'_>;
}

impl<'a> From<Listed<'a>> for Found<'a> {
    fn from(listed: Listed<'a>) -> Self {
        Self {
            domain: Cow::Borrowed(listed.domain),
            policy: Cow::Borrowed(listed.policy),
            alias: listed.alias.map(Cow::Borrowed),
            since: listed.since,
        }
    }
}

impl Lookup for List {
    fn head(&self) -> &Head {
        &self.head
    }

    fn domains(&self) -> usize {
        self.entries.len()
    }

    fn find(&self, domain: &Domain) -> Result<Option<Found<'_>>, IndexError> {
        Ok(self.get(domain).map(Found::from))
    }

    fn entries(&self) -> Entries<'_> {
        Box::new(self.iter().map(|listed| Ok(listed.into())))
    }
}

impl<B: AsRef<[u8]>> Lookup for Index<B> {
    fn head(&self) -> &Head {
        Self::head(self)
    }

    fn domains(&self) -> usize {
        self.len()
    }

    fn find(&self, domain: &Domain) -> Result<Option<Found<'_>>, IndexError> {
        self.get(domain)
    }

    fn entries(&self) -> Entries<'_> {
        Box::new(self.iter())
    }
}
