//! One request, one answer, within bounds.
//!
//! Spec: RFC 8461 §3.2 (media type), §3.3 (status, redirects, size), RFC 9110 §8.3 (media types), §8.4 (codings).

use std::pin::pin;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use starttls_policy::printable;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{HTTPS_PORT, MAX_BODY_BYTES, MAX_HEAD_BYTES, PolicyHostError, PolicyHostSettings};

/// More header lines than any web server sends.
const MAX_HEADERS: usize = 64;

/// How much of a header's text is shown.
const MAX_SHOWN_CHARS: usize = 64;

type Stream = TlsStream<TcpStream>;

pub(super) async fn get(
    stream: Stream,
    host: &str,
    settings: &PolicyHostSettings,
) -> Result<Vec<u8>, PolicyHostError> {
    let broken = |source| PolicyHostError::Http { host: host.to_owned(), source };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = request(host, settings);
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|source| {
            if source.is_parse_too_large() {
                PolicyHostError::TooLarge { host: host.to_owned() }
            } else {
                broken(source)
            }
        })?;
        read(response, host).await
    };
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    tokio::select! {
        biased;
        done = &mut exchange => return done,
        // What it had to say has been said to the exchange.
        _ = &mut connection => {}
    }
    exchange.await
}

fn request(host: &str, settings: &PolicyHostSettings) -> Request<Empty<Bytes>> {
    let authority =
        if settings.port == HTTPS_PORT { host.to_owned() } else { format!("{host}:{}", settings.port) };
    let agent = settings.user_agent.chars().filter(|c| matches!(c, ' '..='~')).collect::<String>();
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = hyper::Uri::from_static("/.well-known/mta-sts.txt");
    for (name, value) in [
        (header::HOST, authority),
        (header::USER_AGENT, agent),
        (header::ACCEPT, "text/plain".to_owned()),
        (header::ACCEPT_ENCODING, "identity".to_owned()),
        (header::CONNECTION, "close".to_owned()),
    ] {
        // Host names and printable ASCII always can be.
        if let Ok(value) = HeaderValue::try_from(value) {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

async fn read(response: Response<Incoming>, host: &str) -> Result<Vec<u8>, PolicyHostError> {
    let host = || host.to_owned();
    let (head, body) = response.into_parts();
    if head.status != StatusCode::OK {
        return Err(PolicyHostError::Status { host: host(), status: head.status.as_u16() });
    }
    if let Some(coding) = shown(&head.headers, &header::CONTENT_ENCODING)
        && !coding.eq_ignore_ascii_case("identity")
    {
        return Err(PolicyHostError::Coded { host: host(), coding });
    }
    let media_type = shown(&head.headers, &header::CONTENT_TYPE);
    if !media_type.as_deref().is_some_and(is_plain_text) {
        return Err(PolicyHostError::MediaType { host: host(), got: media_type });
    }
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(PolicyHostError::TooLarge { host: host() });
    }
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(PolicyHostError::TooLarge { host: host() }),
        Err(error) => Err(match error.downcast::<hyper::Error>() {
            Ok(source) => PolicyHostError::Http { host: host(), source: *source },
            Err(_) => PolicyHostError::TooLarge { host: host() },
        }),
    }
}

/// A header's text, short and fit to be shown.
fn shown(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    let text: String = String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_SHOWN_CHARS).collect();
    Some(printable(&text))
}

/// RFC 8461 §3.2: parameters are ignored.
fn is_plain_text(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/plain")
}

#[cfg(test)]
mod rfc8461_section_3_2 {
    use super::*;

    #[test]
    fn media_type_is_plain_text_whatever_its_parameters() {
        for text in
            ["text/plain", "Text/PLAIN", "text/plain; charset=utf-8", "text/plain ;x=\"html\"", "text/plain;"]
        {
            assert!(is_plain_text(text), "{text}");
        }
        for text in
            ["", "text/html", "text/plainer", "text", "application/octet-stream;text/plain", "text/ plain"]
        {
            assert!(!is_plain_text(text), "{text}");
        }
    }
}
