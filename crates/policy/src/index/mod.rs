//! Compiled lists: a policy list as one file that is looked up where it lies, without being read.
//!
//! ```text
//! domain ─► hash ─► bucket ─► slots with its 16 bits ─► block of names: is it that name? ─► terms ─► policy
//! ```
//!
//! [`Builder`] makes the bytes, [`Index`] answers from them; where they come from, a memory map as a rule, is the
//! caller's affair. Every record has a checksum that is tested whenever it is used, so a damaged byte is an error or of no
//! effect, and never makes a listed domain unlisted; and whatever the bytes are, what comes out of them was made by the
//! constructors of its type. Evidence and `x-` members are not kept, since nothing acts on them.
//!
//! Spec: docs/list-index.md.

mod build;
mod cursor;
mod error;
mod head;
mod layout;
pub mod lookup;
mod names;
mod pool;
mod table;
mod template;
mod terms;
mod walk;

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;

pub use build::{Builder, Output, build};
pub use error::{BuildError, IndexError};
pub use layout::{HEADER_BYTES, is_index};
pub use walk::Walk;

use cursor::{Cursor, wide};
use error::Part;
use layout::{BLOCK_BYTES, BLOCK_NAMES, Layout, Section, TERMS_BYTES, short_sum};
use lookup::Found;
use names::Block;
use pool::record;
use table::Table;
use terms::Terms;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::Domain;
use crate::list::Head;

/// The format that is written and read.
pub const FORMAT: u32 = 1;

/// A compiled list over bytes that stay where they are.
#[derive(Clone)]
pub struct Index<B> {
    bytes: B,
    layout: Layout,
    head: Head,
    hash: NameHash,
}

/// How a name and a file's seed become a hash; another one in tests alone, to make names collide.
type NameHash = fn(&[u8], u64) -> u64;

impl<B: AsRef<[u8]>> Index<B> {
    /// Opens an index: header and head are read and checked, everything else when it is used.
    ///
    /// # Errors
    /// [`IndexError`] when it is none, of another format, of another length than it says, or damaged at its head.
    pub fn parse(bytes: B) -> Result<Self, IndexError> {
        let layout = Layout::parse(bytes.as_ref())?;
        let section = layout.section(bytes.as_ref(), Section::Head);
        let body = record(layout.seed, Section::Head, section, 0)?;
        let head = head::read(body).ok_or(Section::Head.damaged(0))?;
        Ok(Self { bytes, layout, head, hash: xxh3_64_with_seed })
    }

    /// The head of the list that it was made of, without `x-` members.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// SHA-256 of that list's bytes.
    pub fn list_sha256(&self) -> [u8; 32] {
        self.layout.list_sha256
    }

    /// How many domains are listed.
    pub fn len(&self) -> usize {
        usize::try_from(self.layout.domains).unwrap_or(usize::MAX)
    }

    /// Tells whether no domain is listed.
    pub fn is_empty(&self) -> bool {
        self.layout.domains == 0
    }

    /// The entry of a domain; its parents' entries do not count.
    ///
    /// # Errors
    /// [`IndexError::Damaged`]: what would have told is not as it was written.
    pub fn get(&self, domain: &Domain) -> Result<Option<Found<'static>>, IndexError> {
        let name = domain.as_str().as_bytes();
        for place in self.table().candidates((self.hash)(name, self.layout.seed))? {
            if let Some(terms) = self.terms_if(place, name)? {
                return self.found(domain.clone(), terms).map(Some);
            }
        }
        Ok(None)
    }

    /// All entries, sorted by domain.
    pub fn iter(&self) -> Walk<'_, B> {
        Walk::new(self)
    }

    /// Tests every record and that every name is found again; about a microsecond per domain.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] with the first place that is not as it was written.
    pub fn check(&self) -> Result<(), IndexError> {
        let mut last: Option<Domain> = None;
        for (place, found) in self.iter().enumerate() {
            let domain = found?.domain.into_owned();
            if last.is_some_and(|last| last >= domain) {
                return Err(Section::Names.damaged(wide(place)));
            }
            let hash = (self.hash)(domain.as_str().as_bytes(), self.layout.seed);
            if !self.table().candidates(hash)?.any(|candidate| usize::try_from(candidate) == Ok(place)) {
                return Err(Section::Slots.damaged(wide(place)));
            }
            last = Some(domain);
        }
        Ok(())
    }

    fn section(&self, section: Section) -> &[u8] {
        self.layout.section(self.bytes.as_ref(), section)
    }

    fn table(&self) -> Table<'_> {
        Table {
            seed: self.layout.seed,
            count: self.layout.buckets,
            buckets: self.section(Section::Buckets),
            slots: self.section(Section::Slots),
        }
    }

    /// The block of names with this number.
    fn block(&self, number: u32) -> Part<Block<'_>> {
        let open = || {
            let names = self.section(Section::Names);
            let at = usize::try_from(number).ok()?.checked_mul(BLOCK_BYTES)?;
            let mut offsets = Cursor(self.section(Section::Blocks).get(at..)?);
            let start = usize::try_from(offsets.u64()?).ok()?;
            // Behind the last block the section ends.
            let end = offsets.u64().map_or(Some(names.len()), |end| usize::try_from(end).ok())?;
            let left = self.layout.domains.checked_sub(number.checked_mul(BLOCK_NAMES)?)?;
            Block::open(names.get(start..end)?, self.layout.seed, u64::from(number), left.min(BLOCK_NAMES))
        };
        open().ok_or(Section::Names.damaged(u64::from(number)))
    }

    /// The number of the terms at a place, if that is where the name stands.
    fn terms_if(&self, place: u32, name: &[u8]) -> Part<Option<u64>> {
        let number = place / BLOCK_NAMES;
        let mut block = self.block(number)?;
        let mut terms = None;
        for _ in 0..=place % BLOCK_NAMES {
            terms = Some(block.next().ok_or(Section::Names.damaged(u64::from(number)))?);
        }
        Ok(terms.filter(|_| block.name() == name))
    }

    /// The entry of a domain with these terms.
    fn found(&self, domain: Domain, number: u64) -> Part<Found<'static>> {
        let terms = self.terms(number)?;
        let alias = match terms.label {
            None => None,
            Some(place) => {
                let body = record(self.layout.seed, Section::Labels, self.section(Section::Labels), place)?;
                Some(terms::read_label(body).ok_or(Section::Labels.damaged(place))?)
            }
        };
        let body =
            record(self.layout.seed, Section::Policies, self.section(Section::Policies), terms.policy)?;
        let (mut policy, pinset) =
            terms::read_policy(body, domain.as_str()).ok_or(Section::Policies.damaged(terms.policy))?;
        if let Some(place) = pinset {
            let body = record(self.layout.seed, Section::Pinsets, self.section(Section::Pinsets), place)?;
            let pinset = terms::read_pinset(body).ok_or(Section::Pinsets.damaged(place))?;
            policy.pinset = Some(Arc::new(pinset));
        }
        Ok(Found {
            domain: Cow::Owned(domain),
            policy: Cow::Owned(policy),
            alias: alias.map(Cow::Owned),
            since: terms.since,
        })
    }

    fn terms(&self, number: u64) -> Part<Terms> {
        let read = || {
            let at = usize::try_from(number).ok()?.checked_mul(TERMS_BYTES)?;
            let mut cursor = Cursor(self.section(Section::Terms).get(at..)?);
            let body = cursor.take(TERMS_BYTES - 3)?;
            let sum = short_sum(self.layout.seed, Section::Terms, number, body);
            (cursor.array() == Some(sum)).then_some(())?;
            Terms::from_bytes(body)
        };
        read().ok_or(Section::Terms.damaged(number))
    }
}

impl<B> fmt::Debug for Index<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("layout", &self.layout)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl<'a, B: AsRef<[u8]>> IntoIterator for &'a Index<B> {
    type Item = Result<Found<'a>, IndexError>;
    type IntoIter = Walk<'a, B>;

    fn into_iter(self) -> Walk<'a, B> {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
