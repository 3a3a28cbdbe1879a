//! One connection: one request, one answer.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HyperRequest, Response as HyperResponse, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::message::plain;
use super::{Request, Response, ServerSettings};

/// The head of a request may be as long; reverse proxies allow less.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// More header lines than any client sends.
const MAX_HEADERS: usize = 64;

pub(super) async fn serve<H>(
    stream: TcpStream,
    places: Arc<Semaphore>,
    settings: ServerSettings,
    handler: Arc<H>,
) where
    H: Fn(Request) -> Response + Send + Sync + 'static,
{
    let service = service_fn(|request| {
        let (handler, places) = (Arc::clone(&handler), Arc::clone(&places));
        async move { Ok::<_, Infallible>(answer(request, settings, handler, places).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let all =
        settings.header_timeout + settings.body_timeout + settings.handler_timeout + settings.write_timeout;
    // A client that breaks off or speaks no HTTP is its own business.
    let _ = timeout(all, connection).await;
}

async fn answer<H>(
    request: HyperRequest<Incoming>,
    settings: ServerSettings,
    handler: Arc<H>,
    places: Arc<Semaphore>,
) -> HyperResponse<Full<Bytes>>
where
    H: Fn(Request) -> Response + Send + Sync + 'static,
{
    let request = match timeout(settings.body_timeout, read(request, settings.max_body_bytes)).await {
        Ok(Ok(request)) => request,
        Ok(Err(status)) => return plain(status),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT),
    };
    let answered = async {
        let Ok(place) = places.acquire_owned().await else { return plain(StatusCode::SERVICE_UNAVAILABLE) };
        let response = tokio::task::spawn_blocking(move || {
            // Held until the handler is done, even when nobody waits for it any more.
            let _place = place;
            handler(request)
        });
        response.await.map_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR), Response::into_hyper)
    };
    let late = |_| plain(StatusCode::SERVICE_UNAVAILABLE);
    timeout(settings.handler_timeout, answered).await.unwrap_or_else(late)
}

async fn read(request: HyperRequest<Incoming>, max_bytes: usize) -> Result<Request, StatusCode> {
    let (head, body) = request.into_parts();
    let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > MAX_HEAD_BYTES {
        // The library stops reading there, but takes what has come at once.
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = Limited::new(body, max_bytes).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })?;
    Ok(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        body: body.to_bytes().to_vec(),
    })
}
