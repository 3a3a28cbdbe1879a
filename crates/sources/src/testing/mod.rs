//! For tests: mirrors in memory, and a source with its state directory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use starttls_policy::Timestamp;
use starttls_trust::document::RelaxSet;
use starttls_trust::{Bundle, Digest};

use crate::fetch::{Answer, Fetch, FetchError, Version};
use crate::settings::{HttpsUrl, Place, RelaxOrders, SourceName, SourceSettings, Trust, Unsigned, Witnessed};
use crate::{Git, Keeping, Outside, Refreshed, StateDir, StateError, refresh};

/// The same small world in which `starttls-trust` plays attacks.
#[path = "../../../trust/tests/world/mod.rs"]
pub(crate) mod world;

use world::{Listing, World};

/// Files by address; `ETag`s are digests.
#[derive(Debug, Default)]
pub(crate) struct Mirrors {
    pub(crate) files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Bytes of a body that did not come from the network again.
    pub(crate) unchanged: Cell<usize>,
    /// All addresses asked for.
    pub(crate) asked: RefCell<Vec<String>>,
}

impl Fetch for Mirrors {
    fn get(&self, url: &HttpsUrl, seen: &Version, max_bytes: u64) -> Result<Answer, FetchError> {
        self.asked.borrow_mut().push(url.to_string());
        let files = self.files.borrow();
        let bytes = files.get(url.as_str()).ok_or_else(|| FetchError::Missing { url: url.to_string() })?;
        let etag = Some(format!("\"{}\"", Digest::of(bytes)));
        if seen.etag == etag {
            self.unchanged.set(self.unchanged.get() + 1);
            return Ok(Answer::Unchanged);
        }
        if bytes.len() as u64 > max_bytes {
            return Err(FetchError::Failed { reason: format!("`{url}`: more than {max_bytes} bytes") });
        }
        Ok(Answer::Body { bytes: bytes.clone(), version: Version { etag, last_modified: None } })
    }

    fn download(&self, url: &HttpsUrl, to: &Path, size: u64, _sha256: &Digest) -> Result<(), FetchError> {
        // A fetcher that checks no hash: what it brings is checked once more.
        let Answer::Body { bytes, .. } = self.get(url, &Version::default(), size)? else { unreachable!() };
        fs::write(to, bytes)
            .map_err(|error| FetchError::Disk { reason: error.to_string(), kind: error.kind() })
    }
}

impl Mirrors {
    /// Puts a bundle, its list and the world's tiles at a mirror.
    pub(crate) fn put(&self, base: &str, bundle: &Bundle, list: &Listing, world: &World) {
        let mut files = self.files.borrow_mut();
        files.insert(format!("{base}proof.json"), bundle.to_text().into_bytes());
        files.insert(format!("{base}list/{}.json", list.statement.sha256), list.text.clone().into_bytes());
        for (path, bytes) in &world.files.0 {
            files.insert(format!("{base}{path}"), bytes.clone());
        }
    }
}

/// A state directory, and whatever a source needs beside it.
pub(crate) struct Bench {
    pub(crate) holder: tempfile::TempDir,
    pub(crate) mirrors: Mirrors,
    pub(crate) settings: SourceSettings,
}

pub(crate) const ONE: &str = "https://one.example/";
pub(crate) const TWO: &str = "https://two.example/";

impl Bench {
    pub(crate) fn new(trust: impl FnOnce(&Path) -> Trust) -> Self {
        let holder = starttls_testkit::world::directory().unwrap();
        let settings = SourceSettings::new(SourceName::parse("main").unwrap(), trust(holder.path()));
        Self { holder, mirrors: Mirrors::default(), settings }
    }

    /// Of a list with proofs at these mirrors.
    pub(crate) fn witnessed(world: &World, urls: &[&str]) -> Self {
        Self::new(|directory| {
            let root = directory.join("root.note");
            fs::write(&root, &world.roots[0]).unwrap();
            let urls = urls.iter().map(|url| HttpsUrl::parse(url).unwrap()).collect();
            Trust::Witnessed(Witnessed { root, place: Place::Urls(urls), relax_orders: RelaxOrders::Accept })
        })
    }

    /// Of a file that nobody signed.
    pub(crate) fn unsigned(list: &str) -> Self {
        Self::new(|directory| {
            let file = directory.join("list.json");
            fs::write(&file, list).unwrap();
            Trust::Unsigned(Unsigned { file })
        })
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.holder.path().join("state")
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.root().join("sources/main")
    }

    pub(crate) fn state(&self) -> StateDir {
        StateDir::make(&self.root()).unwrap()
    }

    pub(crate) fn try_refresh(&self, keeping: Keeping, now: &str) -> Result<Refreshed, StateError> {
        let lock = StateDir::make(&self.root())?.lock()?;
        let git = Git::system();
        let order = |count: usize| (0..count).collect();
        let outside = Outside { fetch: &self.mirrors, git: &git, order: &order };
        refresh(&self.settings, &lock, outside, keeping, world::time(now))
    }

    pub(crate) fn refresh(&self, now: &str) -> Refreshed {
        self.try_refresh(Keeping::Keep, now).unwrap()
    }

    /// The serial in force, from disk.
    pub(crate) fn in_force(&self, now: &str) -> Option<u64> {
        let loaded = crate::load(&self.settings, &self.state(), world::time(now)).unwrap();
        loaded.list().map(|loaded| loaded.list.head.serial)
    }

    pub(crate) fn status(&self, now: &str) -> crate::SourceStatus {
        crate::status(&self.settings, &self.state(), world::time(now)).unwrap()
    }

    /// Names of what lies in the source's directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.source())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A world that has published `serial`, with its bundle.
pub(crate) fn published(world: &mut World, serial: u64, cosigned: &str) -> (Listing, Bundle) {
    let list = Listing::ordinary(serial);
    let bundle = world.publish(&list, &RelaxSet::default(), cosigned);
    (list, bundle)
}

/// A day of November 2026.
pub(crate) fn day(day: u32) -> String {
    format!("2026-11-{day:02}T06:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    world::time(text)
}
