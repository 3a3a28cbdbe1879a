//! One source with its state directory, fetched for over the real network of this machine.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};

use starttls_net::https::{Client, ClientSettings, Proxy};
use starttls_net::roots::Roots;
use starttls_policy::Timestamp;
use starttls_sources::fetch::Https;
use starttls_sources::settings::{SourceName, SourceSettings, Trust};
use starttls_sources::{Git, Keeping, Outside, Refreshed, SourceStatus, StateDir, load, refresh, status};

pub(crate) struct Bench {
    pub(crate) holder: tempfile::TempDir,
    pub(crate) settings: SourceSettings,
    https: Https,
}

impl Bench {
    /// `authority` is the file of the CA whose servers are believed.
    pub(crate) fn new(authority: Option<PathBuf>, trust: impl FnOnce(&Path) -> Trust) -> Self {
        let holder = starttls_testkit::world::directory().unwrap();
        let settings = SourceSettings::new(SourceName::parse("main").unwrap(), trust(holder.path()));
        let roots = authority.map_or_else(Roots::default, |path| Roots::Only(vec![path]));
        let client = ClientSettings { roots, proxy: Proxy::None, ..ClientSettings::default() };
        Self { holder, settings, https: Https::new(Client::new(&client).unwrap()) }
    }

    pub(crate) fn state(&self) -> StateDir {
        StateDir::make(&self.holder.path().join("state")).unwrap()
    }

    pub(crate) fn refresh(&self, now: &str) -> Refreshed {
        let lock = self.state().lock().unwrap();
        let git = Git::system();
        let order = |count: usize| (0..count).collect();
        let outside = Outside { fetch: &self.https, git: &git, order: &order };
        refresh(&self.settings, &lock, outside, Keeping::Keep, time(now)).unwrap()
    }

    pub(crate) fn in_force(&self, now: &str) -> Option<u64> {
        load(&self.settings, &self.state(), time(now)).unwrap().list().map(|loaded| loaded.list.head.serial)
    }

    pub(crate) fn status(&self, now: &str) -> SourceStatus {
        status(&self.settings, &self.state(), time(now)).unwrap()
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
