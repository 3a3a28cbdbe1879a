//! The control socket that is removed while the daemon runs.

use starttls_daemon::operations::control::{ControlError, Request, ask};
use tokio::task::spawn_blocking;

use super::*;

/// A daemon that refuses everything.
struct Refusing;

fn refused<T>() -> Result<T, Refused> {
    Err(Refused { words: "refused".into() })
}

impl Controlled for Refusing {
    async fn reload(&self) -> Result<String, Refused> {
        refused()
    }

    async fn purge(&self, _what: Purge) -> Result<Purged, Refused> {
        refused()
    }

    async fn show(&self, _after: Option<Domain>, _limit: u32) -> Result<Vec<Shown>, Refused> {
        refused()
    }

    async fn show_one(&self, _domain: Domain) -> Result<ShownOne, Refused> {
        refused()
    }

    async fn refresh(&self, _domain: Domain) -> Result<String, Refused> {
        refused()
    }

    async fn status(&self) -> StatusDocument {
        unreachable!("nobody asks for it")
    }
}

/// Waits until the daemon answers.
async fn answers(path: &Path) {
    let answered = async {
        loop {
            let place = path.to_owned();
            match spawn_blocking(move || ask(&place, &Request::Reload {})).await.unwrap() {
                Err(ControlError::Refused { .. }) => return,
                Err(ControlError::NotRunning { .. }) => sleep(Duration::from_millis(20)).await,
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), answered).await.unwrap();
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waited).await.unwrap();
}

#[tokio::test]
async fn fault_a_control_socket_that_is_removed_is_made_again() {
    let home = starttls_testkit::world::directory().unwrap();
    let directory = home.path().join("state");
    std::fs::create_dir(&directory).unwrap();
    let settings = Settings::parse(&format!("state-dir = \"{}\"", directory.display()), home.path()).unwrap();
    let door = Door::new(&settings);
    let path = settings.control_socket();
    door.clone().serve(Arc::new(Refusing));
    answers(&path).await;

    std::fs::remove_file(&path).unwrap();
    answers(&path).await;

    // Where it cannot be made, that is a trouble, until it can be.
    std::fs::remove_dir_all(&directory).unwrap();
    until(|| door.trouble().is_some()).await;
    std::fs::create_dir(&directory).unwrap();
    until(|| door.trouble().is_none()).await;
    answers(&path).await;
}

#[tokio::test]
async fn fault_whatever_stands_at_the_control_socket_is_a_trouble_until_it_is_gone() {
    type Make = fn(&Path);
    type Remove = fn(&Path) -> std::io::Result<()>;
    let obstacles: [(Make, Remove); 5] = [
        (|path| std::fs::write(path, "text").unwrap(), |path| std::fs::remove_file(path)),
        (|path| std::os::unix::fs::symlink("nowhere", path).unwrap(), |path| std::fs::remove_file(path)),
        (|path| std::fs::create_dir(path).unwrap(), |path| std::fs::remove_dir(path)),
        (
            |path| {
                let parent = path.parent().unwrap();
                std::fs::remove_dir_all(parent).unwrap();
                std::fs::write(parent, "text").unwrap();
            },
            |path| {
                let parent = path.parent().unwrap();
                std::fs::remove_file(parent)?;
                std::fs::create_dir(parent)
            },
        ),
        // Another program that listens there.
        (
            |path| std::mem::forget(std::os::unix::net::UnixListener::bind(path).unwrap()),
            |path| std::fs::remove_file(path),
        ),
    ];
    for (make, remove) in obstacles {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("state");
        std::fs::create_dir(&directory).unwrap();
        let settings =
            Settings::parse(&format!("state-dir = \"{}\"", directory.display()), home.path()).unwrap();
        let path = settings.control_socket();
        make(&path);
        let door = Door::new(&settings);
        door.clone().serve(Arc::new(Refusing));
        let trouble = door.trouble().unwrap();
        assert!(trouble.contains("control.sock"), "{trouble}");
        remove(&path).unwrap();
        answers(&path).await;
        until(|| door.trouble().is_none()).await;
    }
}
