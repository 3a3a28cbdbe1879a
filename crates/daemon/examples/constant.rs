//! Our serving with an answer that costs nothing: what the server itself costs above the floor.
//!
//! Usage: constant LISTEN
use std::env;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use starttls_daemon::socketmap::{DEFAULT_UNIX_MODE, Limits, Listener, Traffic, serve};
use starttls_daemon::{Answering, Form, Reply};

struct Constant(Reply);

impl Answering for Constant {
    fn at_hand(&self, _: Form, _: &[u8]) -> Option<Reply> {
        Some(self.0.clone())
    }

    async fn find_out(&self, _: Form, _: &[u8]) -> Reply {
        self.0.clone()
    }
}

fn main() -> Result<()> {
    let listen = env::args().nth(1).context("usage: constant LISTEN")?.parse()?;
    let listener = Listener::bind(&listen, DEFAULT_UNIX_MODE)?;
    println!("listening {}", listener.listen());
    let elsewhere = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let reply = Constant(Reply::Ok("secure match=mx.example.org servername=hostname".into()));
    let traffic = Arc::new(Traffic::default());
    let mut serving =
        serve(vec![listener], Arc::new(reply), elsewhere.handle().clone(), Limits::default(), traffic)?;
    elsewhere.block_on(serving.ended());
    Ok(())
}
