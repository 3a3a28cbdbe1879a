//! Certificates that are accepted, and those that are not.

use starttls_host::ReadError;
use starttls_net::https::{Client, ClientError, ClientSettings, FetchFailure, Request};
use starttls_net::roots::{Roots, RootsError};
use starttls_testkit::ca::{Authority, Identity, Validity};
use starttls_testkit::https::{Behaviour, Content, Server};

use super::{Lab, MAX_BYTES, failure};

/// What a client that trusts `authority` says to a server that shows `identity`.
fn refusal(authority: &Authority, identity: &Identity) -> String {
    let lab = Lab::new();
    std::fs::write(lab.path("ca.pem"), authority.pem()).unwrap();
    let server = Server::start(identity).unwrap();
    server.at("/list", Behaviour::Serve(Content::new("abc")));
    let request = Request::new(server.url("/list").parse().unwrap(), MAX_BYTES);
    let failure = failure(lab.client().fetch(&request));
    assert_eq!(server.count("/list"), 0, "nothing is asked of a server that is not trusted");
    assert!(!failure.is_connection_level(), "trying again would not help");
    match failure {
        FetchFailure::Certificate { source, .. } => source.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn certificate_for_another_name_is_refused() {
    let authority = Authority::new("Root").unwrap();
    let refusal = refusal(&authority, &authority.sign(&["other.example.org"], Validity::Current).unwrap());
    assert!(refusal.contains("not valid for name"), "{refusal}");
}

#[test]
fn expired_certificate_is_refused() {
    let authority = Authority::new("Root").unwrap();
    let refusal = refusal(&authority, &authority.sign(&["127.0.0.1"], Validity::Expired).unwrap());
    assert!(refusal.contains("expired"), "{refusal}");
}

#[test]
fn certificate_of_an_unknown_authority_is_refused() {
    let (known, unknown) = (Authority::new("Root").unwrap(), Authority::new("Root").unwrap());
    let refusal = refusal(&known, &unknown.sign(&["127.0.0.1"], Validity::Current).unwrap());
    assert!(refusal.contains("BadSignature") || refusal.contains("UnknownIssuer"), "{refusal}");
}

#[test]
fn self_signed_certificate_is_refused() {
    let refusal = refusal(&Authority::new("Root").unwrap(), &Identity::self_signed(&["127.0.0.1"]).unwrap());
    assert!(!refusal.is_empty());
}

#[test]
fn server_without_tls_is_no_server() {
    let lab = Lab::new();
    let proxy = starttls_testkit::proxy::Proxy::start(starttls_testkit::proxy::Rule::Deny).unwrap();
    let url = format!("{}/list", proxy.url().replace("http:", "https:")).parse().unwrap();
    let client = Client::new(&ClientSettings { connect_timeout: super::SHORT, ..lab.settings() }).unwrap();
    let failure = failure(client.fetch(&Request::new(url, MAX_BYTES)));
    assert!(
        matches!(
            failure,
            FetchFailure::Tls { .. } | FetchFailure::Connect { .. } | FetchFailure::ConnectTimedOut { .. }
        ),
        "{failure:?}"
    );
}

#[test]
fn missing_ca_file_is_named() {
    let lab = Lab::new();
    let settings = ClientSettings { roots: Roots::Only(vec![lab.path("missing.pem")]), ..lab.settings() };
    let error = Client::new(&settings).unwrap_err();
    assert!(
        matches!(&error, ClientError::Roots(RootsError::Read(ReadError::Missing { path, .. })) if *path == lab.path("missing.pem"))
    );
}

#[test]
fn no_file_at_all_trusts_nobody() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("abc")));
    let client = Client::new(&ClientSettings { roots: Roots::Only(Vec::new()), ..lab.settings() }).unwrap();
    let failure = failure(client.fetch(&lab.request("/list")));
    assert!(matches!(failure, FetchFailure::Certificate { .. }), "{failure:?}");
}
