//! Several mirrors, of which few are any good.

use std::net::TcpListener;
use std::time::Duration;

use starttls_net::https::{Body, Client, ClientSettings, FetchFailure, MirrorProblem, Request, Response};
use starttls_testkit::https::{Behaviour, Content};

use super::{LONG, Lab, MAX_BYTES, SHORT};

#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("this list is old")]
struct Old;

/// Dice that keep the mirrors in their order and wait as shortly as possible.
fn in_order(bound: u32) -> u32 {
    if bound > 100 { 0 } else { bound - 1 }
}

fn serve(text: &str) -> Behaviour {
    Behaviour::Serve(Content::new(text))
}

fn accept_new(_: &Request, response: Response) -> Result<Vec<u8>, Old> {
    match response {
        Response::Body(Body { bytes, .. }) if bytes == b"new" => Ok(bytes),
        _ => Err(Old),
    }
}

#[test]
fn first_acceptable_mirror_ends_the_search() {
    let lab = Lab::new();
    lab.server.at("/old", serve("old"));
    lab.server.at("/new", serve("new"));
    lab.server.at("/unasked", serve("new"));
    let mirrors = ["/missing", "/old", "/new", "/unasked"].map(|path| lab.request(path));
    let got = lab.client().fetch_any(&mirrors, &mut in_order, LONG, accept_new).unwrap();
    assert_eq!(got, b"new");
    let asked: Vec<_> = lab.server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, ["/missing", "/old", "/new"]);
}

#[test]
fn dice_decide_the_order() {
    let lab = Lab::new();
    let mirrors = ["/a", "/b", "/c"].map(|path| lab.request(path));
    lab.client().fetch_any(&mirrors, &mut |_| 0, LONG, accept_new).unwrap_err();
    let asked: Vec<_> = lab.server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, ["/b", "/c", "/a"]);
}

#[test]
fn every_failure_is_reported_with_its_mirror() {
    let lab = Lab::new();
    lab.server.at("/old", serve("old"));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Request::new(format!("https://{gone}/list?token=secret").parse().unwrap(), MAX_BYTES);
    let mirrors = [gone.clone(), lab.request("/old"), lab.request("/missing")];
    let failures = lab.client().fetch_any(&mirrors, &mut in_order, LONG, accept_new).unwrap_err();
    assert_eq!(failures.failures.len(), 3);
    assert!(failures.failures.iter().zip(&mirrors).all(|(failure, mirror)| failure.url == mirror.url));
    assert!(matches!(&failures.failures[1].problem, MirrorProblem::Rejected(Old)));
    let text = failures.to_string();
    assert!(
        text.starts_with(&format!("none of 3 mirrors helped; `{}`: cannot connect to ", gone.url)),
        "{text}"
    );
    assert!(text.contains("/old`: this list is old; "), "{text}");
    assert!(text.ends_with("/missing`: the server answered with status 404"), "{text}");
    assert!(!text.contains("secret"));
}

#[test]
fn no_mirror_at_all_is_said() {
    let lab = Lab::new();
    let failures = lab.client().fetch_any(&[], &mut in_order, LONG, accept_new).unwrap_err();
    assert_eq!(failures.to_string(), "there is no mirror to ask; name at least one");
}

#[test]
fn failed_connection_is_tried_once_more() {
    let lab = Lab::new();
    lab.server.script("/a", [Behaviour::Cut(Vec::new()), serve("new")]);
    assert_eq!(
        lab.client().fetch_any(&[lab.request("/a")], &mut in_order, LONG, accept_new).unwrap(),
        b"new"
    );
    lab.server.script("/b", [Behaviour::Cut(Vec::new()), Behaviour::Cut(Vec::new()), serve("new")]);
    let failures = lab.client().fetch_any(&[lab.request("/b")], &mut in_order, LONG, accept_new).unwrap_err();
    assert!(failures.to_string().starts_with("the only mirror did not help; "), "{failures}");
    assert_eq!(lab.server.count("/b"), 2);
}

#[test]
fn bad_answer_is_not_asked_for_again() {
    let lab = Lab::new();
    for behaviour in
        [Behaviour::Status(503), Behaviour::Endless, Behaviour::Raw(b"junk\r\n\r\n".to_vec()), serve("old")]
    {
        let before = lab.server.count("/a");
        lab.server.at("/a", behaviour);
        lab.client().fetch_any(&[lab.request("/a")], &mut in_order, LONG, accept_new).unwrap_err();
        assert_eq!(lab.server.count("/a"), before + 1);
    }
}

#[test]
fn stalled_mirror_does_not_keep_us_from_the_next() {
    let lab = Lab::new();
    lab.server.at("/stalled", Behaviour::Stall { body: b"new".to_vec(), sent: 1 });
    lab.server.at("/new", serve("new"));
    let client = Client::new(&ClientSettings { stall_timeout: SHORT, ..lab.settings() }).unwrap();
    let mirrors = [lab.request("/stalled"), lab.request("/new")];
    assert_eq!(client.fetch_any(&mirrors, &mut in_order, LONG, accept_new).unwrap(), b"new");
}

#[test]
fn all_mirrors_together_have_a_deadline() {
    let lab = Lab::new();
    lab.server.at("/a", Behaviour::Silence);
    lab.server.at("/b", serve("new"));
    let mirrors = [lab.request("/a"), lab.request("/b")];
    let failures = lab.client().fetch_any(&mirrors, &mut in_order, SHORT, accept_new).unwrap_err();
    let MirrorProblem::Fetch(error) = &failures.failures[0].problem else { panic!("{failures}") };
    assert!(matches!(*error.cause, FetchFailure::DeadlinePassed { .. }), "{failures}");
    assert!(matches!(failures.failures[1].problem, MirrorProblem::NoTimeLeft), "{failures}");
    assert_eq!(lab.server.count("/b"), 0);
    assert_eq!(SHORT, Duration::from_millis(300));
}
