//! Bodies that come whole, not at all, or wrong.

use starttls_net::https::{FetchFailure, Response, Validators};
use starttls_testkit::https::{Behaviour, Content};

use super::{Lab, MAX_BYTES, body};

#[test]
fn body_comes_with_its_validators() {
    let lab = Lab::new();
    let date = "Sun, 22 Nov 2026 00:00:00 GMT";
    lab.server
        .at("/list", Behaviour::Serve(Content::new("abc").with_etag("\"v1\"").with_last_modified(date)));
    let body = lab.body("/list");
    assert_eq!(body.bytes, b"abc");
    assert_eq!(body.validators, Validators::new(Some("\"v1\""), Some(date)));
    assert!(body.redirects.is_empty());
}

#[test]
fn unchanged_body_is_not_sent_again() {
    let lab = Lab::new();
    let client = lab.client();
    for content in [
        Content::new("abc").with_etag("\"v1\""),
        Content::new("abc").with_etag("W/\"v1\""),
        Content::new("abc").with_last_modified("Sun, 22 Nov 2026 00:00:00 GMT"),
    ] {
        lab.server.at("/list", Behaviour::Serve(content));
        let validators = body(client.fetch(&lab.request("/list"))).validators;
        let again = client.fetch(&lab.request("/list").if_changed(validators.clone())).unwrap();
        assert_eq!(again, Response::NotModified);
        lab.server.at("/list", Behaviour::Serve(Content::new("def").with_etag("\"v2\"")));
        assert_eq!(body(client.fetch(&lab.request("/list").if_changed(validators))).bytes, b"def");
    }
}

#[test]
fn not_modified_that_nobody_asked_for_is_an_error() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Status(304));
    assert!(matches!(lab.failure("/list"), FetchFailure::Status { status: 304 }));
}

#[test]
fn part_that_nobody_asked_for_is_an_error() {
    let lab = Lab::new();
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/3\r\nContent-Length: 2\r\n\r\nbc";
    lab.server.at("/list", Behaviour::Raw(part.into()));
    assert!(matches!(lab.failure("/list"), FetchFailure::Status { status: 206 }));
}

#[test]
fn status_other_than_200_is_an_error() {
    let lab = Lab::new();
    for status in [201, 204, 300, 400, 401, 403, 404, 410, 429, 500, 503] {
        lab.server.at("/list", Behaviour::Status(status));
        match lab.failure("/list") {
            FetchFailure::Status { status: got } => assert_eq!(got, status),
            other => panic!("{status}: {other}"),
        }
    }
}

#[test]
fn body_of_exactly_the_limit_is_accepted() {
    let lab = Lab::new();
    let bytes = vec![b'x'; usize::try_from(MAX_BYTES).unwrap()];
    lab.server.at("/list", Behaviour::Serve(Content::new(bytes.clone())));
    assert_eq!(lab.body("/list").bytes, bytes);
}

#[test]
fn body_that_ends_with_the_connection_is_accepted_only_after_a_proper_end() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::raw("", b"abc"));
    assert_eq!(lab.body("/list").bytes, b"abc");
    lab.server.at("/list", Behaviour::Cut(b"HTTP/1.1 200 OK\r\n\r\nabc".to_vec()));
    assert!(matches!(lab.failure("/list"), FetchFailure::Truncated { announced: None, .. }));
}

#[test]
fn body_shorter_than_announced_is_truncated() {
    let lab = Lab::new();
    lab.server
        .at("/list", Behaviour::Truncate { headers: String::new(), body: b"0123456789".to_vec(), sent: 4 });
    let failure = lab.failure("/list");
    assert!(matches!(failure, FetchFailure::Truncated { got_bytes: 4, announced: Some(10) }), "{failure}");
    assert_eq!(failure.to_string(), "the body was cut off after 4 of 10 bytes");
}

#[test]
fn chunked_body_that_is_cut_off_is_truncated() {
    let lab = Lab::new();
    for cut in ["", "3\r\nabc\r\n", "3\r\nab", "3\r\nabc\r\n0\r\n"] {
        lab.server.at("/list", Behaviour::raw("Transfer-Encoding: chunked\r\n", cut.as_bytes()));
        let failure = lab.failure("/list");
        assert!(matches!(failure, FetchFailure::Truncated { announced: None, .. }), "{cut:?}: {failure}");
    }
}

#[test]
fn what_follows_the_announced_body_is_left_out() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::raw("Content-Length: 3\r\n", b"abcdef"));
    assert_eq!(lab.body("/list").bytes, b"abc");
}

#[test]
fn contradicting_or_impossible_lengths_are_refused() {
    let lab = Lab::new();
    for headers in [
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: abc\r\n",
    ] {
        lab.server.at("/list", Behaviour::raw(headers, b"abcd"));
        let failure = lab.failure("/list");
        assert!(matches!(failure, FetchFailure::Protocol { .. }), "{headers:?}: {failure:?}");
    }
}

#[test]
fn coded_body_is_refused() {
    let lab = Lab::new();
    for headers in [
        "Content-Encoding: gzip\r\n",
        "Content-Encoding: identity\r\nContent-Encoding: br\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
    ] {
        lab.server.at("/list", Behaviour::raw(headers, b"0\r\n\r\n"));
        assert!(matches!(lab.failure("/list"), FetchFailure::Coded { .. }), "{headers:?}");
    }
    let asked = lab.server.seen();
    assert!(asked.iter().all(|seen| seen.header("accept-encoding") == Some("identity")));
}

#[test]
fn identity_is_no_coding() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::raw("Content-Encoding: identity\r\nContent-Length: 3\r\n", b"abc"));
    assert_eq!(lab.body("/list").bytes, b"abc");
}

#[test]
fn what_is_no_http_is_refused() {
    let lab = Lab::new();
    for junk in [
        "SSH-2.0-OpenSSH_9\r\n",
        "220 mx.example.org ESMTP\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
    ] {
        lab.server.at("/list", Behaviour::Raw(junk.into()));
        let failure = lab.failure("/list");
        assert!(matches!(failure, FetchFailure::Protocol { .. }), "{junk:?}: {failure:?}");
    }
}

#[test]
fn connection_closed_without_an_answer_is_told_from_a_bad_answer() {
    let lab = Lab::new();
    for behaviour in
        [Behaviour::Raw(Vec::new()), Behaviour::Cut(Vec::new()), Behaviour::Cut(b"HTTP/1.1 200".to_vec())]
    {
        lab.server.at("/list", behaviour.clone());
        let failure = lab.failure("/list");
        assert!(matches!(failure, FetchFailure::Closed { .. }), "{behaviour:?}: {failure:?}");
        assert!(failure.is_connection_level());
    }
}

#[test]
fn request_says_who_we_are_and_nothing_about_where_we_come_from() {
    let lab = Lab::new();
    lab.fetch("/list").unwrap_err();
    let seen = lab.server.seen().remove(0);
    assert!(seen.header("user-agent").unwrap().starts_with("starttls/"));
    for name in ["referer", "cookie", "authorization", "from"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
}
