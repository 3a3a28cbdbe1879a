//! Servers that send too much, or too slowly.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use starttls_net::https::{Client, ClientSettings, FetchFailure, Request};
use starttls_testkit::https::Behaviour;

use super::{Lab, MAX_BYTES, SHORT, failure};

fn impatient(lab: &Lab) -> Client {
    Client::new(&ClientSettings { stall_timeout: SHORT, ..lab.settings() }).unwrap()
}

#[test]
fn body_that_announces_to_be_too_large_is_refused_before_it_is_read() {
    let lab = Lab::new();
    let announced = MAX_BYTES + 1;
    // Only the head ever comes, so a client that wanted the body would wait.
    lab.server
        .at("/list", Behaviour::Stall { body: vec![b'x'; usize::try_from(announced).unwrap()], sent: 0 });
    let failure = lab.failure("/list");
    assert!(
        matches!(failure, FetchFailure::TooLarge { announced: Some(got), .. } if got == announced),
        "{failure}"
    );
}

#[test]
fn body_without_end_is_stopped_at_the_limit() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Endless);
    let failure = lab.failure("/list");
    assert!(matches!(failure, FetchFailure::TooLarge { max_bytes: MAX_BYTES, announced: None }), "{failure}");
}

#[test]
fn headers_without_end_are_stopped() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::EndlessHeaders);
    let failure = lab.failure("/list");
    assert!(matches!(failure, FetchFailure::HeadersTooLarge), "{failure:?}");
}

#[test]
fn many_or_long_headers_are_refused() {
    let lab = Lab::new();
    for headers in ["A: b\r\n".repeat(65), format!("A: {}\r\n", "b".repeat(33 * 1024))] {
        lab.server.at("/list", Behaviour::raw(&headers, b""));
        let failure = lab.failure("/list");
        assert!(matches!(failure, FetchFailure::HeadersTooLarge), "{failure:?}");
    }
}

#[test]
fn server_that_stalls_within_the_body_is_given_up() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Stall { body: b"0123456789".to_vec(), sent: 4 });
    let failure = failure(impatient(&lab).fetch(&lab.request("/list")));
    assert!(matches!(failure, FetchFailure::Stalled { got_bytes: 4, .. }), "{failure:?}");
    assert_eq!(failure.to_string(), "no byte for 0.3 s; 4 bytes had come");
}

#[test]
fn server_that_never_answers_is_given_up() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Silence);
    let client =
        Client::new(&ClientSettings { connect_timeout: SHORT, stall_timeout: SHORT, ..lab.settings() })
            .unwrap();
    let failure = failure(client.fetch(&lab.request("/list")));
    assert!(matches!(failure, FetchFailure::Stalled { got_bytes: 0, .. }), "{failure:?}");
}

#[test]
fn drip_within_the_stall_limit_ends_at_the_deadline() {
    let lab = Lab::new();
    let pause = Duration::from_millis(20);
    lab.server.at("/list", Behaviour::Drip { body: vec![b'x'; 5_000], pause });
    let client = Client::new(&ClientSettings { deadline: SHORT * 3, ..lab.settings() }).unwrap();
    let failure = failure(client.fetch(&lab.request("/list")));
    assert!(matches!(failure, FetchFailure::DeadlinePassed { .. }), "{failure:?}");
}

#[test]
fn drip_that_gets_done_in_time_is_accepted() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Drip { body: b"0123456789".to_vec(), pause: Duration::from_millis(1) });
    assert_eq!(lab.body("/list").bytes, b"0123456789");
}

#[test]
fn host_that_accepts_but_shakes_no_hands_is_given_up() {
    let lab = Lab::new();
    // Never accepted: the system takes the connection, nobody answers.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(&ClientSettings { connect_timeout: SHORT, ..lab.settings() }).unwrap();
    let url = format!("https://{}/list", mute.local_addr().unwrap()).parse().unwrap();
    let failure = failure(client.fetch(&Request::new(url, MAX_BYTES)));
    assert!(matches!(failure, FetchFailure::ConnectTimedOut { .. }), "{failure:?}");
    assert!(failure.is_connection_level());
}

#[test]
fn host_where_nobody_listens_is_named() {
    let lab = Lab::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("https://{gone}/list?token=secret").parse().unwrap();
    let error = lab.client().fetch(&Request::new(url, MAX_BYTES)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot fetch `https://{gone}/list?…`"));
    assert_eq!(error.cause.to_string(), format!("cannot connect to `{gone}`"));
    assert!(error.cause.is_connection_level());
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[test]
fn client_that_gave_up_ends_at_once() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Silence);
    let client =
        Client::new(&ClientSettings { connect_timeout: SHORT, stall_timeout: SHORT, ..lab.settings() })
            .unwrap();
    client.fetch(&lab.request("/list")).unwrap_err();
    let begin = Instant::now();
    drop(client);
    assert!(begin.elapsed() < super::LONG);
}
