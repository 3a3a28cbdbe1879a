//! How long clients may take.

use std::time::Duration;

use starttls_daemon::socketmap::Limits;

use crate::stage::{Stage, frame, value};

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn half_a_request_is_not_waited_for_without_end() {
    let stage = Stage::with(Limits { request: SHORT, ..Limits::default() });
    let (mut idle, mut half) = (stage.client(), stage.client());
    half.send(b"1");
    assert_eq!(half.rest(), b"");
    assert_eq!(value(&stage.traffic.expired), 1);
    assert_eq!(idle.ask("QUERY known.example"), "OK Plain", "who has begun none may stay");
}

#[test]
fn drip_of_bytes_does_not_move_the_deadline() {
    let stage = Stage::with(Limits { request: SHORT, ..Limits::default() });
    let mut client = stage.client();
    client.send(b"9000:QUERY ");
    let mut reading = crate::stage::Client(client.0.try_clone().unwrap());
    let drip = std::thread::spawn(move || {
        use std::io::Write as _;
        // Until it is closed.
        while client.0.write_all(b"a").is_ok() {
            std::thread::yield_now();
        }
    });
    assert_eq!(reading.rest(), b"");
    drip.join().unwrap();
}

#[test]
fn connection_without_use_is_closed_in_the_end() {
    let stage = Stage::with(Limits { idle: SHORT, ..Limits::default() });
    let mut client = stage.client();
    assert_eq!(client.ask("QUERY known.example"), "OK Plain");
    assert_eq!(client.rest(), b"");
    assert_eq!(value(&stage.traffic.expired), 1);
}

#[test]
fn connection_that_waits_for_an_answer_is_not_without_use() {
    let stage = Stage::with(Limits { idle: SHORT, request: SHORT, unread: SHORT, ..Limits::default() });
    let mut waiting = stage.client();
    waiting.send(&frame("QUERY slow.example"));
    stage.wait_for_begin();
    // Long enough for the other to be closed.
    assert_eq!(stage.client().rest(), b"");
    stage.let_go(1);
    assert_eq!(waiting.reply(), "OK at last");
}

#[test]
fn answer_that_never_comes_is_a_temporary_error() {
    let stage = Stage::with(Limits { answer: SHORT, ..Limits::default() });
    let mut client = stage.client();
    assert_eq!(client.ask("QUERY slow.example"), "TEMP no answer was found in time");
    assert_eq!(client.ask("QUERY known.example"), "OK Plain");
}
