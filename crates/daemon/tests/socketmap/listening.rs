//! Unix sockets: their mode, their file, and what stands in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

use starttls_daemon::socketmap::{BindError, DEFAULT_UNIX_MODE, Limits, Listen, Listener};

use crate::stage::{Client, PATIENCE, Stage};

fn stage_at(listeners: Vec<Listener>) -> Stage {
    Stage::at("127.0.0.1:1".parse().unwrap(), listeners, Limits::default())
}

fn ask(path: &std::path::Path) -> String {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Client(stream).ask("QUERY known.example")
}

#[test]
fn unix_socket_serves_has_its_mode_and_goes_with_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    for mode in [DEFAULT_UNIX_MODE, 0o600, 0o666] {
        let stage = stage_at(vec![Listener::bind(&Listen::Unix(path.clone()), mode).unwrap()]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(ask(&path), "OK Plain");
        drop(stage);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left");
    }
}

#[test]
fn tcp_and_unix_are_served_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    let unix = Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap();
    let tcp = Listener::bind(&"[::1]:0".parse().unwrap(), DEFAULT_UNIX_MODE)
        .or_else(|_| Listener::bind(&"127.0.0.1:0".parse().unwrap(), DEFAULT_UNIX_MODE))
        .unwrap();
    let Listen::Tcp(address) = *tcp.listen() else { panic!("not TCP") };
    let stage = Stage::at(address, vec![unix, tcp], Limits::default());
    stage.assert_serves();
    assert_eq!(ask(&path), "OK Plain");
}

#[test]
fn file_of_a_server_that_is_gone_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _stage = stage_at(vec![Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap()]);
    assert_eq!(ask(&path), "OK Plain");
}

#[test]
fn place_of_a_server_that_lives_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    let _stage = stage_at(vec![Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap()]);
    let error = Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error}");
    assert_eq!(ask(&path), "OK Plain");
}

#[test]
fn port_of_a_server_that_lives_is_not_taken() {
    let stage = Stage::new();
    let error = Listener::bind(&Listen::Tcp(stage.address), DEFAULT_UNIX_MODE).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error}");
}

#[test]
fn file_that_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    fs::write(&path, "precious").unwrap();
    let error = Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap_err();
    assert!(matches!(error, BindError::NoSocket { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn file_that_another_put_in_our_place_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    let listener = Listener::bind(&Listen::Unix(path.clone()), DEFAULT_UNIX_MODE).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another's").unwrap();
    drop(listener);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
}

#[test]
fn directory_that_is_not_there_is_an_error_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/socketmap");
    let error = Listener::bind(&Listen::Unix(path), DEFAULT_UNIX_MODE).unwrap_err();
    assert!(error.to_string().contains("missing/socketmap"), "{error}");
}
