use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::*;
use crate::operations::HealthState;

/// A service manager that writes down what it is told.
struct Manager {
    socket: UnixDatagram,
    _directory: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Manager {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, _directory: directory, path }
    }

    fn notifier(&self, watchdog: Option<Duration>) -> Notifier {
        Notifier::to(self.path.as_os_str(), watchdog).unwrap()
    }

    /// All that was told since the last time.
    fn told(&self) -> Vec<String> {
        let mut buffer = [0; 1024];
        let next =
            || self.socket.recv(&mut buffer).ok().map(|read| String::from_utf8_lossy(&buffer[..read]).into());
        std::iter::from_fn(next).collect()
    }
}

mod messages {
    use super::*;

    #[test]
    fn are_those_of_sd_notify() {
        let manager = Manager::start();
        let notifier = manager.notifier(None);
        notifier.ready("3 lists");
        notifier.status("two\nREADY=0");
        notifier.stopping();
        assert_eq!(
            manager.told(),
            ["READY=1\nSTATUS=3 lists\n", "STATUS=two READY=0\n", "STOPPING=1\nSTATUS=stopping\n"]
        );
    }

    #[test]
    fn reloading_carries_the_time() {
        let manager = Manager::start();
        manager.notifier(None).reloading();
        let told = manager.told().concat();
        let time = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().lines().next().unwrap();
        assert!(time.parse::<u64>().unwrap() > 0, "{told}");
    }

    #[test]
    fn abstract_sockets_are_reached() {
        let name = format!("starttls-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::to(OsStr::new(&format!("@{name}")), None).unwrap().status("here");
        let mut buffer = [0; 64];
        let read = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..read], b"STATUS=here\n");
    }

    #[test]
    fn nobody_there_is_told_nothing() {
        Notifier::default().ready("alone");
        assert!(Notifier::to(Path::new("/nonexistent/notify").as_os_str(), None).is_err());
    }

    #[test]
    fn manager_that_went_away_does_not_stop_us() {
        let manager = Manager::start();
        let notifier = manager.notifier(None);
        drop(manager);
        notifier.ready("still here");
    }
}

mod watchdog {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(20);
    const WELL: u8 = 0;
    const WRONG: u8 = 1;
    const STUCK: u8 = 2;

    /// Lets everything that is due happen, on a clock that only we move.
    async fn pass(time: Duration) {
        tokio::time::advance(time).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn hears_of_us_at_half_its_interval_while_look_ups_are_answered() {
        let manager = Manager::start();
        let (health, answers) = (Arc::new(Health::default()), Arc::new(AtomicU8::new(WELL)));
        let notifier = manager.notifier(Some(INTERVAL));
        let watching = {
            let (health, answers) = (Arc::clone(&health), Arc::clone(&answers));
            tokio::spawn(async move {
                watch(&notifier, &health, || async {
                    match answers.load(Ordering::Relaxed) {
                        WELL => Ok(()),
                        WRONG => Err("temporary error".to_owned()),
                        _ => std::future::pending().await,
                    }
                })
                .await;
            })
        };
        pass(Duration::ZERO).await;
        assert_eq!(manager.told(), ["WATCHDOG=1\n"]);
        pass(INTERVAL / 2).await;
        assert_eq!(manager.told(), ["WATCHDOG=1\n"]);
        assert_eq!(health.state(), HealthState::Serving);

        answers.store(WRONG, Ordering::Relaxed);
        pass(INTERVAL / 2).await;
        assert!(manager.told().is_empty());
        assert_eq!(health.state(), HealthState::Failing("temporary error".into()));

        answers.store(STUCK, Ordering::Relaxed);
        pass(INTERVAL / 2).await;
        pass(INTERVAL / 4).await;
        assert!(manager.told().is_empty());
        assert_eq!(
            health.state(),
            HealthState::Failing("no answer to our own look-up within 5000 ms".into())
        );

        answers.store(WELL, Ordering::Relaxed);
        pass(INTERVAL / 2).await;
        assert_eq!(manager.told(), ["WATCHDOG=1\n"]);
        assert_eq!(health.state(), HealthState::Serving);
        watching.abort();
    }
}
