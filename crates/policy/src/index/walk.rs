//! All entries of an index, one after another.

use super::error::Part;
use super::layout::{BLOCK_NAMES, Section};
use super::lookup::Found;
use super::names::Block;
use super::{Index, IndexError};
use crate::domain::Domain;

/// The entries of an index, sorted by domain; ends behind the first one that cannot be read.
#[derive(Debug)]
pub struct Walk<'a, B> {
    index: &'a Index<B>,
    next_block: u32,
    block: Option<Block<'a>>,
}

impl<'a, B: AsRef<[u8]>> Walk<'a, B> {
    pub(super) fn new(index: &'a Index<B>) -> Self {
        Self { index, next_block: 0, block: None }
    }

    fn entry(&mut self) -> Part<Option<Found<'a>>> {
        if self.block.as_ref().is_none_or(|block| block.left() == 0) {
            let number = self.next_block;
            if number >= self.index.layout.domains.div_ceil(BLOCK_NAMES) {
                return Ok(None);
            }
            self.next_block += 1;
            self.block = Some(self.index.block(number)?);
        }
        let Some(block) = &mut self.block else { return Ok(None) };
        let read = |block: &mut Block<'_>| {
            let terms = block.next()?;
            let name = core::str::from_utf8(block.name()).ok()?;
            let domain = Domain::parse(name).ok().filter(|domain| domain.as_str() == name)?;
            (block.left() > 0 || block.is_at_end()).then_some((domain, terms))
        };
        let number = self.next_block.saturating_sub(1);
        let (domain, terms) = read(block).ok_or(Section::Names.damaged(u64::from(number)))?;
        self.index.found(domain, terms).map(Some)
    }
}

impl<'a, B: AsRef<[u8]>> Iterator for Walk<'a, B> {
    type Item = Result<Found<'a>, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entry();
        if entry.is_err() {
            self.next_block = u32::MAX;
            self.block = None;
        }
        entry.transpose()
    }
}
