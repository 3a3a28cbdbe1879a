//! Making an index: entries come one after another, names go out at once, and little is kept.
//!
//! In memory stand eight bytes per domain, half a byte of offsets, and each different policy once; at the end the
//! table, seven more bytes per domain.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::convert::Infallible;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::cursor::{push_counted, wide};
use super::layout::{BLOCK_NAMES, HEADER_BYTES, Layout, Section, sum};
use super::pool::Pool;
use super::terms::{self, Terms};
use super::{BuildError, NameHash, head, names, table};
use crate::domain::Domain;
use crate::list::{Head, List, Listed};

/// Takes the bytes of an index, in order.
pub trait Output {
    /// Why it may take no more.
    type Error;

    /// Takes some more.
    ///
    /// # Errors
    /// Its own; nothing is written behind one.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

impl Output for Vec<u8> {
    type Error = Infallible;

    fn append(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Names are handed to the output in pieces of about this many bytes.
const PIECE_BYTES: usize = 256 << 10;

/// An index in the making.
pub struct Builder<O> {
    output: O,
    seed: u64,
    hash: NameHash,
    hashes: Vec<u64>,
    last: Option<Domain>,
    /// Names that are not written yet.
    pending: Vec<u8>,
    written: u64,
    block_start: usize,
    blocks: Vec<u8>,
    terms: Pool,
    policies: Pool,
    labels: Pool,
    pinsets: Pool,
    /// The policy of each shared policy's name.
    shared: BTreeMap<u64, u64>,
    scratch: Vec<u8>,
}

impl<O: Output> Builder<O> {
    /// Begins an index. Who can foresee the seed can choose names that collide, so it comes from something that is not
    /// known before the last name is chosen: chance, or the hash of the whole list.
    ///
    /// # Errors
    /// [`BuildError::Output`].
    pub fn new(seed: u64, output: O) -> Result<Self, BuildError<O::Error>> {
        Self::with_hash(seed, output, xxh3_64_with_seed)
    }

    pub(super) fn with_hash(seed: u64, mut output: O, hash: NameHash) -> Result<Self, BuildError<O::Error>> {
        output.append(&[0; HEADER_BYTES]).map_err(BuildError::Output)?;
        Ok(Self {
            output,
            seed,
            hash,
            hashes: Vec::new(),
            last: None,
            pending: Vec::new(),
            written: 0,
            block_start: 0,
            blocks: Vec::new(),
            terms: Pool::of_terms(seed),
            policies: Pool::new(Section::Policies, seed),
            labels: Pool::new(Section::Labels, seed),
            pinsets: Pool::new(Section::Pinsets, seed),
            shared: BTreeMap::new(),
            scratch: Vec::new(),
        })
    }

    /// Adds an entry behind all others.
    ///
    /// # Errors
    /// [`BuildError`] when it does not stand in order, or the output takes no more.
    pub fn add(&mut self, listed: &Listed<'_>) -> Result<(), BuildError<O::Error>> {
        let previous = self.last.as_ref().map_or("", Domain::as_str);
        if previous >= listed.domain.as_str() {
            return Err(BuildError::NotInOrder { domain: listed.domain.clone() });
        }
        let is_first = self.hashes.len().is_multiple_of(BLOCK_NAMES as usize);
        let terms = self.terms(listed)?;
        if is_first {
            self.end_block()?;
        }
        let previous = self.last.as_ref().filter(|_| !is_first).map_or("", Domain::as_str);
        names::push(&mut self.pending, previous, listed.domain.as_str(), terms);
        self.hashes.push((self.hash)(listed.domain.as_str().as_bytes(), self.seed));
        self.last = Some(listed.domain.clone());
        Ok(())
    }

    /// How many entries were added.
    pub fn len(&self) -> u64 {
        wide(self.hashes.len())
    }

    /// Tells whether none was.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn terms(&mut self, listed: &Listed<'_>) -> Result<u64, BuildError<O::Error>> {
        let (policy, label) = match listed.alias {
            None => (self.policy(listed), None),
            Some(alias) => {
                let label = self.labels.place(alias.as_str().as_bytes());
                let policy = match self.shared.get(&label) {
                    Some(policy) => *policy,
                    None => {
                        let policy = self.policy(listed);
                        self.shared.insert(label, policy);
                        policy
                    }
                };
                (policy, Some(label))
            }
        };
        let record = Terms { policy, label, since: listed.since }.to_bytes();
        let record = record.ok_or(BuildError::TooMany { what: "shared policies" })?;
        Ok(self.terms.place(&record))
    }

    fn policy(&mut self, listed: &Listed<'_>) -> u64 {
        let pinset = listed.policy.pinset.as_ref().map(|pinset| {
            self.scratch.clear();
            terms::push_pinset(&mut self.scratch, pinset);
            self.pinsets.place(&self.scratch)
        });
        // A shared policy is the same bytes for all its domains.
        let domain = listed.alias.is_none().then(|| listed.domain.as_str());
        self.scratch.clear();
        terms::push_policy(&mut self.scratch, listed.policy, domain, pinset);
        self.policies.place(&self.scratch)
    }

    /// Seals the block that is open, if any, and opens the next.
    fn end_block(&mut self) -> Result<(), BuildError<O::Error>> {
        if !self.hashes.is_empty() {
            let number = wide(self.blocks.len() / 8 - 1);
            names::seal(&mut self.pending, self.block_start, self.seed, number);
        }
        if self.pending.len() >= PIECE_BYTES {
            self.output.append(&self.pending).map_err(BuildError::Output)?;
            self.written += wide(self.pending.len());
            self.pending.clear();
        }
        self.block_start = self.pending.len();
        self.blocks.extend((self.written + wide(self.block_start)).to_le_bytes());
        Ok(())
    }

    /// Writes everything behind the names, and gives the header's bytes, which belong in front of all.
    ///
    /// # Errors
    /// [`BuildError`] when too many names fall into one place of the table, or the output takes no more.
    pub fn finish(
        mut self,
        list: &Head,
        list_sha256: [u8; 32],
    ) -> Result<(O, [u8; HEADER_BYTES]), BuildError<O::Error>> {
        let domains = u32::try_from(self.hashes.len()).ok().filter(|names| *names < u32::MAX);
        let domains = domains.ok_or(BuildError::TooMany { what: "domains" })?;
        if domains > 0 {
            let number = wide(self.blocks.len() / 8 - 1);
            names::seal(&mut self.pending, self.block_start, self.seed, number);
        }
        let (buckets, slots) =
            table::build(&self.hashes, self.seed).map_err(|names| BuildError::Collisions { names })?;
        self.hashes = Vec::new();
        let mut body = Vec::new();
        head::push(&mut body, list);
        let mut record = Vec::new();
        push_counted(&mut record, &body);
        record.extend(sum(self.seed, Section::Head, 0, &body));

        let mut bounds = vec![wide(HEADER_BYTES)];
        let mut end = wide(HEADER_BYTES) + self.written;
        let parts = [
            &self.pending[..],
            &self.blocks,
            self.terms.bytes(),
            self.policies.bytes(),
            self.labels.bytes(),
            self.pinsets.bytes(),
            &buckets,
            &slots,
            &record,
        ];
        for part in parts {
            self.output.append(part).map_err(BuildError::Output)?;
            end += wide(part.len());
            bounds.push(end);
        }
        let layout = Layout {
            seed: self.seed,
            domains,
            buckets: table::bucket_count(domains),
            bounds: bounds.try_into().unwrap_or_default(),
            list_sha256,
        };
        Ok((self.output, layout.to_bytes()))
    }
}

/// Makes an index of a list in memory.
///
/// # Errors
/// As [`Builder`]; the list's entries stand in order.
pub fn build(list: &List, seed: u64, list_sha256: [u8; 32]) -> Result<Vec<u8>, BuildError<Infallible>> {
    build_with(list, seed, list_sha256, xxh3_64_with_seed)
}

pub(super) fn build_with(
    list: &List,
    seed: u64,
    list_sha256: [u8; 32],
    hash: NameHash,
) -> Result<Vec<u8>, BuildError<Infallible>> {
    let mut builder = Builder::with_hash(seed, Vec::new(), hash)?;
    for listed in list.iter() {
        builder.add(&listed)?;
    }
    let (mut bytes, header) = builder.finish(&list.head, list_sha256)?;
    if let Some(front) = bytes.first_chunk_mut() {
        *front = header;
    }
    Ok(bytes)
}
