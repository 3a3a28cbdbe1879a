//! Sockets that systemd hands over.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use starttls_daemon::activation::{Activated, Activation};
use starttls_daemon::socketmap::{Limits, Listener};

use crate::stage::{Client, PATIENCE, Stage};

/// Set in the process that gets the sockets.
const INNER: &str = "STARTTLS_TEST_ACTIVATED";

/// The process that gets the sockets, for the test below; does nothing when it is run with the others.
#[test]
fn serves_in_a_process_of_its_own() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let mut activation = Activation::from_environment().unwrap();
    assert!(activation.take("status").is_empty());
    let listeners = activation
        .take("socketmap")
        .into_iter()
        .map(|socket| match socket {
            Activated::Tcp(socket) => Listener::tcp(socket).unwrap(),
            Activated::Unix(socket) => Listener::unix(socket).unwrap(),
            _ => panic!("another kind"),
        })
        .collect();
    assert_eq!(activation.left().collect::<Vec<_>>(), ["control"]);
    let _stage = Stage::at("127.0.0.1:1".parse().unwrap(), listeners, Limits::default());
    let mut out = std::io::stdout();
    writeln!(out, "\nserving").unwrap();
    out.flush().unwrap();
    // Until it is killed, and not for ever if the test that would do it was killed itself.
    std::thread::park_timeout(PATIENCE);
}

#[test]
fn sockets_handed_over_are_served_by_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socketmap");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    // The shell puts them where systemd would, and a third that is not for us.
    let mut child = Command::new("sh")
        .args(["-c", "exec 3<&0 4>&2 5<&0 </dev/null 2>/dev/null; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .stdin(Stdio::from(OwnedFd::from(tcp)))
        .stderr(Stdio::from(OwnedFd::from(unix)))
        .stdout(Stdio::piped())
        .args(["--exact", "activation::serves_in_a_process_of_its_own", "--nocapture"])
        .env("LISTEN_FDS", "3")
        .env("LISTEN_FDNAMES", "socketmap:socketmap-unix:control")
        .env_remove("LISTEN_PID")
        .env(INNER, "1")
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "serving"));
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(Client(stream).ask("QUERY known.example"), "OK Plain");
    let stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(Client(stream).ask("QUERYwithTLSRPT known.example"), "OK Tlsrpt");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.exists(), "the file is systemd's");
}
