//! Large bodies into files, taken up where they were cut off.
//!
//! Spec: RFC 9110 §14 (ranges), §13.1.5 (`If-Range`).

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use hyper::header::{HeaderMap, IF_RANGE, RANGE};

use super::client::{conditions, set};
use super::exchange::{self, Answer};
use super::limits::Limits;
use super::partial::{Part, PartWriter, Place};
use super::validators::ContentRange;
use super::{AsyncClient, ETag, FetchError, FetchFailure, HttpsUrl, Request, Validators};

/// One thing to fetch into a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Download {
    /// What to fetch.
    pub request: Request,
    /// Where it goes. Until all has come, `PATH.part` and `PATH.part-record` lie beside it; a link there is replaced, not
    /// followed. Two downloads to one path at the same time spoil each other: the caller locks.
    pub path: PathBuf,
    /// What it must be, if that is known; anything else is deleted. Without it, the caller must not trust the file
    /// before it has looked at its content.
    pub expected: Option<Expected>,
}

/// What a content-addressed name promises.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expected {
    /// The digest of all bytes.
    pub sha256: [u8; 32],
    /// How many there are, if that is known.
    pub bytes: Option<u64>,
}

/// What became of a download.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Downloaded {
    /// The body is still the one that the request's validators belong to; the file was not touched.
    NotModified,
    /// The file is there.
    Saved(Saved),
}

/// A file that has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Saved {
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: [u8; 32],
    /// How many of its bytes had come at an earlier attempt.
    pub resumed_from: u64,
    /// To be sent with the next request.
    pub validators: Validators,
    /// Where the server sent us on to, in order.
    pub redirects: Vec<HttpsUrl>,
}

impl AsyncClient {
    /// Fetches a body into a file, which appears whole or not at all. What an earlier attempt at the same URL left is taken
    /// up if the server still has the same version of it, by its strong `ETag`. Files are read and written where the
    /// future runs, without a thread of their own.
    ///
    /// # Errors
    /// [`FetchError`]. A part that can be taken up stays; where size or digest are not the expected ones nothing does.
    pub async fn download(&self, download: &Download) -> Result<Downloaded, FetchError> {
        self.download_within(download, self.deadline()).await
    }

    pub(super) async fn download_within(
        &self,
        download: &Download,
        patience: Duration,
    ) -> Result<Downloaded, FetchError> {
        let limits = self.limits(patience);
        let job = Job { client: self, download, limits, place: Place::beside(&download.path) };
        job.run().await.map_err(|cause| cause.of(&download.request.url))
    }
}

struct Job<'a> {
    client: &'a AsyncClient,
    download: &'a Download,
    limits: Limits,
    place: Place,
}

impl Job<'_> {
    async fn run(&self) -> Result<Downloaded, FetchFailure> {
        let part = self.place.find(&self.download.request.url).filter(|part| part.bytes < self.max_bytes());
        if let Some(part) = part {
            let answer = self.ask(Some(&part)).await?;
            match answer.status {
                206 if continues(&answer.headers, &part, self.max_bytes()) => {
                    return self.take_up(answer, &part).await;
                }
                // The server's range makes no sense, or ours does not any more.
                206 | 416 => self.place.discard(),
                _ => return self.take_all(answer).await,
            }
        }
        let answer = self.ask(None).await?;
        self.take_all(answer).await
    }

    /// The expected size is a limit, too.
    fn max_bytes(&self) -> u64 {
        let expected = self.download.expected.and_then(|expected| expected.bytes).unwrap_or(u64::MAX);
        self.download.request.max_bytes.min(expected)
    }

    async fn ask(&self, part: Option<&Part>) -> Result<Answer, FetchFailure> {
        let request = &self.download.request;
        let mut headers = conditions(&request.validators);
        if let Some(part) = part {
            set(&mut headers, RANGE, Some(&format!("bytes={}-", part.bytes)));
            set(&mut headers, IF_RANGE, Some(part.etag.as_str()));
        }
        exchange::ask(&self.client.http, &request.url, headers, &self.limits).await
    }

    async fn take_up(&self, answer: Answer, part: &Part) -> Result<Downloaded, FetchFailure> {
        let mut writer = self.place.resume(part).map_err(|source| self.spoiled(source))?;
        let validators =
            Validators::new(Some(part.etag.as_str()), Validators::of(&answer.headers).last_modified());
        // The server promised the whole range; what is missing of it was cut off.
        let total = ContentRange::of(&answer.headers).map(|range| range.total);
        self.take(answer, &mut writer, part.bytes, total, validators).await
    }

    async fn take_all(&self, answer: Answer) -> Result<Downloaded, FetchFailure> {
        match answer.status {
            304 if !self.download.request.validators.is_empty() => return Ok(Downloaded::NotModified),
            200 => {}
            status => return Err(FetchFailure::Status { status }),
        }
        let validators = Validators::of(&answer.headers);
        let etag = validators.etag().cloned();
        let mut writer = self
            .place
            .begin(&self.download.request.url, etag.as_ref())
            .map_err(|source| self.spoiled(source))?;
        self.take(answer, &mut writer, 0, None, validators).await
    }

    async fn take(
        &self,
        mut answer: Answer,
        writer: &mut PartWriter,
        resumed_from: u64,
        total: Option<u64>,
        validators: Validators,
    ) -> Result<Downloaded, FetchFailure> {
        let redirects = std::mem::take(&mut answer.redirects);
        self.write_body(answer, writer, total).await?;
        self.check(writer).inspect_err(|_| self.place.discard())?;
        self.place.finish(writer).map_err(|source| self.spoiled(source))?;
        let (bytes, sha256) = (writer.bytes(), writer.sha256());
        Ok(Downloaded::Saved(Saved { bytes, sha256, resumed_from, validators, redirects }))
    }

    async fn write_body(
        &self,
        answer: Answer,
        writer: &mut PartWriter,
        total: Option<u64>,
    ) -> Result<(), FetchFailure> {
        if let Some(announced) = answer.announced() {
            let size = writer.bytes().saturating_add(announced);
            self.check_size(size).inspect_err(|_| self.place.discard())?;
        }
        let room = self.max_bytes().saturating_sub(writer.bytes());
        let mut body = answer.into_body(self.limits, room).map_err(|failure| self.given_up(failure))?;
        while let Some(piece) = body.next().await.map_err(|failure| self.given_up(failure))? {
            writer.write_all(piece.as_ref()).map_err(|source| self.spoiled(source))?;
        }
        match total {
            Some(total) if total != writer.bytes() => {
                let cut = FetchFailure::Truncated { got_bytes: writer.bytes(), announced: Some(total) };
                Err(self.given_up(cut))
            }
            _ => Ok(()),
        }
    }

    fn check(&self, writer: &PartWriter) -> Result<(), FetchFailure> {
        self.check_size(writer.bytes())?;
        match self.download.expected {
            Some(Expected { sha256: want, .. }) if want != writer.sha256() => {
                Err(FetchFailure::WrongDigest { got: writer.sha256(), want })
            }
            _ => Ok(()),
        }
    }

    fn check_size(&self, got: u64) -> Result<(), FetchFailure> {
        match self.download.expected.and_then(|expected| expected.bytes) {
            Some(want) if want != got => Err(FetchFailure::WrongSize { got, want }),
            _ => Ok(()),
        }
    }

    /// The part stays where it can be taken up, but not one that is too large.
    fn given_up(&self, failure: FetchFailure) -> FetchFailure {
        match failure {
            FetchFailure::TooLarge { announced, .. } => {
                self.place.discard();
                FetchFailure::TooLarge { max_bytes: self.max_bytes(), announced }
            }
            failure => {
                self.place.keep_if_resumable();
                failure
            }
        }
    }

    /// A file that cannot be used is deleted: on a full disk it would be in the way.
    fn spoiled(&self, source: std::io::Error) -> FetchFailure {
        self.place.discard();
        FetchFailure::File { path: self.place.target().to_owned(), source }
    }
}

/// Tells whether the answer is exactly the rest of the part, and of the same version.
fn continues(headers: &HeaderMap, part: &Part, max_bytes: u64) -> bool {
    let same = Validators::of(headers).etag().map(ETag::as_str) == Some(part.etag.as_str());
    let rest = ContentRange::of(headers).is_some_and(|range| {
        range.first == part.bytes && range.last + 1 == range.total && range.total <= max_bytes
    });
    same && rest
}
