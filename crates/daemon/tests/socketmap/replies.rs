//! Requests that are as they should be.

use std::io::Write as _;

use crate::stage::{Stage, frame, value};

#[test]
fn each_map_has_its_form() {
    let stage = Stage::new();
    let mut client = stage.client();
    assert_eq!(client.ask("QUERY known.example"), "OK Plain");
    assert_eq!(client.ask("QUERYwithTLSRPT known.example"), "OK Tlsrpt");
    assert_eq!(client.ask("sts known.example"), "OK Sendmail");
    assert_eq!(client.ask("QUERY nothing.example"), "NOTFOUND ");
    assert_eq!([&stage.traffic.unknown_map, &stage.traffic.unanswered].map(value), [0, 0]);
}

/// Other policy servers fold the case, and their users write `:query`.
#[test]
fn fault_map_names_count_in_any_case() {
    let stage = Stage::new();
    let mut client = stage.client();
    for (map, form) in [
        ("query", "Plain"),
        ("Query", "Plain"),
        ("querywithtlsrpt", "Tlsrpt"),
        ("QUERYWITHTLSRPT", "Tlsrpt"),
        ("STS", "Sendmail"),
    ] {
        assert_eq!(client.ask(&format!("{map} known.example")), format!("OK {form}"), "{map}");
    }
    assert_eq!(value(&stage.traffic.unknown_map), 0);
}

#[test]
fn map_that_there_is_not_is_a_temporary_error_that_says_so() {
    let stage = Stage::new();
    let mut client = stage.client();
    for request in ["policy known.example", "postfix known.example", "QUERYwithTLSRPT2 known.example"] {
        let reply = client.ask(request);
        assert!(reply.starts_with("TEMP unknown map"), "{reply}");
    }
    assert_eq!(client.ask("QUERY known.example"), "OK Plain", "the connection goes on");
    assert_eq!(value(&stage.traffic.unknown_map), 3);
}

#[test]
fn bytes_that_come_one_at_a_time_are_a_request() {
    let stage = Stage::new();
    let mut client = stage.client();
    for byte in frame("QUERY known.example").repeat(3) {
        client.send(&[byte]);
    }
    assert_eq!([client.reply(), client.reply(), client.reply()], ["OK Plain"; 3]);
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let stage = Stage::new();
    let mut client = stage.client();
    let requests =
        ["QUERY known.1", "QUERY none.1", "sts known.2", "QUERY none.2", "QUERYwithTLSRPT known.3"];
    let bytes: Vec<u8> = requests.iter().flat_map(|request| frame(request)).collect();
    client.send(&bytes);
    let replies = ["OK Plain", "NOTFOUND ", "OK Sendmail", "NOTFOUND ", "OK Tlsrpt"];
    assert_eq!(replies.map(|_| client.reply()), replies);
}

#[test]
fn thousands_in_a_row_are_all_answered() {
    let stage = Stage::new();
    let client = stage.client();
    let mut writing = client.0.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        let requests = frame("QUERY known.example").repeat(20_000);
        writing.write_all(&requests).unwrap();
    });
    let mut client = client;
    for _ in 0..20_000 {
        assert_eq!(client.reply(), "OK Plain");
    }
    writer.join().unwrap();
}

#[test]
fn client_that_has_said_all_still_gets_its_reply() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.send(&frame("QUERY slow.example"));
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    stage.wait_for_begin();
    stage.let_go(1);
    assert_eq!(client.reply(), "OK at last");
    assert_eq!(client.rest(), b"");
}

#[test]
fn slow_answer_holds_up_nobody_else() {
    let stage = Stage::new();
    let mut waiting: Vec<_> = (0..20).map(|_| stage.client()).collect();
    for client in &mut waiting {
        client.send(&frame("QUERY slow.example"));
        stage.wait_for_begin();
    }
    stage.assert_serves();
    assert_eq!(stage.client().ask("QUERY none.example"), "NOTFOUND ");
    stage.let_go(20);
    for client in &mut waiting {
        assert_eq!(client.reply(), "OK at last");
    }
}

#[test]
fn answer_that_breaks_is_a_temporary_error() {
    let stage = Stage::new();
    let mut client = stage.client();
    assert_eq!(client.ask("QUERY panics"), "TEMP internal error");
    assert_eq!(value(&stage.traffic.unanswered), 1);
    assert_eq!(client.ask("QUERY known.example"), "OK Plain");
}

#[test]
fn client_that_leaves_before_its_answer_disturbs_nobody() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.send(&frame("QUERY slow.example"));
    stage.wait_for_begin();
    drop(client);
    stage.assert_serves();
    stage.let_go(1);
    stage.assert_serves();
}
