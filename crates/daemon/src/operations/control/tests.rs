use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use starttls_policy::Domain;
use tempfile::TempDir;

use super::*;
use crate::learned::Reach;
use crate::operations::{Health, Journal, Metrics, Snapshot, View};

/// Writes down what it is asked to do.
#[derive(Default)]
struct Daemon {
    done: Mutex<Vec<String>>,
    /// How large each domain's entry is that is shown.
    shown_bytes: usize,
}

impl Daemon {
    fn did(&self, what: impl Into<String>) {
        self.done.lock().unwrap().push(what.into());
    }
}

impl Controlled for Daemon {
    async fn reload(&self) -> Result<String, Refused> {
        self.did("reload");
        Ok("2 lists".into())
    }

    async fn purge(&self, what: Purge) -> Result<Purged, Refused> {
        self.did(format!("purge {what:?}"));
        Ok(Purged { rows: 3, shared: Some(PurgedShared::Removed(2)) })
    }

    async fn show(&self, after: Option<Domain>, limit: u32) -> Result<Vec<Shown>, Refused> {
        self.did(format!("show {} {limit}", after.map(|after| after.to_string()).unwrap_or_default()));
        let domain = "x".repeat(self.shown_bytes);
        let shown = Shown { domain, policy: None, release: None, dane_until: None, in_memory: false };
        Ok(vec![shown; usize::try_from(limit).unwrap()])
    }

    async fn show_one(&self, domain: Domain) -> Result<ShownOne, Refused> {
        self.did(format!("show one {domain}"));
        Ok(ShownOne { shown: None, reach: Reach::Partial, validation: "proven".into() })
    }

    async fn refresh(&self, domain: Domain) -> Result<String, Refused> {
        Err(Refused { words: format!("`{domain}` is being found out already") })
    }

    async fn status(&self) -> StatusDocument {
        View {
            metrics: Arc::new(Metrics::default()),
            journal: Arc::new(Journal::default()),
            health: Arc::new(Health::default()),
            snapshot: Arc::new(Snapshot::default),
            now: Arc::new(|| starttls_policy::Timestamp::from_seconds(0).unwrap()),
            sandbox: "none".into(),
        }
        .document()
    }
}

/// A daemon that serves its control socket until it is dropped.
struct Served {
    runtime: Option<tokio::runtime::Runtime>,
    daemon: Arc<Daemon>,
    directory: TempDir,
}

impl Served {
    fn start(daemon: Daemon) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let daemon = Arc::new(daemon);
        let mut server = {
            let _entered = runtime.enter();
            ControlServer::bind(&path_in(&directory)).unwrap()
        };
        // Idle clients are tested too.
        server.io_deadline = Duration::from_millis(500);
        runtime.spawn(server.serve(Arc::clone(&daemon)));
        Self { runtime: Some(runtime), daemon, directory }
    }

    fn path(&self) -> PathBuf {
        path_in(&self.directory)
    }

    fn ask(&self, request: &Request) -> Result<Response, ControlError> {
        ask(&self.path(), request)
    }

    /// Sends bytes, and gives back what comes.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The other side may have heard enough before all is sent.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn done(&self) -> Vec<String> {
        self.daemon.done.lock().unwrap().clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn path_in(directory: &TempDir) -> PathBuf {
    directory.path().join("control")
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

mod requests {
    use super::*;

    #[test]
    fn are_obeyed() {
        let served = Served::start(Daemon::default());
        assert_eq!(served.ask(&Request::Reload {}).unwrap(), Response::Done { words: "2 lists".into() });
        for what in [Purge::Domain(domain("example.org")), Purge::Ended, Purge::All] {
            let shared_store = Some(PurgedShared::Removed(2));
            let purged = Response::Purged { domains: 3, shared_store };
            assert_eq!(served.ask(&Request::Purge { what }).unwrap(), purged);
        }
        let Response::Shown { domains, more } =
            served.ask(&Request::Show { after: Some(domain("a.example")), limit: 2 }).unwrap()
        else {
            panic!("not shown")
        };
        assert_eq!((domains.len(), more), (2, true));
        let Response::Status { status } = served.ask(&Request::Status {}).unwrap() else {
            panic!("no status")
        };
        let one = served.ask(&Request::ShowOne { domain: domain("example.org") }).unwrap();
        let nothing = ShownOne { shown: None, reach: Reach::Partial, validation: "proven".into() };
        assert_eq!(one, Response::ShownOne(Box::new(nothing)));
        assert_eq!(status["version"], 1);
        assert_eq!(
            served.done(),
            [
                "reload",
                "purge Domain(Domain(Name(\"example.org\")))",
                "purge Ended",
                "purge All",
                "show a.example 2",
                "show one example.org"
            ]
        );
    }

    #[test]
    fn refusal_is_told_with_its_words() {
        let error = Served::start(Daemon::default()).ask(&Request::Refresh { domain: domain("example.org") });
        assert_eq!(error.unwrap_err().to_string(), "`example.org` is being found out already");
    }

    #[test]
    fn nobody_is_shown_more_than_the_limit() {
        let served = Served::start(Daemon::default());
        served.ask(&Request::Show { after: None, limit: u32::MAX }).unwrap();
        assert_eq!(served.done(), ["show  1000"]);
    }

    #[test]
    fn answer_that_is_too_long_is_shortened() {
        let served = Served::start(Daemon { shown_bytes: 5_000, ..Daemon::default() });
        let Response::Shown { domains, more } =
            served.ask(&Request::Show { after: None, limit: 1000 }).unwrap()
        else {
            panic!("not shown")
        };
        assert_eq!((domains.len(), more), (500, true));
    }

    #[test]
    fn form_on_the_wire_is_stable() {
        for (request, wire) in [
            (Request::Reload {}, r#"{"do":"reload"}"#),
            (Request::Purge { what: Purge::Ended }, r#"{"do":"purge","what":"ended"}"#),
            (
                Request::Purge { what: Purge::Domain(domain("example.org")) },
                r#"{"do":"purge","what":{"domain":"example.org"}}"#,
            ),
            (Request::Show { after: None, limit: 5 }, r#"{"do":"show","limit":5}"#),
            (
                Request::Show { after: Some(domain("a.example")), limit: 5 },
                r#"{"do":"show","after":"a.example","limit":5}"#,
            ),
            (Request::Refresh { domain: domain("a.example") }, r#"{"do":"refresh","domain":"a.example"}"#),
            (Request::ShowOne { domain: domain("a.example") }, r#"{"do":"show-one","domain":"a.example"}"#),
            (Request::Status {}, r#"{"do":"status"}"#),
        ] {
            assert_eq!(serde_json::to_string(&request).unwrap(), wire);
            assert_eq!(serde_json::from_str::<Request>(wire).unwrap(), request);
        }
    }
}

mod hostile_requests {
    use super::*;

    #[test]
    fn are_refused_and_do_nothing() {
        let served = Served::start(Daemon::default());
        for bytes in [
            &b""[..],
            b"\n",
            b"{}\n",
            b"reload\n",
            b"PURGE\n",
            b"{\"do\":\"purge\"}\n",
            b"{\"do\":\"purge\",\"what\":{\"domain\":\"a b\"}}\n",
            b"{\"do\":\"purge\",\"what\":\"all\",\"too\":1}\n",
            b"{\"do\":\"reload\",\"too\":1}\n",
            b"{\"do\":\"show\",\"limit\":-1}\n",
            b"{\"do\":\"show-one\"}\n",
            b"{\"do\":\"show-one\",\"domain\":\"\"}\n",
            b"{\"do\":\"reload\"}",
            b"\xff\xfe\n",
            &vec![b'a'; 100_000],
        ] {
            let answer = served.send(bytes);
            let short = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            // Whoever sends more than we read may see the connection break before the answer.
            assert!(
                answer.is_empty() && bytes.len() > 4096 || answer.contains(r#""answer":"refused""#),
                "{short}: {answer}"
            );
        }
        assert_eq!(served.done(), [""; 0]);
    }

    #[test]
    fn idle_clients_do_not_keep_others_waiting_for_ever() {
        let served = Served::start(Daemon::default());
        let idle: Vec<_> = (0..12).map(|_| UnixStream::connect(served.path()).unwrap()).collect();
        assert!(served.ask(&Request::Reload {}).is_ok());
        drop(idle);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<Request>(&bytes);
        }
    }
}

mod socket {
    use super::*;

    fn bind(path: &Path) -> Result<ControlServer, BindError> {
        ControlServer::bind(path)
    }

    #[tokio::test]
    async fn is_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let _server = bind(&path_in(&directory)).unwrap();
        let found = std::fs::metadata(path_in(&directory)).unwrap();
        assert_eq!(found.permissions().mode() & 0o7777, 0o600);
        assert_eq!(found.uid(), rustix::process::geteuid().as_raw());
    }

    #[tokio::test]
    async fn goes_with_the_daemon() {
        let directory = tempfile::tempdir().unwrap();
        drop(bind(&path_in(&directory)).unwrap());
        assert!(!path_in(&directory).exists());
    }

    #[tokio::test]
    async fn left_behind_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(path_in(&directory)).unwrap());
        assert!(path_in(&directory).exists());
        bind(&path_in(&directory)).unwrap();
    }

    #[tokio::test]
    async fn of_another_daemon_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let _other = bind(&path_in(&directory)).unwrap();
        assert!(matches!(bind(&path_in(&directory)), Err(BindError::Taken { .. })));
        assert!(path_in(&directory).exists());
    }

    #[tokio::test]
    async fn never_replaces_a_file_or_a_link() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(path_in(&directory), "precious").unwrap();
        assert!(matches!(bind(&path_in(&directory)), Err(BindError::NoSocket { .. })));
        assert_eq!(std::fs::read(path_in(&directory)).unwrap(), b"precious");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("control", &link).unwrap();
        assert!(matches!(bind(&link), Err(BindError::NoSocket { .. })));
    }

    #[tokio::test]
    async fn that_somebody_exchanged_is_not_removed() {
        let directory = tempfile::tempdir().unwrap();
        let server = bind(&path_in(&directory)).unwrap();
        std::fs::remove_file(path_in(&directory)).unwrap();
        std::fs::write(path_in(&directory), "precious").unwrap();
        drop(server);
        assert!(path_in(&directory).exists());
    }
}

mod other_users {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    /// Says to the test's own process where to ask, as another user.
    const PLACE: &str = "STARTTLS_TEST_CONTROL";
    /// Whom no machine gives anything.
    const NOBODY: u32 = 65534;

    #[test]
    #[ignore = "the other end of the test below, which runs it as another user"]
    fn asks() {
        let Some(path) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
        match ask(&path, &Request::Purge { what: Purge::All }) {
            Ok(response) => println!("\nanswer: {response:?}"),
            Err(error) => println!("\nanswer: {error}"),
        }
    }

    /// What another user is told.
    fn answer_to_nobody(served: &Served) -> String {
        // The program lies where another user may not reach it.
        let program = served.directory.path().join("test");
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        set_permissions(served.directory.path(), Permissions::from_mode(0o755)).unwrap();
        let asking = Command::new(program)
            .args(["--exact", "operations::control::tests::other_users::asks", "--ignored", "--nocapture"])
            .env(PLACE, served.path())
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&asking.stdout).into_owned();
        text.lines().find_map(|line| line.strip_prefix("answer: ")).map(str::to_owned).unwrap_or(text)
    }

    #[test]
    fn are_refused_by_mode_and_by_the_kernels_word() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: only root can be another user");
            return;
        }
        let served = Served::start(Daemon::default());
        let words = answer_to_nobody(&served);
        assert!(words.contains("may be used by root and the daemon's own user alone; run"), "{words}");
        set_permissions(served.path(), Permissions::from_mode(0o666)).unwrap();
        assert_eq!(
            answer_to_nobody(&served),
            "only root and the daemon's own user may ask; run the command as one of them"
        );
        assert_eq!(served.done(), [""; 0]);
    }
}
