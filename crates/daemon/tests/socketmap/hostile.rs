//! What is no request, and clients that mean no good.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use crate::stage::{PATIENCE, Stage, frame, value};

/// That a connection which says this is closed without a reply, and counted.
fn assert_closes(bytes: &[u8]) {
    let stage = Stage::new();
    let mut client = stage.client();
    // The server may close before all is written.
    let _ = client.0.write_all(bytes);
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
    assert_eq!(client.rest(), b"", "{shown}");
    assert_eq!(value(&stage.traffic.malformed), 1, "{shown}");
    stage.assert_serves();
}

#[test]
fn what_is_no_netstring_closes_the_connection() {
    assert_closes(b"hello\r\n");
    assert_closes(b"\r\n");
    assert_closes(b"-1:QUERY a,");
    assert_closes(b"+7:QUERY a,");
    assert_closes(b" 7:QUERY a,");
    assert_closes(b"7;QUERY a,");
    assert_closes(b"7:QUERY a;");
    assert_closes(b":QUERY a,");
    assert_closes(b"7:QUERY abc,");
}

#[test]
fn other_protocols_close_the_connection() {
    assert_closes(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_closes(b"EHLO a\r\n");
    // The beginning of a TLS ClientHello.
    assert_closes(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);
}

#[test]
fn binary_closes_the_connection() {
    assert_closes(&[0; 100]);
    assert_closes(&[0xff; 100]);
    assert_closes(&(0..=255).cycle().take(100_000).collect::<Vec<u8>>());
}

#[test]
fn lengths_without_end_close_the_connection() {
    assert_closes(&vec![b'1'; 1_000_000]);
    assert_closes(&vec![b'0'; 1_000_000]);
    assert_closes(b"99999999999999999999999:");
    assert_closes(b"18446744073709551616:QUERY a,");
}

#[test]
fn requests_beyond_the_limit_close_the_connection_before_they_have_come() {
    assert_closes(b"1000000:");
    assert_closes(format!("100001:QUERY {}", "a".repeat(1000)).as_bytes());
}

#[test]
fn request_without_a_key_closes_the_connection() {
    assert_closes(b"0:,");
    assert_closes(b"5:QUERY,");
}

#[test]
fn requests_before_the_fault_are_answered() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.send(&frame("QUERY known.example"));
    assert_eq!(client.reply(), "OK Plain");
    client.send(b"nonsense");
    assert_eq!(client.rest(), b"");
}

#[test]
fn keys_of_any_bytes_are_asked() {
    let stage = Stage::new();
    let mut client = stage.client();
    for key in [&b"\xff\xfe"[..], b"a\0b", b" ", b"a b c", b"\r\n", &[b'a'; 900]] {
        let mut request = format!("{}:QUERY ", key.len() + 6).into_bytes();
        request.extend_from_slice(key);
        request.push(b',');
        client.send(&request);
        assert_eq!(client.reply(), "NOTFOUND ");
    }
}

#[test]
fn flood_that_never_reads_is_held_back_and_closed() {
    let limits =
        starttls_daemon::socketmap::Limits { unread: Duration::from_millis(200), ..Default::default() };
    let stage = Stage::with(limits);
    let mut client = stage.client();
    let requests = frame("QUERY huge").repeat(1000);
    // Two megabytes of replies to each of these: the server must stop reading long before the end.
    let flooded = (0..10_000).find_map(|_| client.0.write_all(&requests).err());
    let error = flooded.unwrap();
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert_eq!(value(&stage.traffic.expired), 1);
    stage.assert_serves();
}

#[test]
fn flood_that_never_reads_costs_little_memory() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.0.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let requests = frame("QUERY huge").repeat(1000);
    while client.0.write_all(&requests).is_ok() {}
    // What was answered fits into the buffers of the two sockets and one connection's own.
    let answered = value(&stage.answers.huge) * 2000;
    assert!(answered < 20_000_000, "{answered} bytes of replies");
    client.0.set_write_timeout(Some(PATIENCE)).unwrap();
    stage.assert_serves();
}
