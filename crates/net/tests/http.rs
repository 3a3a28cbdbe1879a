//! The HTTP shell against clients that behave, and clients that do not.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use starttls_net::http::{Request, Response, ServeError, Server, ServerSettings, StopHandle};

/// What tests wait for.
const SHORT: Duration = Duration::from_millis(300);

/// Long enough for any machine; no test waits for it.
const LONG: Duration = Duration::from_secs(20);

/// Every wait is long and every limit small.
fn settings() -> ServerSettings {
    ServerSettings {
        max_handlers: 4,
        max_connections: 64,
        max_body_bytes: 10,
        header_timeout: LONG,
        body_timeout: LONG,
        handler_timeout: LONG,
        write_timeout: LONG,
        grace: LONG,
    }
}

struct Running {
    address: SocketAddr,
    stop: StopHandle,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Running {
    fn start(
        settings: ServerSettings,
        handler: impl Fn(Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), settings).unwrap();
        let (address, stop) = (server.address(), server.stop_handle());
        Self { address, stop, thread: Some(std::thread::spawn(move || server.run(handler))) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Sends these bytes and reads to the end of the connection.
    fn ask(&self, bytes: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes.as_bytes()).unwrap();
        read_all(&mut stream)
    }

    fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after the answer is an end, too.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

fn echo(request: Request) -> Response {
    let query = request.query.unwrap_or_default();
    let body = String::from_utf8(request.body).unwrap();
    Response::text(200, format!("{} {} {query} {body}", request.method, request.path))
}

/// A handler that says when it begins and waits until it is let go.
fn held() -> (impl Fn(Request) -> Response + Send + Sync, Receiver<()>, Sender<()>) {
    let ((begun, has_begun), (let_go, may_go)) = (channel(), channel());
    let (begun, may_go) = (Mutex::new(begun), Mutex::new(may_go));
    let handler = move |_| {
        begun.lock().unwrap().send(()).unwrap();
        let _ = may_go.lock().unwrap().recv();
        Response::text(200, "done")
    };
    (handler, has_begun, let_go)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn handler_sees_method_path_query_and_body() {
    let server = Running::start(settings(), echo);
    let answer = server.ask("POST /add%20it?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: text/plain; charset=utf-8\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nPOST /add%20it a=b abc"), "{answer}");
}

#[test]
fn status_type_and_headers_are_the_handlers() {
    let server = Running::start(settings(), |_| {
        Response::new(409, "text/x.tlog.size", "17\n").with_header("Cache-Control", "no-store")
    });
    let answer = server.ask(GET);
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
    assert!(
        answer.contains("content-type: text/x.tlog.size\r\n")
            && answer.contains("cache-control: no-store\r\n")
    );
}

#[test]
fn head_gets_no_body() {
    let server = Running::start(settings(), echo);
    let answer = server.ask("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn body_of_the_limit_is_accepted_and_one_byte_more_is_413() {
    let server = Running::start(settings(), echo);
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let announced = |length: u64| format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    for (request, status) in [
        (format!("{}0123456789", announced(10)), 200),
        (announced(11), 413),
        (announced(1 << 60), 413),
        (format!("{chunked}a\r\n0123456789\r\n0\r\n\r\n"), 200),
        (format!("{chunked}b\r\n01234567890\r\n"), 413),
    ] {
        let answer = server.ask(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[test]
fn what_is_no_http_never_reaches_the_handler() {
    let server = Running::start(settings(), |_| panic!("not for me"));
    for bytes in [
        "\r\n\r\n\0\0\0\0\r\n\r\n".to_owned(),
        "EHLO mail.example.org\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65)),
        format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(40_000)),
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd".to_owned(),
    ] {
        let answer = server.ask(&bytes);
        let request = bytes.get(..60).unwrap_or(&bytes);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:?}: {answer}");
    }
}

#[test]
fn head_that_never_ends_is_cut_off() {
    let server =
        Running::start(ServerSettings { header_timeout: SHORT, ..settings() }, |_| panic!("not for me"));
    let answer = server.ask("GET / HTTP/1.1\r\nHost:");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn body_that_never_comes_is_408() {
    let server =
        Running::start(ServerSettings { body_timeout: SHORT, ..settings() }, |_| panic!("not for me"));
    let answer = server.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn handler_that_hangs_is_503_and_the_server_still_stops() {
    let (handler, _has_begun, _let_go) = held();
    let brief = ServerSettings { handler_timeout: SHORT, grace: SHORT, ..settings() };
    let mut server = Running::start(brief, handler);
    assert!(server.ask(GET).starts_with("HTTP/1.1 503 "));
    server.stop.stop();
    server.join();
}

#[test]
fn handler_that_panics_is_500_and_others_go_on() {
    let server = Running::start(settings(), |request| match request.path.as_str() {
        "/bad" => panic!("on purpose"),
        _ => Response::text(200, "fine"),
    });
    assert!(server.ask("GET /bad HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500 "));
    assert!(server.ask(GET).ends_with("fine"));
}

#[test]
fn connection_beyond_the_limit_waits_for_its_turn() {
    let (handler, has_begun, let_go) = held();
    let server = Running::start(ServerSettings { max_handlers: 1, ..settings() }, handler);
    let (mut first, mut second) = (server.connect(), server.connect());
    first.write_all(GET.as_bytes()).unwrap();
    has_begun.recv_timeout(LONG).unwrap();
    second.write_all(GET.as_bytes()).unwrap();
    assert!(has_begun.recv_timeout(SHORT).is_err(), "one at a time");
    let_go.send(()).unwrap();
    assert!(read_all(&mut first).ends_with("done"));
    has_begun.recv_timeout(LONG).unwrap();
    let_go.send(()).unwrap();
    assert!(read_all(&mut second).ends_with("done"));
}

#[test]
fn stopping_lets_the_request_in_hand_finish() {
    let (handler, has_begun, let_go) = held();
    let mut server = Running::start(settings(), handler);
    let mut client = server.connect();
    client.write_all(GET.as_bytes()).unwrap();
    has_begun.recv_timeout(LONG).unwrap();
    server.stop.stop();
    let_go.send(()).unwrap();
    assert!(read_all(&mut client).ends_with("done"));
    server.join();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn address_in_use_is_named() {
    let server = Running::start(settings(), echo);
    let error = Server::bind(server.address, settings()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen at `{}`", server.address));
}
