//! What accepting a list costs beside reading it: `cargo bench -p starttls-sources --bench accept [-- DOMAINS]`.
//!
//! Prints medians of five interleaved rounds: reading the list alone, and a whole acceptance from a directory (proof, hash,
//! reading, a flushed copy in the state directory, the switch).
#![expect(clippy::unwrap_used, reason = "a measurement, with the tests' small world")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use starttls_policy::Timestamp;
use starttls_sources::fetch::{Answer, Fetch, FetchError, Version};
use starttls_sources::settings::{
    HttpsUrl, Place, RelaxOrders, SourceName, SourceSettings, Trust, Witnessed,
};
use starttls_sources::{Git, Keeping, Outcome, Outside, StateDir, refresh};
use starttls_trust::Digest;
use starttls_trust::document::RelaxSet;

#[path = "../../policy/examples/make_list/generate.rs"]
mod generate;
#[path = "../../trust/tests/world/mod.rs"]
mod world;

use world::{Listing, World};

const ROUNDS: usize = 5;
const COSIGNED: &str = "2026-11-22T00:00:00Z";

/// Nothing is fetched over the network here.
struct Nobody;

impl Fetch for Nobody {
    fn get(&self, url: &HttpsUrl, _: &Version, _: u64) -> Result<Answer, FetchError> {
        Err(FetchError::Missing { url: url.to_string() })
    }

    fn download(&self, url: &HttpsUrl, _: &Path, _: u64, _: &Digest) -> Result<(), FetchError> {
        Err(FetchError::Missing { url: url.to_string() })
    }
}

fn main() {
    let domains = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let mut text = Vec::new();
    generate::list(domains, 1, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let holder = tempfile::tempdir().unwrap();
    let settings = publish(&text, holder.path());
    let (mut reading, mut accepting) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        reading.push(timed(|| drop(starttls_policy::read::list(text.as_bytes()).unwrap())));
        let state = holder.path().join(format!("state-{round}"));
        accepting.push(timed(|| accept(&settings, &state)));
        fs::remove_dir_all(state).unwrap();
    }
    let (read, accepted) = (median(&mut reading), median(&mut accepting));
    println!("{domains} domains, {} MB, medians of {ROUNDS}", text.len() / 1_000_000);
    println!("read    {read:>8.3?}  ({:.3?} to {:.3?})", reading[0], reading[ROUNDS - 1]);
    println!("accept  {accepted:>8.3?}  ({:.3?} to {:.3?})", accepting[0], accepting[ROUNDS - 1]);
    println!("ratio   {:.2}", accepted.as_secs_f64() / read.as_secs_f64());
}

/// Lays a signed and witnessed list out in a directory, as a mirror would.
fn publish(text: &str, holder: &Path) -> SourceSettings {
    let mut world = World::new();
    let list = Listing::new(text.to_owned(), &["alpha", "beta"]);
    let bundle = world.publish(&list, &RelaxSet::default(), COSIGNED);
    let directory = holder.join("published");
    fs::create_dir_all(directory.join("list")).unwrap();
    fs::write(directory.join("proof.json"), bundle.to_text()).unwrap();
    fs::write(directory.join(format!("list/{}.json", list.statement.sha256)), text).unwrap();
    for (path, bytes) in &world.files.0 {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let root = holder.join("root.note");
    fs::write(&root, world.anchor().note()).unwrap();
    let place = Place::Directory(directory);
    let trust = Trust::Witnessed(Witnessed { root, place, relax_orders: RelaxOrders::Accept });
    SourceSettings::new(SourceName::parse("bench").unwrap(), trust)
}

fn accept(settings: &SourceSettings, state: &Path) {
    let lock = StateDir::make(state).unwrap().lock().unwrap();
    let git = Git::system();
    let outside = Outside { fetch: &Nobody, git: &git, order: &|count| (0..count).collect() };
    let now = Timestamp::parse(COSIGNED).unwrap();
    let refreshed = refresh(settings, &lock, outside, Keeping::Keep, now).unwrap();
    assert_eq!(refreshed.outcome, Outcome::Accepted);
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
