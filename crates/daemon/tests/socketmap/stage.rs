//! A server under test, its clients, and answers that come when the test says so.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use smol_str::SmolStr;
use starttls_daemon::socketmap::{DEFAULT_UNIX_MODE, Limits, Listen, Listener, Serving, Traffic, serve};
use starttls_daemon::{Answering, Form, Reply};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// A client that waits longer has found a fault.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Answers: `known…` is at hand, `huge` as well and large, `slow…` comes when it is let go, `panics` does, all else is found not to be there.
pub(crate) struct Answers {
    begun: Mutex<mpsc::Sender<()>>,
    let_go: Semaphore,
    /// How often `huge` was answered.
    pub(crate) huge: AtomicU64,
}

impl Answering for Answers {
    fn at_hand(&self, form: Form, key: &[u8]) -> Option<Reply> {
        match key {
            b"huge" => {
                self.huge.fetch_add(1, Ordering::Relaxed);
                Some(Reply::Ok(SmolStr::new("x".repeat(2000))))
            }
            _ if key.starts_with(b"known") => Some(Reply::Ok(SmolStr::new(format!("{form:?}")))),
            _ => None,
        }
    }

    async fn find_out(&self, _: Form, key: &[u8]) -> Reply {
        assert_ne!(key, b"panics");
        if key.starts_with(b"slow") {
            let _ = self.begun.lock().unwrap().send(());
            self.let_go.acquire().await.unwrap().forget();
            return Reply::Ok("at last".into());
        }
        Reply::NotFound
    }
}

/// A running server.
pub(crate) struct Stage {
    pub(crate) serving: Option<Serving>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) address: SocketAddr,
    begun: mpsc::Receiver<()>,
    _elsewhere: Runtime,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap(), DEFAULT_UNIX_MODE).unwrap();
        let Listen::Tcp(address) = *listener.listen() else { panic!("not TCP") };
        Self::at(address, vec![listener], limits)
    }

    /// A server at listeners of the test's own.
    pub(crate) fn at(address: SocketAddr, listeners: Vec<Listener>, limits: Limits) -> Self {
        let elsewhere =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (sender, begun) = mpsc::channel();
        let answers = Arc::new(Answers {
            begun: Mutex::new(sender),
            let_go: Semaphore::new(0),
            huge: AtomicU64::new(0),
        });
        let traffic = Arc::new(Traffic::default());
        let serving =
            serve(listeners, Arc::clone(&answers), elsewhere.handle().clone(), limits, Arc::clone(&traffic))
                .unwrap();
        Self { serving: Some(serving), traffic, answers, address, begun, _elsewhere: elsewhere }
    }

    pub(crate) fn client(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(stream)
    }

    /// Waits until an answer is being found out.
    pub(crate) fn wait_for_begin(&self) {
        self.begun.recv_timeout(PATIENCE).unwrap();
    }

    /// Lets that many slow answers come.
    pub(crate) fn let_go(&self, answers: usize) {
        self.answers.let_go.add_permits(answers);
    }

    /// That a client which behaves gets its answer.
    pub(crate) fn assert_serves(&self) {
        assert_eq!(self.client().ask("QUERY known.example"), "OK Plain");
    }
}

pub(crate) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// A client.
pub(crate) struct Client<S>(pub(crate) S);

pub(crate) fn frame(request: &str) -> Vec<u8> {
    format!("{}:{request},", request.len()).into_bytes()
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Sends one request and returns the reply.
    pub(crate) fn ask(&mut self, request: &str) -> String {
        self.send(&frame(request));
        self.reply()
    }

    /// Reads one reply.
    pub(crate) fn reply(&mut self) -> String {
        let mut length = 0;
        loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            match byte[0] {
                b':' => break,
                digit => length = length * 10 + usize::from(digit - b'0'),
            }
        }
        let mut text = vec![0; length + 1];
        self.0.read_exact(&mut text).unwrap();
        assert_eq!(text.pop(), Some(b','));
        String::from_utf8(text).unwrap()
    }

    /// Waits until the server closes, and returns what it sent before.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A server that closes with bytes unread resets the connection.
        match self.0.read_to_end(&mut rest) {
            Ok(_) => rest,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => rest,
            Err(error) => panic!("still open: {error}"),
        }
    }
}
