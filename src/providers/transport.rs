//! How bytes reach a vendor.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use reqwest::redirect::Policy;
use thiserror::Error;

use super::settings::{Settings, Timeouts};

/// How long an unused connection is kept; vendors close theirs after a
/// minute or more.
const POOL_IDLE: Duration = Duration::from_secs(50);
/// The most unused connections to one vendor.
const POOL_SIZE: usize = 256;

/// The body of an answer, still arriving.
pub type TransportBody = UnsyncBoxBody<Bytes, BodyError>;

/// A body that broke off.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct BodyError(pub String);

/// A request that got no answer, not even a status.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// No connection stands; the vendor has seen nothing.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Connecting took too long; the vendor has seen nothing.
    #[error("connecting took too long")]
    ConnectTimeout,
    /// The connection broke after the request went out.
    #[error("the connection broke: {0}")]
    Lost(String),
}

/// Sends one request and returns when the head of the answer is there.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute. Follows no redirect and never
    /// repeats a request. Dropping the future closes the exchange.
    ///
    /// # Errors
    /// [`TransportError`] if no status arrives.
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError>;
}

/// The real thing: one pooled HTTP client for all vendors.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// Makes the client for vendors.
    ///
    /// # Errors
    /// A sentence if TLS cannot be set up.
    pub fn try_new(settings: &Settings) -> Result<Self, String> {
        let vendors = settings.configured.iter();
        let urls: Vec<&str> = vendors.map(|vendor| vendor.base_url.as_str()).collect();
        Self::try_to(&urls, settings.timeouts)
    }

    /// Makes a client for addresses that begin with one of `urls`. It reads
    /// no proxy from the environment and speaks HTTP/2 where the other side
    /// does. The system's certificates are read only if some address is
    /// reached over TLS.
    ///
    /// # Errors
    /// A sentence if TLS cannot be set up.
    pub fn try_to(urls: &[&str], timeouts: Timeouts) -> Result<Self, String> {
        // Only the first call installs it; later ones find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let needs_certificates = urls.iter().any(|url| url.starts_with("https:"));
        let mut builder = reqwest::Client::builder();
        if !needs_certificates {
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(timeouts.connect_ms))
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_SIZE)
            .tcp_nodelay(true)
            .user_agent(concat!("ai-gateway-mcp/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                format!(
                    "the HTTP client cannot start: {}; without the system's certificates, \
                     install the package ca-certificates",
                    cause(&error)
                )
            })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::Connect(cause(&error)))?;
        let response = self.client.execute(request).await.map_err(|error| {
            match (error.is_connect(), error.is_timeout()) {
                (true, true) => TransportError::ConnectTimeout,
                (true, false) => TransportError::Connect(cause(&error)),
                (false, _) => TransportError::Lost(cause(&error)),
            }
        })?;
        let response: Response<reqwest::Body> = response.into();
        Ok(response.map(|body| {
            body.map_err(|error| BodyError(cause(&error)))
                .boxed_unsync()
        }))
    }
}

/// Returns the innermost cause, which says most, and never the URL.
fn cause(error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut innermost = None;
    while let Some(error) = source {
        innermost = Some(error);
        source = error.source();
    }
    innermost.map_or_else(|| "unknown cause".to_owned(), ToString::to_string)
}
