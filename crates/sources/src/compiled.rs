//! Accepted lists, compiled beside themselves: who asks for single domains need not read them whole.
//!
//! A compiled list is a copy for speed alone. It is named by the hash of the list that it was made from, and whatever is
//! wrong with it, the list itself is read instead.

use starttls_policy::Timestamp;
use starttls_policy::index::{self, Index};

use crate::in_force::Loaded;
use crate::map::{Map, Reading};
use crate::settings::{SourceName, SourceSettings};
use crate::state::{Lock, Memory, StateDir, StateError, TrustKind};
use crate::term::Standing;

/// A list in force that is looked up where it lies.
#[derive(Debug)]
pub struct Compiled {
    /// The source.
    pub name: SourceName,
    /// What made it believable.
    pub trust: TrustKind,
    /// The list.
    pub index: Index<Map>,
    /// From when on it counts no longer; none when the operator uses it beyond its end.
    pub effective_end: Option<Timestamp>,
}

/// How many seeds are tried; by chance not even a second one is ever needed.
const SEEDS: usize = 4;

/// Compiles a list in force beside itself, unless that was done.
///
/// # Errors
/// [`StateError`] when it cannot be written; nothing else changes then.
pub fn compile(loaded: &Loaded, lock: &Lock) -> Result<(), StateError> {
    let source = lock.source(&loaded.name)?;
    if source.index(&loaded.sha256)?.is_some() {
        return Ok(());
    }
    let sha256 = *loaded.sha256.as_bytes();
    // The hash of the whole list cannot be foreseen by those who choose some of its names.
    let mut seeds = sha256.as_chunks::<8>().0.iter().take(SEEDS).map(|bytes| u64::from_le_bytes(*bytes));
    // A list that cannot be compiled is read whole whenever it is asked.
    let Some(bytes) = seeds.find_map(|seed| index::build(&loaded.list, seed, sha256).ok()) else {
        return Ok(());
    };
    source.keep_index(&bytes, &loaded.sha256)
}

/// What is in force of a source, if that can be told without reading the list: it is compiled, and no relax order bears on it.
///
/// # Errors
/// [`StateError`] when what is kept cannot be read.
pub fn look_up(
    settings: &SourceSettings,
    state: &StateDir,
    now: Timestamp,
) -> Result<Option<Compiled>, StateError> {
    let Some(source) = state.source(&settings.name)? else { return Ok(None) };
    let Some(record) = source.record()? else { return Ok(None) };
    let standing = Standing::of_record(settings, &record);
    if standing.has_ended(now) {
        return Ok(None);
    }
    let has_orders = match &record.memory {
        Some(Memory::Witnessed(memory)) => !memory.relax.is_empty(),
        Some(Memory::Plain(_)) => false,
        None => return Ok(None),
    };
    let Some(kept) = record.list.as_ref().filter(|_| !has_orders) else { return Ok(None) };
    let Some(file) = source.index(&kept.sha256)? else { return Ok(None) };
    let index = Map::of(&file, Reading::Random).ok().and_then(|map| Index::parse(map).ok());
    let is_of_it = |index: &Index<Map>| index.list_sha256() == *kept.sha256.as_bytes();
    let effective_end = standing.term().map(|term| term.end);
    let (name, trust) = (settings.name.clone(), record.trust);
    Ok(index.filter(is_of_it).map(|index| Compiled { name, trust, index, effective_end }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use starttls_policy::Domain;
    use starttls_policy::lookup::Lookup as _;

    use super::*;
    use crate::testing::Bench;

    const NOW: &str = "2026-11-22T00:00:00Z";
    const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-01T00:00:00Z",
        "expires": "2027-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;

    fn compiled(bench: &Bench) -> Option<Compiled> {
        look_up(&bench.settings, &bench.state(), crate::testing::at(NOW)).unwrap()
    }

    fn compile_it(bench: &Bench) {
        let refreshed = bench.refresh(NOW);
        compile(refreshed.in_force.list().unwrap(), &bench.state().lock().unwrap()).unwrap();
    }

    #[test]
    fn accepted_list_is_looked_up_without_being_read() {
        let bench = Bench::unsigned(LIST);
        bench.refresh(NOW);
        assert!(compiled(&bench).is_none());
        compile_it(&bench);
        let compiled = compiled(&bench).unwrap();
        let found = compiled.index.find(&Domain::parse("a.example").unwrap()).unwrap().unwrap();
        assert_eq!(found.policy.mx.len(), 1);
    }

    #[test]
    fn index_of_another_list_or_a_damaged_one_is_not_used() {
        let bench = Bench::unsigned(LIST);
        compile_it(&bench);
        let name = bench.names().into_iter().find(|name| name.starts_with("index-")).unwrap();
        let file = bench.source().join(name);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert!(compiled(&bench).is_none());
        fs::write(&file, b"something else").unwrap();
        assert!(compiled(&bench).is_none());
    }

    #[test]
    fn index_goes_with_its_list() {
        let bench = Bench::unsigned(LIST);
        compile_it(&bench);
        for serial in 2..=4 {
            let file = bench.holder.path().join("list.json");
            fs::write(file, LIST.replace("\"serial\": 1", &format!("\"serial\": {serial}"))).unwrap();
            compile_it(&bench);
        }
        // Of the list in force and the one before.
        assert_eq!(bench.names().iter().filter(|name| name.starts_with("index-")).count(), 2);
    }
}
