//! The end of a server.

use std::time::Duration;

use starttls_daemon::socketmap::Limits;

use crate::stage::{Stage, frame, value};

#[test]
fn connections_without_use_are_closed_and_new_ones_refused() {
    let mut stage = Stage::new();
    let mut idle = stage.client();
    assert_eq!(idle.ask("QUERY known.example"), "OK Plain");
    drop(stage.serving.take());
    assert_eq!(idle.rest(), b"");
    assert!(std::net::TcpStream::connect(stage.address).is_err());
    assert_eq!(value(&stage.traffic.open), 0);
}

#[test]
fn reply_under_way_is_finished() {
    let mut stage = Stage::new();
    let mut waiting = stage.client();
    waiting.send(&frame("QUERY slow.example"));
    stage.wait_for_begin();
    let mut serving = stage.serving.take().unwrap();
    serving.stop_handle().stop();
    stage.let_go(1);
    assert_eq!(waiting.reply(), "OK at last");
    assert_eq!(waiting.rest(), b"");
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(serving.ended());
}

#[test]
fn grace_has_an_end() {
    let mut stage = Stage::with(Limits { grace: Duration::from_millis(50), ..Limits::default() });
    let mut waiting = stage.client();
    waiting.send(&frame("QUERY slow.example"));
    stage.wait_for_begin();
    drop(stage.serving.take());
    assert_eq!(waiting.rest(), b"");
}
