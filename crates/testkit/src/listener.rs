//! A loopback listener with a thread per connection, which ends with the value that holds it.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a silent peer is listened to; a test that waits as long has failed anyway.
const SILENCE: Duration = Duration::from_secs(30);

/// Accepts connections until it is dropped; connections that are still open then are cut.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Listener {
    /// Listens on a free port of 127.0.0.1 and hands each connection to `serve`, on a thread of its own.
    pub(crate) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, serve)
    }

    /// Does the same with a listener that is there already.
    pub(crate) fn on(
        listener: TcpListener,
        serve: impl Fn(TcpStream) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (theirs, serve) = (Arc::clone(&shared), Arc::new(serve));
        let accepting = std::thread::spawn(move || accept(&listener, &theirs, &serve));
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept<S: Fn(TcpStream) + Send + Sync + 'static>(listener: &TcpListener, shared: &Shared, serve: &Arc<S>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(SILENCE));
        let _ = stream.set_write_timeout(Some(SILENCE));
        if let Ok(kept) = stream.try_clone() {
            shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        let serve = Arc::clone(serve);
        threads.push(std::thread::spawn(move || {
            let closing = stream.try_clone();
            serve(stream);
            // The clone that is kept for the end would hold the connection open.
            if let Ok(closing) = closing {
                let _ = closing.shutdown(Shutdown::Both);
            }
        }));
    }
    for stream in shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}
