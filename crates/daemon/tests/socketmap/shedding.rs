//! No number of clients keeps a new one out.

use std::time::Duration;

use starttls_daemon::socketmap::Limits;

use crate::stage::{Stage, frame, value};

#[test]
fn client_behind_a_thousand_idle_and_half_open_ones_is_served() {
    let stage = Stage::new();
    let _idle: Vec<_> = (0..1000).map(|_| stage.client()).collect();
    let mut half: Vec<_> = (0..512).map(|_| stage.client()).collect();
    for client in &mut half {
        client.send(b"1");
    }
    stage.assert_serves();
}

#[test]
fn longest_without_use_goes_first() {
    let stage = Stage::with(Limits { max_connections: 3, ..Limits::default() });
    let mut clients: Vec<_> = (0..3).map(|_| stage.client()).collect();
    for index in [1, 2, 0] {
        assert_eq!(clients[index].ask("QUERY known.example"), "OK Plain");
    }
    let mut new = stage.client();
    assert_eq!(new.ask("QUERY known.example"), "OK Plain");
    assert_eq!(clients[1].rest(), b"");
    assert_eq!(value(&stage.traffic.shed), 1);
    for index in [2, 0] {
        assert_eq!(clients[index].ask("QUERY known.example"), "OK Plain");
    }
}

#[test]
fn half_a_request_goes_as_well() {
    let stage = Stage::with(Limits { max_connections: 2, ..Limits::default() });
    let (mut half, mut other) = (stage.client(), stage.client());
    half.send(b"1");
    assert_eq!(other.ask("QUERY known.example"), "OK Plain");
    stage.assert_serves();
    assert_eq!(half.rest(), b"");
    assert_eq!(other.ask("QUERY known.example"), "OK Plain");
}

#[test]
fn who_waits_for_an_answer_is_spared() {
    let stage = Stage::with(Limits { max_connections: 2, ..Limits::default() });
    let mut waiting = stage.client();
    waiting.send(&frame("QUERY slow.example"));
    stage.wait_for_begin();
    for _ in 0..20 {
        stage.assert_serves();
    }
    let _idle: Vec<_> = (0..20).map(|_| stage.client()).collect();
    stage.assert_serves();
    stage.let_go(1);
    assert_eq!(waiting.reply(), "OK at last");
}

#[test]
fn new_client_is_served_even_where_all_wait_for_answers() {
    let stage = Stage::with(Limits { max_connections: 2, grace: Duration::ZERO, ..Limits::default() });
    let mut waiting: Vec<_> = (0..2).map(|_| stage.client()).collect();
    for client in &mut waiting {
        client.send(&frame("QUERY slow.example"));
        stage.wait_for_begin();
    }
    stage.assert_serves();
    assert_eq!(waiting[0].rest(), b"");
}

#[test]
fn answers_under_way_are_bounded() {
    let stage = Stage::with(Limits { max_connections: 2, grace: Duration::ZERO, ..Limits::default() });
    for _ in 0..4 {
        stage.client().send(&frame("QUERY slow.example"));
        stage.wait_for_begin();
    }
    let mut client = stage.client();
    assert_eq!(client.ask("QUERY slow.example"), "TEMP too many answers are being found out");
    assert_eq!(client.ask("QUERY known.example"), "OK Plain");
}
