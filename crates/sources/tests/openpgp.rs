//! Lists that a real GnuPG signed, from a real HTTPS server and from files.
#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;
#[allow(dead_code, reason = "not every test needs all of it")]
#[path = "../../openpgp/tests/gnupg/home.rs"]
mod home;
#[path = "../../trust/tests/world/mod.rs"]
mod world;

use std::fs;
use std::path::Path;

use bench::Bench;
use home::Home;
use starttls_sources::Outcome;
use starttls_sources::settings::{Copies, Ended, HttpsUrl, OpenPgp, SignedCopy, Trust};
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::https::{Behaviour, Content, Server};
use starttls_trust::ladder::{Notice, State};

const NOW: &str = "2026-11-22T00:00:00Z";
const END: &str = "2026-12-31T00:00:00Z";

fn list(serial: u64, mx: &str) -> String {
    world::list_text(serial, &format!("2026-11-{serial:02}T00:00:00Z"), END, "").replace("mx.a.example", mx)
}

/// A source of a clearsigned file.
fn clearsigned_file(home: &Home) -> Bench {
    Bench::new(None, |directory| {
        let certificate = directory.join("signer.asc");
        fs::write(&certificate, home.certificate()).unwrap();
        let copies = Copies::File(SignedCopy::Clearsigned(directory.join("list.asc")));
        Trust::OpenPgp(OpenPgp { certificate, copies })
    })
}

#[test]
fn clearsigned_lists_are_kept_as_the_text_that_was_signed() {
    let Some(home) = Home::with_key() else { return };
    let bench = clearsigned_file(&home);
    let text = list(10, "mx.a.example");
    let file = bench.holder.path().join("list.asc");
    fs::write(&file, home.sign("--clearsign", text.as_bytes())).unwrap();
    let refreshed = bench.refresh(NOW);
    assert_eq!(refreshed.outcome, Outcome::Accepted, "{refreshed:?}");
    assert_eq!(refreshed.in_force.list().unwrap().sha256, starttls_trust::Digest::of(text.as_bytes()));
    assert_eq!(bench.status(NOW).list.unwrap().signers.len(), 1);

    // Rolled back, same serial with other bytes, unsigned text around it, another key: the last good one stays.
    let signed = |serial, mx| home.sign("--clearsign", list(serial, mx).as_bytes());
    let around = [b"{}\n".to_vec(), signed(12, "mx.a.example")].concat();
    let stranger = Home::with_key().unwrap().sign("--clearsign", list(12, "mx.a.example").as_bytes());
    for (bytes, state, words) in [
        (signed(9, "mx.a.example"), State::Fresh, "rolled back"),
        (around, State::Fresh, "which would not be signed"),
        (stranger, State::Fresh, "not by"),
        (list(12, "mx.a.example").into_bytes(), State::Fresh, "BEGIN PGP SIGNED MESSAGE"),
        (signed(10, "mx.evil.example"), State::Suspicious, "two lists with serial 10"),
    ] {
        fs::write(&file, bytes).unwrap();
        let refreshed = bench.refresh(NOW);
        assert_eq!((refreshed.state, refreshed.action.notice), (state, Notice::AlertWithEvidence), "{words}");
        assert!(refreshed.evidence.is_some_and(|evidence| evidence.join("why.txt").exists()), "{words}");
        assert_eq!(bench.in_force(NOW), Some(10), "{words}");
        let failure = bench.status(NOW).failure.unwrap();
        assert!(words == "not by" || failure.words.contains(words), "{words}: {}", failure.words);
    }
    fs::write(&file, signed(12, "mx.a.example")).unwrap();
    assert_eq!(bench.refresh(NOW).state, State::Fresh);
    assert_eq!(bench.refresh(END).state, State::Ended);
}

#[test]
fn detached_signatures_are_fetched_beside_their_lists() {
    let Some(home) = Home::with_key() else { return };
    let authority = Authority::new("Root").unwrap();
    let server = Server::start(&authority.sign(&["127.0.0.1"], Validity::Current).unwrap()).unwrap();
    let holder = starttls_testkit::world::directory().unwrap();
    let pem = holder.path().join("ca.pem");
    fs::write(&pem, authority.pem()).unwrap();
    let bench = Bench::new(Some(pem), |directory| {
        let certificate = directory.join("signer.asc");
        fs::write(&certificate, home.certificate()).unwrap();
        let list = HttpsUrl::parse(&server.url("/list.json")).unwrap();
        let signature = list.with_asc();
        Trust::OpenPgp(OpenPgp {
            certificate,
            copies: Copies::Urls(vec![SignedCopy::Detached { list, signature }]),
        })
    });
    let text = list(10, "mx.a.example");
    let signature = home.sign("--detach-sign", text.as_bytes());
    server.at("/list.json", Behaviour::Serve(Content::with_digest(text.clone())));
    server.at("/list.json.asc", Behaviour::Serve(Content::with_digest(signature)));
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Accepted);
    assert_eq!(bench.refresh(NOW).outcome, Outcome::Confirmed);
    assert_eq!((server.count("/list.json"), server.count("/list.json.asc")), (2, 1));
    server.at("/list.json", Behaviour::Serve(Content::with_digest(list(12, "mx.a.example"))));
    let refreshed = bench.refresh(NOW);
    assert!(matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("does not fit the data")));
    assert_eq!(refreshed.action.notice, Notice::AlertWithEvidence);
    assert_eq!(bench.in_force(NOW), Some(10));
}

#[test]
fn fault_another_pinned_certificate_leaves_the_last_good_list_in_force() {
    let (Some(home), Some(other)) = (Home::with_key(), Home::with_key()) else { return };
    let bench = clearsigned_file(&home);
    let signed = home.sign("--clearsign", list(10, "mx.a.example").as_bytes());
    fs::write(bench.holder.path().join("list.asc"), signed).unwrap();
    bench.refresh(NOW);
    fs::write(bench.holder.path().join("signer.asc"), other.certificate()).unwrap();
    let refreshed = bench.refresh(NOW);
    assert!(refreshed.findings.iter().any(|finding| finding.code == "source.other-trust"), "{refreshed:?}");
    assert_eq!(bench.in_force(NOW), Some(10));
}

#[test]
fn the_last_list_of_eff_is_verified_and_refused_as_expired_unless_told_otherwise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lists");
    if !folder.join("eff-authority.pgp").exists() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let list = folder.join("eff-2020-05-20.json");
    let signature = folder.join("eff-2020-05-20.json.asc");
    let copies = Copies::File(SignedCopy::Detached { list, signature });
    let certificate = folder.join("eff-authority.pgp");
    let mut bench = Bench::new(None, |_| Trust::OpenPgp(OpenPgp { certificate, copies }));
    let refreshed = bench.refresh(NOW);
    assert!(
        matches!(&refreshed.outcome, Outcome::Failed { why } if why.contains("ended at 2020-06-")),
        "{refreshed:?}"
    );
    assert_eq!((refreshed.state, refreshed.evidence), (State::Absent, None));
    bench.settings.ended = Ended::Accepted;
    let refreshed = bench.refresh(NOW);
    let loaded = refreshed.in_force.list().unwrap();
    assert_eq!(loaded.signers, ["2C319DE47066C200DFDC4D6B842AEA40C5BCD6E1"]);
    assert!(loaded.findings.iter().any(|finding| finding.code == "source.beyond-end"));
}
