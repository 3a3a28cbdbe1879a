//! Downloads into files, cut off and taken up again.

use std::fs;

use sha2::{Digest as _, Sha256};
use starttls_net::https::{
    Client, ClientSettings, Download, Downloaded, Expected, FetchError, FetchFailure, Saved, Validators,
};
use starttls_testkit::https::{Behaviour, Content};

use super::{LONG, Lab, MAX_BYTES, SHORT, failure};

const BODY: &[u8] = b"0123456789abcdefghij";

impl Lab {
    fn job(&self, path: &str) -> Download {
        Download { request: self.request(path), path: self.path("list"), expected: None }
    }

    fn expecting(&self, path: &str, body: &[u8]) -> Download {
        let expected = Expected { sha256: digest(body), bytes: Some(body.len() as u64) };
        Download { expected: Some(expected), ..self.job(path) }
    }

    fn download(&self, job: &Download) -> Result<Downloaded, FetchError> {
        self.client().download(job)
    }

    fn saved(&self, job: &Download) -> Saved {
        match self.download(job).unwrap() {
            Downloaded::Saved(saved) => saved,
            Downloaded::NotModified => panic!("not modified"),
        }
    }

    /// Gets the first `sent` bytes of the body, of the version that the tag names.
    fn cut_off(&self, path: &str, etag: &str, sent: usize) {
        let headers = format!("ETag: {etag}\r\n");
        self.server.at(path, Behaviour::Truncate { headers, body: BODY.to_vec(), sent });
        let failure = failure(self.download(&self.job(path)));
        assert!(matches!(failure, FetchFailure::Truncated { .. }), "{failure:?}");
    }

    /// The files that the download left, but for the CA's.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "ca.pem");
        names.sort();
        names
    }

    fn last_range(&self) -> Option<String> {
        self.server.seen().pop().unwrap().header("range").map(str::to_owned)
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn content(etag: &str) -> Content {
    Content::new(BODY).with_etag(etag)
}

/// A 206 answer with these header lines.
fn part(headers: &str, body: &[u8]) -> Behaviour {
    let mut bytes = format!("HTTP/1.1 206 Partial Content\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Behaviour::Raw(bytes)
}

#[test]
fn file_comes_with_digest_and_validators() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let saved = lab.saved(&lab.expecting("/list", BODY));
    assert_eq!((saved.bytes, saved.sha256, saved.resumed_from), (20, digest(BODY), 0));
    assert_eq!(saved.validators, Validators::new(Some("\"v1\""), None));
    assert_eq!(fs::read(lab.path("list")).unwrap(), BODY);
    assert_eq!(lab.left(), ["list"]);
}

#[test]
fn unchanged_file_is_left_alone() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let mut job = lab.job("/list");
    job.request.validators = lab.saved(&job).validators;
    fs::write(lab.path("list"), "mine").unwrap();
    assert_eq!(lab.download(&job).unwrap(), Downloaded::NotModified);
    assert_eq!(fs::read(lab.path("list")).unwrap(), b"mine");
}

#[test]
fn download_that_was_cut_off_goes_on() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    assert_eq!(lab.left(), ["list.part", "list.part-record"]);
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let saved = lab.saved(&lab.expecting("/list", BODY));
    assert_eq!((saved.resumed_from, saved.bytes, saved.sha256), (7, 20, digest(BODY)));
    assert_eq!(lab.last_range().as_deref(), Some("bytes=7-"));
    assert_eq!(lab.server.seen().pop().unwrap().header("if-range"), Some("\"v1\""));
    assert_eq!(fs::read(lab.path("list")).unwrap(), BODY);
    assert_eq!(lab.left(), ["list"]);
}

#[test]
fn download_that_stalled_goes_on() {
    let lab = Lab::new();
    let stalled = Behaviour::Stall { body: BODY.to_vec(), sent: 7 };
    lab.server.at("/list", stalled);
    let client = Client::new(&ClientSettings { stall_timeout: SHORT, ..lab.settings() }).unwrap();
    let failure = failure(client.download(&lab.job("/list")));
    assert!(matches!(failure, FetchFailure::Stalled { .. }), "{failure:?}");
    // It came without a tag, so there is nothing to go on with.
    assert!(lab.left().is_empty());
}

#[test]
fn download_cut_off_twice_goes_on_twice() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 5);
    lab.server.at(
        "/list",
        part("ETag: \"v1\"\r\nContent-Range: bytes 5-19/20\r\nContent-Length: 15\r\n", &BODY[5..11]),
    );
    assert!(matches!(failure(lab.download(&lab.job("/list"))), FetchFailure::Truncated { .. }));
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let saved = lab.saved(&lab.expecting("/list", BODY));
    assert_eq!((saved.resumed_from, saved.sha256), (11, digest(BODY)));
}

#[test]
fn part_of_another_version_is_thrown_away() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    let new = b"another version altogether";
    lab.server.at("/list", Behaviour::Serve(Content::new(new).with_etag("\"v2\"")));
    let saved = lab.saved(&lab.expecting("/list", new));
    assert_eq!((saved.resumed_from, saved.sha256), (0, digest(new)));
    assert_eq!(fs::read(lab.path("list")).unwrap(), new);
}

#[test]
fn server_that_knows_no_ranges_sends_all_of_it() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    lab.server.at("/list", Behaviour::raw("ETag: \"v1\"\r\nContent-Length: 20\r\n", BODY));
    let saved = lab.saved(&lab.expecting("/list", BODY));
    assert_eq!((saved.resumed_from, saved.sha256), (0, digest(BODY)));
}

#[test]
fn range_that_was_not_asked_for_starts_anew() {
    for headers in [
        // Another start, another version, no version, a part of the rest, no range, an unknown total.
        "ETag: \"v1\"\r\nContent-Range: bytes 6-19/20\r\nContent-Length: 14\r\n",
        "ETag: \"v2\"\r\nContent-Range: bytes 7-19/20\r\nContent-Length: 13\r\n",
        "Content-Range: bytes 7-19/20\r\nContent-Length: 13\r\n",
        "ETag: \"v1\"\r\nContent-Range: bytes 7-9/20\r\nContent-Length: 3\r\n",
        "ETag: \"v1\"\r\nContent-Length: 13\r\n",
        "ETag: \"v1\"\r\nContent-Range: bytes 7-19/*\r\nContent-Length: 13\r\n",
        "ETag: \"v1\"\r\nContent-Range: bytes 7-19999/20000\r\nContent-Length: 19993\r\n",
    ] {
        let lab = Lab::new();
        lab.cut_off("/list", "\"v1\"", 7);
        lab.server.script("/list", [part(headers, b"xxxxxxxxxxxxxxxx"), Behaviour::Serve(content("\"v1\""))]);
        let saved = lab.saved(&lab.expecting("/list", BODY));
        assert_eq!((saved.resumed_from, saved.sha256), (0, digest(BODY)), "{headers}");
        assert_eq!(lab.last_range(), None);
    }
}

#[test]
fn part_longer_than_the_body_starts_anew() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    fs::write(lab.path("list.part"), [b'x'; 50]).unwrap();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let saved = lab.saved(&lab.job("/list"));
    assert_eq!((saved.resumed_from, saved.sha256), (0, digest(BODY)));
    assert_eq!(lab.server.count("/list"), 3, "cut off, range refused with 416, all of it");
}

#[test]
fn spoiled_part_is_found_out_and_deleted() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    fs::write(lab.path("list.part"), "spoiled").unwrap();
    fs::write(lab.path("list"), "the last good one").unwrap();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let failure = failure(lab.download(&lab.expecting("/list", BODY)));
    assert!(matches!(failure, FetchFailure::WrongDigest { .. }), "{failure:?}");
    assert!(failure.to_string().ends_with("deleted what had come"), "{failure}");
    assert_eq!(lab.left(), ["list"]);
    assert_eq!(fs::read(lab.path("list")).unwrap(), b"the last good one");
    assert_eq!(lab.saved(&lab.expecting("/list", BODY)).sha256, digest(BODY));
}

#[test]
fn content_other_than_expected_is_deleted() {
    let lab = Lab::new();
    fs::write(lab.path("list"), "the last good one").unwrap();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let failure = failure(lab.download(&lab.expecting("/list", b"01234567890123456789")));
    assert!(matches!(failure, FetchFailure::WrongDigest { got, .. } if got == digest(BODY)), "{failure:?}");
    assert_eq!(lab.left(), ["list"]);
    assert_eq!(fs::read(lab.path("list")).unwrap(), b"the last good one");
}

#[test]
fn size_other_than_expected_is_refused_before_the_body_is_read() {
    let lab = Lab::new();
    for want in [19_u64, 21] {
        // Only the head ever comes.
        lab.server.at("/list", Behaviour::Stall { body: BODY.to_vec(), sent: 0 });
        let mut job = lab.job("/list");
        job.expected = Some(Expected { sha256: digest(BODY), bytes: Some(want) });
        let failure = failure(lab.download(&job));
        assert!(
            matches!(failure, FetchFailure::WrongSize { got: 20, want: told } if told == want),
            "{failure:?}"
        );
        assert!(lab.left().is_empty());
    }
}

#[test]
fn endless_download_is_stopped_and_deleted() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Endless);
    let unknown = failure(lab.download(&lab.job("/list")));
    assert!(matches!(unknown, FetchFailure::TooLarge { max_bytes: MAX_BYTES, .. }), "{unknown:?}");
    let expected = failure(lab.download(&lab.expecting("/list", BODY)));
    assert!(matches!(expected, FetchFailure::TooLarge { max_bytes: 20, .. }), "{expected:?}");
    assert!(lab.left().is_empty());
}

#[test]
fn download_without_a_strong_tag_is_not_kept_when_cut_off() {
    let lab = Lab::new();
    lab.cut_off("/list", "W/\"v1\"", 7);
    assert!(lab.left().is_empty());
    lab.server.at("/list", Behaviour::Serve(content("W/\"v1\"")));
    assert_eq!(lab.saved(&lab.job("/list")).resumed_from, 0);
}

#[test]
fn empty_body_is_a_body() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(Content::new("").with_etag("\"v1\"")));
    assert_eq!(lab.saved(&lab.expecting("/list", b"")).bytes, 0);
    assert_eq!(fs::read(lab.path("list")).unwrap(), b"");
}

#[test]
fn error_of_the_server_leaves_the_part_alone() {
    let lab = Lab::new();
    lab.cut_off("/list", "\"v1\"", 7);
    lab.server.at("/list", Behaviour::Status(503));
    assert!(matches!(failure(lab.download(&lab.job("/list"))), FetchFailure::Status { status: 503 }));
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    assert_eq!(lab.saved(&lab.job("/list")).resumed_from, 7);
}

#[test]
fn directory_that_is_not_there_is_named() {
    let lab = Lab::new();
    lab.server.at("/list", Behaviour::Serve(content("\"v1\"")));
    let job = Download { path: lab.path("missing/list"), ..lab.job("/list") };
    let failure = failure(lab.download(&job));
    assert!(matches!(&failure, FetchFailure::File { path, .. } if *path == job.path), "{failure:?}");
}

#[test]
fn mirror_with_the_wrong_content_is_passed_over() {
    let lab = Lab::new();
    lab.server.at("/bad", Behaviour::Serve(Content::with_digest("01234567890123456789")));
    lab.server.at("/good", Behaviour::Serve(Content::with_digest(BODY)));
    let mirrors = ["/bad", "/good"].map(|path| lab.expecting(path, BODY));
    let accept = |_: &Download, downloaded| Ok::<_, std::fmt::Error>(downloaded);
    let got = lab.client().download_any(&mirrors, &mut |bound| bound - 1, LONG, accept).unwrap();
    assert!(matches!(got, Downloaded::Saved(Saved { sha256, .. }) if sha256 == digest(BODY)));
}

#[test]
fn directory_on_a_plain_web_server_is_a_mirror() {
    let lab = Lab::new();
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("list"), BODY).unwrap();
    lab.server.directory(site.path());
    let mut job = lab.expecting("/list", BODY);
    job.request.validators = lab.saved(&job).validators;
    assert_eq!(lab.download(&job).unwrap(), Downloaded::NotModified);
}
