//! Where the system gives few files, connections are closed for new ones, and nothing spins or is refused.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use starttls_daemon::socketmap::Limits;

use crate::stage::{Client, PATIENCE, Stage};

/// Set in the process that serves: how many files it takes away beforehand.
const TAKEN: &str = "STARTTLS_TEST_FILES_TAKEN";

/// The process that serves, for the tests below; does nothing when it is run with the others.
#[test]
fn serves_in_a_process_of_its_own() {
    let Ok(taken) = std::env::var(TAKEN) else { return };
    let stage = Stage::with(Limits::default());
    let _taken: Vec<_> = (0..taken.parse().unwrap()).map(|_| File::open("/dev/null").unwrap()).collect();
    let mut out = std::io::stdout();
    writeln!(out, "\nlistening {}", stage.address).unwrap();
    out.flush().unwrap();
    // Until the test is over.
    let _ = std::io::stdin().read(&mut [0]);
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(files: u32, taken: u32) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "files::serves_in_a_process_of_its_own", "--nocapture"])
            .env(TAKEN, taken.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address =
            lines.map(Result::unwrap).find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
        Self { child, address: address.unwrap() }
    }

    fn client(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn thousand_clients_are_served_with_few_files() {
    let server = Server::start(128, 0);
    let clients: Vec<_> = (0..1000)
        .map(|_| {
            let mut client = server.client();
            assert_eq!(client.ask("QUERY known.example"), "OK Plain");
            client
        })
        .collect();
    assert_eq!(server.client().ask("QUERY known.example"), "OK Plain");
    drop(clients);
}

#[test]
fn files_that_the_rest_of_the_program_took_are_made_up_for() {
    // Half of 128 would be left to it: with 100 gone, the system refuses long before the limit of connections.
    let server = Server::start(128, 100);
    let clients: Vec<_> = (0..300)
        .map(|_| {
            let mut client = server.client();
            assert_eq!(client.ask("QUERY known.example"), "OK Plain");
            client
        })
        .collect();
    drop(clients);
}
