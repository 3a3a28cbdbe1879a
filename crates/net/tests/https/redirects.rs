//! Servers that send us elsewhere.

use starttls_net::https::{Client, ClientSettings, FetchFailure, Redirects, UrlError};
use starttls_testkit::https::{Behaviour, Content};

use super::{Lab, body, failure};

fn redirect(to: &str) -> Behaviour {
    Behaviour::Redirect(to.to_owned())
}

#[test]
fn redirect_within_the_host_is_followed_and_reported() {
    let lab = Lab::new();
    lab.server.at("/a", redirect("/b"));
    lab.server.at("/b", redirect(&lab.server.url("/c")));
    lab.server.at("/c", redirect("d"));
    lab.server.at("/d", Behaviour::Serve(Content::new("abc")));
    let body = lab.body("/a");
    assert_eq!(body.bytes, b"abc");
    assert_eq!(body.redirects, ["/b", "/c", "/d"].map(|path| lab.url(path)));
}

#[test]
fn fourth_redirect_is_refused() {
    let lab = Lab::new();
    for (from, to) in [("/a", "/b"), ("/b", "/c"), ("/c", "/d"), ("/d", "/e")] {
        lab.server.at(from, redirect(to));
    }
    lab.server.at("/e", Behaviour::Serve(Content::new("abc")));
    assert!(matches!(lab.failure("/a"), FetchFailure::RedirectLoop));
    assert_eq!(lab.server.count("/e"), 0);
}

#[test]
fn redirect_loop_ends() {
    let lab = Lab::new();
    lab.server.at("/a", redirect("/a"));
    assert!(matches!(lab.failure("/a"), FetchFailure::RedirectLoop));
    assert_eq!(lab.server.count("/a"), 4);
}

#[test]
fn redirect_to_another_host_or_port_needs_leave() {
    let (lab, other) = (Lab::new(), Lab::new());
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    other.server.at("/list", Behaviour::Serve(Content::new("abc")));
    for to in [lab.server.url_at("localhost", "/list"), other.server.url("/list")] {
        lab.server.at("/a", redirect(&to));
        let failure = lab.failure("/a");
        assert!(
            matches!(&failure, FetchFailure::RedirectToOtherHost { to: got } if got.as_str() == to),
            "{failure:?}"
        );
    }
    assert_eq!((lab.server.count("/list"), other.server.count("/list")), (0, 0));

    let anywhere = Client::new(&ClientSettings { redirects: Redirects::AnyHost, ..lab.settings() }).unwrap();
    lab.server.at("/a", redirect(&lab.server.url_at("localhost", "/list")));
    let body = body(anywhere.fetch(&lab.request("/a")));
    assert_eq!(body.redirects.len(), 1);
    assert_eq!(body.bytes, b"abc");
}

#[test]
fn redirect_to_http_is_refused_even_when_any_host_is_allowed() {
    let lab = Lab::new();
    lab.server.at("/a", redirect("http://127.0.0.1:1/list"));
    let anywhere = Client::new(&ClientSettings { redirects: Redirects::AnyHost, ..lab.settings() }).unwrap();
    for client in [lab.client(), anywhere] {
        let failure = failure(client.fetch(&lab.request("/a")));
        let FetchFailure::RedirectRefused { source } = failure else { panic!("{failure}") };
        assert_eq!(source, UrlError::NotHttps { scheme: "http".into() });
    }
}

#[test]
fn redirect_to_what_is_no_place_is_refused() {
    let lab = Lab::new();
    for to in ["https://user:secret@127.0.0.1/", "https://", "file:///etc/passwd", "data:,abc"] {
        lab.server.at("/a", redirect(to));
        let failure = lab.failure("/a");
        assert!(matches!(failure, FetchFailure::RedirectRefused { .. }), "{to}: {failure:?}");
        assert!(!format!("{failure:?}").contains("secret"));
    }
    lab.server.at("/a", Behaviour::Status(301));
    assert!(matches!(lab.failure("/a"), FetchFailure::RedirectWithoutTarget { status: 301 }));
}
