//! Claims about a witness at work, on a real directory.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use starttls_trust::bundle::Node;
use starttls_trust::log::witness::{Outcome, Request, read_reply};
use starttls_trust::log::{Appender, Checkpoint, ReadTiles, leaf_hash};
use starttls_trust::{Algorithm, SignedNote, SigningKey};
use tempfile::TempDir;

use super::*;
use crate::key_file::{Purpose, make};

struct Nothing;

impl ReadTiles for Nothing {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("there is nothing".into())
    }
}

/// A directory with everything of a witness, and the log that it watches.
struct Place {
    directory: TempDir,
    log: SigningKey,
}

impl Place {
    fn new() -> Self {
        let directory = starttls_testkit::world::directory().unwrap();
        let log = SigningKey::from_seed("log.example", Algorithm::Ed25519, &[1; 32]).unwrap();
        make(&directory.path().join("key"), "w.example", Purpose::Witness).unwrap();
        fs::write(directory.path().join("logs"), format!("log {}\n", log.public())).unwrap();
        fs::create_dir(directory.path().join("state")).unwrap();
        Self { directory, log }
    }

    fn config(&self) -> Config {
        let at = |name| self.directory.path().join(name);
        Config { key: at("key"), logs: at("logs"), state: at("state") }
    }

    fn open(&self) -> Service {
        Service::open(&self.config()).unwrap()
    }

    fn file(&self) -> PathBuf {
        let name = format!("{}.checkpoint", origin_hash("log.example"));
        self.directory.path().join("state").join(name)
    }

    fn note(&self, head: TreeHead) -> SignedNote {
        let checkpoint = Checkpoint { origin: "log.example".into(), size: head.size, hash: head.hash };
        SignedNote::unsigned(&checkpoint.to_text()).unwrap().signed_by(&self.log)
    }

    fn request(&self, old_size: u64, proof: Vec<Node>, head: TreeHead) -> Vec<u8> {
        Request { old_size, proof, checkpoint: self.note(head) }.to_bytes()
    }
}

fn tree(leaves: &[&[u8]]) -> TreeHead {
    let mut appender = Appender::open(TreeHead::EMPTY, &Nothing).unwrap();
    for leaf in leaves {
        appender.push(leaf).unwrap();
    }
    appender.finish().head
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).unwrap()
}

fn post(service: &Service, body: &[u8]) -> u16 {
    service.respond("POST", "/add-checkpoint", body, now()).0.status
}

/// From one leaf to two.
fn grow(place: &Place) -> Vec<u8> {
    place.request(1, vec![leaf_hash(b"b")], tree(&[b"a", b"b"]))
}

mod state {
    use super::*;

    #[test]
    fn outlives_the_witness() {
        let place = Place::new();
        assert_eq!(post(&place.open(), &place.request(0, Vec::new(), tree(&[b"a"]))), 200);
        assert_eq!(post(&place.open(), &grow(&place)), 200);
        let service = place.open();
        assert_eq!(post(&service, &grow(&place)), 409);
        let fork = place.request(2, Vec::new(), tree(&[b"a", b"c"]));
        let (reply, alarm) = service.respond("POST", "/add-checkpoint", &fork, now());
        assert_eq!(reply.status, 422);
        assert!(matches!(alarm, Some(Alarm::Inconsistent { origin }) if origin == "log.example"));
    }

    #[test]
    fn is_on_disk_before_the_cosignature_leaves() {
        let place = Place::new();
        let service = place.open();
        let head = tree(&[b"a"]);
        let reply = service.respond("POST", "/add-checkpoint", &place.request(0, Vec::new(), head), now()).0;
        let outcome = read_reply(&reply, &place.note(head), service.key(), now()).unwrap();
        let Outcome::Cosigned(alone, _) = outcome else { panic!("no cosignature") };
        let kept = SignedNote::parse(&fs::read(place.file()).unwrap()).unwrap();
        assert_eq!(kept, place.note(head).joined_with(&alone).unwrap());
    }

    #[test]
    fn that_cannot_be_written_lets_no_cosignature_out() {
        let place = Place::new();
        let service = place.open();
        // A directory of that name cannot be replaced by a file, not even by root.
        fs::create_dir_all(place.file().with_extension("checkpoint.starttls-new").join("full")).unwrap();
        let (reply, fault) =
            service.respond("POST", "/add-checkpoint", &place.request(0, Vec::new(), tree(&[b"a"])), now());
        assert_eq!(reply.status, 500);
        assert!(matches!(fault, Some(Alarm::State(StateError::Write(_)))));
        assert!(!String::from_utf8_lossy(&reply.body).contains("— w.example"));
    }

    #[test]
    fn that_is_damaged_is_never_taken_for_none() {
        let place = Place::new();
        let service = place.open();
        let request = place.request(0, Vec::new(), tree(&[b"a"]));
        assert_eq!(post(&service, &request), 200);
        let good = fs::read_to_string(place.file()).unwrap();
        let other = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[9; 32]).unwrap();
        let by_another = place.note(tree(&[b"a"])).cosigned_by(&other, now()).to_string();
        for bad in ["", "x", &good[..good.len() / 2], &by_another, &good.replace("\n1\n", "\n0\n")] {
            fs::write(place.file(), bad).unwrap();
            assert_eq!(post(&service, &request), 500, "{bad}");
        }
        drop(service);
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::Kept(Alarm::OtherKey { .. })), "{error}");
        fs::write(place.file(), "").unwrap();
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::Kept(Alarm::State(StateError::Damaged { .. }))), "{error}");
    }

    #[test]
    fn is_used_by_one_witness_at_a_time() {
        let place = Place::new();
        let _first = place.open();
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::State(StateError::InUse { .. })), "{error}");
    }

    #[test]
    fn behind_a_symbolic_link_is_refused() {
        let place = Place::new();
        let real = place.directory.path().join("elsewhere");
        fs::rename(place.directory.path().join("state"), &real).unwrap();
        symlink(&real, place.directory.path().join("state")).unwrap();
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::State(StateError::Link { .. })), "{error}");
        fs::remove_file(place.directory.path().join("state")).unwrap();
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::State(StateError::NoDirectory { .. })), "{error}");
        fs::rename(&real, place.directory.path().join("state")).unwrap();
        let service = place.open();
        symlink("/dev/zero", place.file()).unwrap();
        let (reply, fault) =
            service.respond("POST", "/add-checkpoint", &place.request(0, Vec::new(), tree(&[b"a"])), now());
        assert_eq!(reply.status, 500);
        assert!(matches!(fault, Some(Alarm::State(StateError::Link { .. }))));
    }

    /// A run that died left its half-written file; the old state counts.
    #[test]
    fn half_written_is_the_old_one() {
        let place = Place::new();
        assert_eq!(post(&place.open(), &place.request(0, Vec::new(), tree(&[b"a"]))), 200);
        fs::write(place.file().with_extension("checkpoint.starttls-new"), "log.example\n2\n").unwrap();
        let service = place.open();
        assert_eq!(post(&service, &place.request(0, Vec::new(), tree(&[b"c"]))), 409);
        assert_eq!(post(&service, &grow(&place)), 200);
    }
}

mod requests {
    use super::*;

    /// Of many forks at once the witness cosigns one.
    #[test]
    fn in_parallel_never_get_two_trees_of_one_size() {
        let place = Place::new();
        let service = place.open();
        let cosigned = std::thread::scope(|scope| {
            let ask = |number: u8| {
                let body = place.request(0, Vec::new(), tree(&[&[number]]));
                let service = &service;
                scope.spawn(move || post(service, &body))
            };
            let threads: Vec<_> = (0..8).map(ask).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|status| *status == 200).count()
        });
        assert_eq!(cosigned, 1);
    }

    #[test]
    fn of_monitors_get_the_checkpoint_with_both_signatures() {
        let place = Place::new();
        let service = place.open();
        let path = format!("/{}/checkpoint", origin_hash("log.example"));
        let get = |path: &str| service.respond("GET", path, b"", now()).0;
        assert_eq!(get(&path).status, 404);
        assert_eq!(post(&service, &place.request(0, Vec::new(), tree(&[b"a"]))), 200);
        let note = SignedNote::parse(&get(&path).body).unwrap();
        assert_eq!(note.signers(&[place.log.public()]).unwrap().len(), 1);
        assert_eq!(note.cosigners(&[service.key()]).unwrap().len(), 1);
        for other in ["/checkpoint", "//checkpoint", "/../checkpoint", &path.to_uppercase(), "/logs"] {
            assert_eq!(get(other).status, 404, "{other}");
        }
    }

    #[test]
    fn of_other_kinds_are_refused() {
        let place = Place::new();
        let service = place.open();
        let status = |method, path| service.respond(method, path, b"", now()).0.status;
        assert_eq!(status("GET", "/add-checkpoint"), 405);
        assert_eq!(status("POST", "/add-checkpoint"), 400);
        assert_eq!(status("POST", "/"), 404);
        assert_eq!(status("DELETE", "/x/checkpoint"), 404);
    }
}

mod configuration {
    use super::*;

    #[test]
    fn with_an_open_key_or_one_of_another_kind_is_refused() {
        let place = Place::new();
        fs::set_permissions(place.config().key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Service::open(&place.config()).unwrap_err();
        assert!(matches!(error, ConfigError::KeyFile(KeyFileError::Open { .. })), "{error}");
        let other = place.directory.path().join("other");
        make(&other, "w.example", Purpose::Log).unwrap();
        let error = Service::open(&Config { key: other, ..place.config() }).unwrap_err();
        assert!(matches!(error, ConfigError::Key { .. }), "{error}");
    }

    #[test]
    fn that_names_no_logs_rightly_is_refused_with_the_line() {
        let place = Place::new();
        fs::write(place.config().logs, "# mine\nlog log.example\n").unwrap();
        let ConfigError::Logs { source, .. } = Service::open(&place.config()).unwrap_err() else { panic!() };
        assert!(source.to_string().starts_with("line 2: "), "{source}");
    }
}
