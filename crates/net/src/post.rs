//! One short text posted to a service, and its short answer; each within a byte limit and a deadline.
//!
//! Over HTTPS; over plain HTTP to this very machine alone. Redirects are not followed: the caller sees their status.
//!
//! Spec: RFC 9110 §9.3.3 (POST).

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::runtime::Builder;
use tokio::time::timeout;
use url::Url;

use crate::https::{ClientError, ClientSettings, Connector, ExchangeError};

/// Posts texts. Not to be used from within an asynchronous task.
#[derive(Clone, Debug)]
pub struct Poster {
    settings: ClientSettings,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Posted {
    /// Such as 200.
    pub status: u16,
    /// The header of that name; empty if there is none.
    pub content_type: String,
    /// All of it.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// Not `https`, nor `http` on this machine.
    #[error(
        "the URL is not `https:`, nor `http:` with an address of this machine; without user and fragment"
    )]
    Url,
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No answer in time.
    #[error("no answer within {} s", deadline.as_secs())]
    TimedOut {
        /// The limit.
        deadline: Duration,
    },
    /// The answer is too long.
    #[error("the answer is longer than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// Anything on the way.
    #[error("{words}")]
    Failed {
        /// The error and its innermost cause.
        words: String,
    },
}

impl Poster {
    /// With these roots, proxy and limits of time.
    pub const fn new(settings: ClientSettings) -> Self {
        Self { settings }
    }

    /// Posts `body` as plain text, and returns an answer of at most `max_bytes`.
    ///
    /// # Errors
    /// [`PostError`]; an answer that refuses is none.
    pub fn post(&self, url: &str, body: Vec<u8>, max_bytes: u64) -> Result<Posted, PostError> {
        let url = checked(url)?;
        let client = self.client(&url)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| ClientError::Runtime { source })?;
        let deadline = self.settings.deadline;
        let answered =
            runtime.block_on(async { timeout(deadline, exchange(&client, url, body, max_bytes)).await });
        // A name look-up that hangs must not keep us.
        runtime.shutdown_background();
        answered.unwrap_or(Err(PostError::TimedOut { deadline }))
    }

    fn client(&self, url: &Url) -> Result<Connector, ClientError> {
        if url.scheme() == "https" {
            Connector::new(&self.settings)
        } else {
            Connector::local(&self.settings)
        }
    }
}

fn checked(url: &str) -> Result<Url, PostError> {
    let url = Url::parse(url).map_err(|_| PostError::Url)?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_here = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let is_fit = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_fit && is_bare { Ok(url) } else { Err(PostError::Url) }
}

async fn exchange(client: &Connector, url: Url, body: Vec<u8>, max_bytes: u64) -> Result<Posted, PostError> {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, text)]);
    let mut response = client.send(Method::POST, &url, headers, body).await.map_err(failed)?;
    let status = response.head.status.as_u16();
    let content_type = response.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Some(piece) =
        response.chunk().await.map_err(|error| PostError::Failed { words: words(&error) })?
    {
        body.extend_from_slice(&piece);
        if u64::try_from(body.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(PostError::TooLarge { max_bytes });
        }
    }
    Ok(Posted { status, content_type, body })
}

fn failed(error: ExchangeError) -> PostError {
    let words = match error {
        ExchangeError::Connect(error) => words(&*error),
        ExchangeError::ConnectTimedOut => "no connection in time".to_owned(),
        ExchangeError::Http(error) => words(&error),
    };
    PostError::Failed { words }
}

/// The error and its innermost cause.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(Error::source) {
        innermost = Some(next);
    }
    innermost.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod posting {
    use super::*;
    use crate::http::{Response, Server, ServerSettings, StopHandle};
    use std::thread::JoinHandle;

    fn serve(answer: impl Fn(crate::http::Request) -> Response + Send + Sync + 'static) -> (String, Ended) {
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), ServerSettings::default()).unwrap();
        let url = format!("http://{}/add", server.address());
        let stop = server.stop_handle();
        let thread = std::thread::spawn(move || server.run(answer).unwrap());
        (url, Ended(stop, Some(thread)))
    }

    /// Stops the server when the test ends, however it ends.
    struct Ended(StopHandle, Option<JoinHandle<()>>);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.stop();
            let _ = self.1.take().map(JoinHandle::join);
        }
    }

    fn poster(deadline: Duration) -> Poster {
        Poster::new(ClientSettings { deadline, ..ClientSettings::default() })
    }

    #[test]
    fn brings_back_status_type_and_body_of_any_answer() {
        let (url, _server) = serve(|request| {
            assert_eq!(request.method, "POST");
            Response::new(409, "text/x.tlog.size", request.body)
        });
        let posted = poster(Duration::from_secs(20)).post(&url, b"7\n".to_vec(), 2).unwrap();
        let expected = Posted { status: 409, content_type: "text/x.tlog.size".into(), body: b"7\n".to_vec() };
        assert_eq!(posted, expected);
    }

    #[test]
    fn does_not_follow_redirects() {
        let (url, _server) =
            serve(|_| Response::text(302, "").with_header("Location", "https://elsewhere.example/"));
        assert_eq!(poster(Duration::from_secs(20)).post(&url, Vec::new(), 9).unwrap().status, 302);
    }

    #[test]
    fn gives_up_at_an_answer_that_is_too_long() {
        let (url, _server) = serve(|_| Response::text(200, "x".repeat(100_000)));
        let error = poster(Duration::from_secs(20)).post(&url, Vec::new(), 99_999).unwrap_err();
        assert!(matches!(error, PostError::TooLarge { max_bytes: 99_999 }), "{error}");
    }

    #[test]
    fn gives_up_at_the_deadline() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let error = poster(Duration::from_millis(50)).post(&url, Vec::new(), 9).unwrap_err();
        assert!(matches!(error, PostError::TimedOut { .. }), "{error}");
    }

    #[test]
    fn goes_in_the_clear_to_this_machine_alone() {
        for url in ["https://w.example/x", "http://127.0.0.1:80/x", "http://[::1]/x", "http://127.1.2.3/x"] {
            assert!(checked(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "w.example",
            "http://w.example/x",
            "http://localhost/x",
            "http://10.0.0.1/x",
            "http://127.0.0.1.example/x",
            "ftp://127.0.0.1/x",
            "https://user@w.example/x",
            "https://w.example/x#y",
        ] {
            assert!(matches!(checked(url), Err(PostError::Url)), "{url}");
        }
    }
}
