//! The way out through a proxy. Only one test has to do with the environment, and it runs itself in a process of its own.

use std::process::Command;

use starttls_net::https::{Client, ClientSettings, FetchFailure, HttpsUrl, Proxy, ProxyRoute, Request};
use starttls_testkit::https::{Behaviour, Content};
use starttls_testkit::proxy::{Proxy as TestProxy, Rule};

use super::{Lab, MAX_BYTES, body, failure};

fn through(proxy: &TestProxy, except: &str) -> Proxy {
    Proxy::Through(ProxyRoute { url: proxy.url().parse().unwrap(), except: except.to_owned() })
}

#[test]
fn proxy_is_asked_for_the_host_and_sees_nothing_else() {
    let lab = Lab::new();
    lab.server.at("/list?token=secret", Behaviour::Serve(Content::new("abc")));
    let proxy = TestProxy::start(Rule::LeadTo(lab.server.address())).unwrap();
    let client = Client::new(&ClientSettings { proxy: through(&proxy, ""), ..lab.settings() }).unwrap();
    // A name that only the proxy can find.
    let url: HttpsUrl = "https://mirror.example.org/list?token=secret".parse().unwrap();
    assert_eq!(body(client.fetch(&Request::new(url, MAX_BYTES))).bytes, b"abc");
    let seen = proxy.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("CONNECT mirror.example.org:443 HTTP/1.1\r\n"), "{seen:?}");
    assert!(!seen[0].contains("secret"), "{seen:?}");
}

#[test]
fn proxy_gets_its_password_and_nobody_else_does() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    let proxy = TestProxy::start(Rule::LeadTo(lab.server.address())).unwrap();
    let url = proxy.url().replace("http://", "http://user:secret@").parse().unwrap();
    let route = Proxy::Through(ProxyRoute { url, except: String::new() });
    let client = Client::new(&ClientSettings { proxy: route, ..lab.settings() }).unwrap();
    assert_eq!(body(client.fetch(&lab.request("/list"))).bytes, b"abc");
    assert!(proxy.seen()[0].to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpzzwnyzxq="));
    assert_eq!(lab.server.seen()[0].header("proxy-authorization"), None);
    assert!(!format!("{client:?}").contains("secret"), "{client:?}");
}

#[test]
fn excepted_host_is_asked_directly() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    let proxy = TestProxy::start(Rule::Deny).unwrap();
    for except in ["127.0.0.1", "example.org, 127.0.0.0/8", "*"] {
        let client =
            Client::new(&ClientSettings { proxy: through(&proxy, except), ..lab.settings() }).unwrap();
        assert_eq!(body(client.fetch(&lab.request("/list"))).bytes, b"abc", "{except}");
    }
    assert!(proxy.seen().is_empty());
}

#[test]
fn proxy_that_refuses_is_an_error_and_no_reason_to_go_directly() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    let proxy = TestProxy::start(Rule::Deny).unwrap();
    let client =
        Client::new(&ClientSettings { proxy: through(&proxy, "example.org"), ..lab.settings() }).unwrap();
    let failure = failure(client.fetch(&lab.request("/list")));
    assert!(matches!(failure, FetchFailure::Connect { .. }), "{failure:?}");
    assert_eq!(lab.server.count("/list"), 0);
}

#[test]
fn server_behind_a_proxy_must_show_its_own_certificate() {
    let lab = Lab::new();
    let proxy = TestProxy::start(Rule::LeadTo(lab.server.address())).unwrap();
    let client = Client::new(&ClientSettings { proxy: through(&proxy, ""), ..lab.settings() }).unwrap();
    let url = "https://other.example.org/list".parse().unwrap();
    let failure = failure(client.fetch(&Request::new(url, MAX_BYTES)));
    assert!(matches!(failure, FetchFailure::Certificate { .. }), "{failure:?}");
}

#[test]
fn environment_names_the_proxy() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    let proxy = TestProxy::start(Rule::LeadTo(lab.server.address())).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "proxies::fetches_by_the_environment", "--ignored"])
        .env_clear()
        .env("HTTPS_PROXY", proxy.url())
        .env("NO_PROXY", "localhost")
        .env("TEST_CA", lab.path("ca.pem"))
        .env("TEST_PORT", lab.server.address().port().to_string())
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    let port = lab.server.address().port();
    let seen = proxy.seen();
    assert_eq!(seen.len(), 1, "localhost is excepted");
    assert!(seen[0].starts_with(&format!("CONNECT mirror.example.org:{port} ")), "{seen:?}");
    assert_eq!(lab.server.count("/list"), 2);
}

#[test]
#[ignore = "a part of `environment_names_the_proxy`, which runs it"]
fn fetches_by_the_environment() {
    let (ca, port) = (std::env::var_os("TEST_CA").unwrap(), std::env::var("TEST_PORT").unwrap());
    let roots = starttls_net::roots::Roots::Only(vec![ca.into()]);
    let client = Client::new(&ClientSettings { roots, ..ClientSettings::default() }).unwrap();
    for host in ["mirror.example.org", "localhost"] {
        let url = format!("https://{host}:{port}/list").parse().unwrap();
        assert_eq!(body(client.fetch(&Request::new(url, MAX_BYTES))).bytes, b"abc", "{host}");
    }
}
