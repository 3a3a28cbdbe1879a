//! Connections to a web server, directly or through a proxy, and one request over each.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Method, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;
use url::Url;

use super::{ClientError, ClientSettings, MAX_HEADERS, ProxyRoute};

/// Opens a connection for each request.
#[derive(Clone)]
pub(crate) struct Connector {
    /// To a proxy, or to the server itself.
    first_hop: HttpsConnector<HttpConnector>,
    proxy: Option<Arc<Matcher>>,
    tls: TlsConnector,
    connect_timeout: Duration,
    user_agent: HeaderValue,
}

/// The head of a response; its body is still to come. The connection ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) head: hyper::http::response::Parts,
    body: Incoming,
    _connection: JoinSet<()>,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// No connection, or no TLS session over it.
    Connect(Box<dyn Error + Send + Sync>),
    /// No connection in time.
    ConnectTimedOut,
    /// No HTTP over the connection.
    Http(hyper::Error),
}

impl Connector {
    /// Trusts these roots and, except where the settings say otherwise, takes the proxy of the environment.
    pub(crate) fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let config = Arc::new(settings.roots.client_config()?);
        let proxy = settings.proxy.route()?.as_ref().map(ProxyRoute::to_matcher).map(Arc::new);
        Ok(Self::with(settings, config, proxy))
    }

    /// Trusts nobody and asks directly: for what never leaves this machine.
    pub(crate) fn local(settings: &ClientSettings) -> Result<Self, ClientError> {
        let nobody = crate::roots::Roots::Only(Vec::new()).client_config()?;
        Ok(Self::with(settings, Arc::new(nobody), None))
    }

    fn with(settings: &ClientSettings, config: Arc<ClientConfig>, proxy: Option<Arc<Matcher>>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let agent: String = settings.user_agent.chars().filter(|c| matches!(c, ' '..='~')).collect();
        Self {
            first_hop: HttpsConnector::from((tcp, Arc::clone(&config))),
            proxy,
            tls: TlsConnector::from(config),
            connect_timeout: settings.connect_timeout,
            // Printable ASCII always can be.
            user_agent: HeaderValue::from_str(&agent).unwrap_or(HeaderValue::from_static("")),
        }
    }

    /// Sends one request and waits for the head of the response.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Exchange, ExchangeError> {
        let request = self.request(method, url, headers, body)?;
        let connection = timeout(self.connect_timeout, self.connect(url)).await;
        let connection =
            connection.map_err(|_| ExchangeError::ConnectTimedOut)?.map_err(ExchangeError::Connect)?;
        let mut builder = http1::Builder::new();
        builder.max_headers(MAX_HEADERS);
        let (mut sender, driver) = builder.handshake(connection).await.map_err(ExchangeError::Http)?;
        let mut driving = JoinSet::new();
        // What goes wrong with it is said by the response and its body.
        driving.spawn(async move { drop(driver.await) });
        let response = sender.send_request(request).await.map_err(ExchangeError::Http)?;
        let (head, body) = response.into_parts();
        Ok(Exchange { head, body, _connection: driving })
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<hyper::Request<Full<Bytes>>, ExchangeError> {
        let impossible = |error: hyper::http::Error| ExchangeError::Connect(error.into());
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = HeaderValue::from_str(&authority(url)).map_err(|error| impossible(error.into()))?;
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, &self.user_agent)
            .header(HOST, host)
            .body(Full::new(Bytes::from(body)))
            .map_err(impossible)?;
        request.headers_mut().extend(headers);
        Ok(request)
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Connection>, Box<dyn Error + Send + Sync>> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let uri = |scheme: &str| format!("{scheme}://{host}:{port}/").parse::<Uri>();
        let mut first_hop = self.first_hop.clone();
        let is_tls = url.scheme() == "https";
        let through = self.proxy.as_ref().and_then(|proxy| proxy.intercept(&uri(url.scheme()).ok()?));
        let stream = match through.filter(|_| is_tls) {
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), first_hop);
                if let Some(password) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(password.clone());
                }
                tunnel.call(uri("https")?).await?
            }
            // TLS with the server itself is ours.
            None => first_hop.call(uri("http")?).await?,
        };
        if !is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
        let stream = self.tls.connect(name, TokioIo::new(stream)).await?;
        Ok(Box::new(TokioIo::new(stream)))
    }
}

/// What HTTP is spoken over.
trait Connection: Read + Write + Unpin + Send {}

impl<T: Read + Write + Unpin + Send> Connection for T {}

impl Exchange {
    /// The length of the body that the server announces.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The next piece of the body; `None` after the last one.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        while let Some(frame) = self.body.frame().await {
            // Trailers are left out.
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// Host, and port if it is not the scheme's own (RFC 9110 §7.2).
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
