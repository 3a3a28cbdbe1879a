//! Lists with proofs from real HTTPS servers that behave badly.
#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;
#[path = "../../trust/tests/world/mod.rs"]
mod world;

use std::fs;

use bench::Bench;
use starttls_sources::Outcome;
use starttls_sources::settings::{HttpsUrl, Place, RelaxOrders, Trust, Witnessed};
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::https::{Behaviour, Content, Server};
use starttls_trust::document::RelaxSet;
use starttls_trust::ladder::State;
use world::{Listing, World};

const NOW: &str = "2026-11-12T06:00:00Z";

/// Two mirrors behind one throw-away CA, and a source that knows both.
fn two_mirrors(world: &World) -> ([Server; 2], Bench) {
    let authority = Authority::new("Root").unwrap();
    let server = || Server::start(&authority.sign(&["127.0.0.1"], Validity::Current).unwrap()).unwrap();
    let servers = [server(), server()];
    let holder = starttls_testkit::world::directory().unwrap();
    let pem = holder.path().join("ca.pem");
    fs::write(&pem, authority.pem()).unwrap();
    let bench = Bench::new(Some(pem), |directory| {
        let root = directory.join("root.note");
        fs::write(&root, &world.roots[0]).unwrap();
        let urls = servers.iter().map(|server| HttpsUrl::parse(&server.url("/m/")).unwrap()).collect();
        Trust::Witnessed(Witnessed { root, place: Place::Urls(urls), relax_orders: RelaxOrders::Accept })
    });
    (servers, bench)
}

/// Publishes a list at one server; answers the path of the list.
fn publish(world: &mut World, server: &Server, serial: u64) -> (String, Vec<u8>) {
    let list = Listing::ordinary(serial);
    let bundle = world.publish(&list, &RelaxSet::default(), NOW);
    let serve = |path: &str, bytes: &[u8]| server.at(path, Behaviour::Serve(Content::with_digest(bytes)));
    serve("/m/proof.json", bundle.to_text().as_bytes());
    for (path, bytes) in &world.files.0 {
        serve(&format!("/m/{path}"), bytes);
    }
    let path = format!("/m/list/{}.json", list.statement.sha256);
    serve(&path, list.text.as_bytes());
    (path, list.text.into_bytes())
}

#[test]
fn is_fetched_once_and_then_asked_for_conditionally() {
    let mut world = World::new();
    let ([one, two], bench) = two_mirrors(&world);
    let (path, _) = publish(&mut world, &one, 10);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Confirmed);
    assert_eq!((one.count("/m/proof.json"), one.count(&path), two.seen().len()), (2, 1, 0));
    assert!(one.seen().last().unwrap().header("if-none-match").is_some());
    publish(&mut world, &one, 12);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(bench.in_force(NOW), Some(12));
}

#[test]
fn that_is_cut_off_is_taken_up_where_it_ended() {
    let mut world = World::new();
    let ([one, two], bench) = two_mirrors(&world);
    two.at("/m/proof.json", Behaviour::Status(503));
    let (path, bytes) = publish(&mut world, &one, 10);
    let whole = Content::with_digest(bytes.clone());
    let etag = "ETag: \"one\"\r\n".to_owned();
    one.script(
        &path,
        [
            Behaviour::Truncate { headers: etag, body: bytes.clone(), sent: 100 },
            Behaviour::Serve(whole.with_etag("\"one\"")),
        ],
    );
    let first = bench.refresh(NOW);
    assert!(
        matches!(&first.outcome, Outcome::Failed { why } if why.contains("cut off")),
        "{:?}",
        first.outcome
    );
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(one.seen().last().unwrap().header("range"), Some("bytes=100-"));
}

#[test]
fn from_a_hostile_mirror_is_passed_over_for_the_next_and_the_last_good_one_stays() {
    let mut world = World::new();
    let ([one, two], bench) = two_mirrors(&world);
    publish(&mut world, &two, 10);
    for behaviour in [
        Behaviour::Status(404),
        Behaviour::Endless,
        Behaviour::EndlessHeaders,
        Behaviour::Redirect("https://elsewhere.invalid/".into()),
        Behaviour::raw("Content-Length: 5\r\n", b"{}"),
        Behaviour::Cut(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Behaviour::Serve(Content::new("<html>not here</html>")),
    ] {
        one.at("/m/proof.json", behaviour.clone());
        let refreshed = bench.refresh(NOW);
        assert!(
            matches!(refreshed.outcome, Outcome::Accepted | Outcome::Confirmed),
            "{behaviour:?}: {refreshed:?}"
        );
        assert!(refreshed.findings.iter().any(|finding| finding.code == "source.mirror-failed"));
        assert_eq!(bench.in_force(NOW), Some(10));
    }
    two.at("/m/proof.json", Behaviour::Status(500));
    let refreshed = bench.refresh(NOW);
    assert!(matches!(refreshed.outcome, Outcome::Failed { .. }));
    assert_eq!((refreshed.state, bench.in_force(NOW)), (State::Fresh, Some(10)));
    let failure = bench.status(NOW).failure.unwrap();
    assert!(failure.words.contains("status 500"), "{}", failure.words);
}

#[test]
fn from_a_server_whose_certificate_nobody_vouches_for_is_not_fetched() {
    let mut world = World::new();
    let (_, trusting) = two_mirrors(&world);
    let stranger =
        Server::start(&Authority::new("Stranger").unwrap().sign(&["127.0.0.1"], Validity::Current).unwrap())
            .unwrap();
    publish(&mut world, &stranger, 10);
    let mut bench = trusting;
    if let Trust::Witnessed(witnessed) = &mut bench.settings.trust {
        witnessed.place = Place::Urls(vec![HttpsUrl::parse(&stranger.url("/m/")).unwrap()]);
    }
    let refreshed = bench.refresh(NOW);
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("certificate")),
        "{refreshed:?}"
    );
    assert_eq!(refreshed.state, State::Absent);
}

#[test]
fn from_a_directory_that_another_system_filled_needs_no_network() {
    let mut world = World::new();
    let (_, mut bench) = two_mirrors(&world);
    let directory = bench.holder.path().join("mirror");
    let list = Listing::ordinary(10);
    let bundle = world.publish(&list, &RelaxSet::default(), NOW);
    let write = |path: &str, bytes: &[u8]| {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("proof.json", bundle.to_text().as_bytes());
    write(&format!("list/{}.json", list.statement.sha256), list.text.as_bytes());
    if let Trust::Witnessed(witnessed) = &mut bench.settings.trust {
        witnessed.place = Place::Directory(directory.clone());
    }
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Confirmed);
    fs::remove_dir_all(directory).unwrap();
    assert!(matches!(bench.refresh(NOW).outcome, Outcome::Failed { .. }));
    assert_eq!(bench.in_force(NOW), Some(10));
}
