//! A vendor's address, with what every request to it carries.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use tokio::time::Instant;

use super::exchange::{Exchange, Reply};
use super::failure::{self, Words};
use super::settings::ProviderSettings;
use crate::domain::{ProviderError, Secret};

/// Reads what an error body says, in one vendor's form.
type ReadRefusal = fn(StatusCode, &[u8]) -> Words;

/// Sends a vendor's requests and tells its answers from its refusals.
pub(super) struct Endpoint {
    exchange: Exchange,
    base_url: String,
    headers: HeaderMap,
    key: Option<Secret>,
    read_refusal: ReadRefusal,
}

impl Endpoint {
    pub(super) fn new(
        settings: &ProviderSettings,
        exchange: Exchange,
        read_refusal: ReadRefusal,
    ) -> Self {
        Self {
            exchange,
            base_url: settings.base_url.clone(),
            headers: HeaderMap::new(),
            key: settings.api_key.clone(),
            read_refusal,
        }
    }

    /// Sends this header with every request. Its value counts as a secret.
    ///
    /// # Errors
    /// A sentence if it is no header; the value is not in it.
    pub(super) fn with_header(mut self, name: HeaderName, value: &str) -> Result<Self, String> {
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| format!("the value of {name} for {} cannot be sent", self.base_url))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Returns the address of `path` below the base URL.
    ///
    /// # Errors
    /// A sentence if the two make no address.
    pub(super) fn address(&self, path: &str) -> Result<Uri, String> {
        let address = format!("{}{path}", self.base_url);
        address
            .parse()
            .map_err(|fault| format!("{address} is no address: {fault}"))
    }

    /// Posts JSON and returns the answer, whose status says success.
    ///
    /// # Errors
    /// [`ProviderError`] for everything else.
    pub(super) async fn post(
        &self,
        address: &Uri,
        json: Bytes,
        deadline: Instant,
    ) -> Result<Reply, ProviderError> {
        let request = Request::post(address.clone()).body(json);
        let mut request = request.map_err(|fault| failure::unsendable(fault.to_string()))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        self.send(request, deadline).await
    }

    /// Gets an answer, whose status says success.
    ///
    /// # Errors
    /// [`ProviderError`] for everything else.
    pub(super) async fn get(
        &self,
        address: &Uri,
        deadline: Instant,
    ) -> Result<Reply, ProviderError> {
        let request = Request::get(address.clone()).body(Bytes::new());
        let request = request.map_err(|fault| failure::unsendable(fault.to_string()))?;
        self.send(request, deadline).await
    }

    async fn send(
        &self,
        mut request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Reply, ProviderError> {
        let headers = request.headers_mut();
        headers.reserve(self.headers.len());
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let mut reply = self.exchange.send(request, deadline).await?;
        reply.key.clone_from(&self.key);
        if reply.status.is_success() {
            return Ok(reply);
        }
        let words = (self.read_refusal)(reply.status, &reply.body);
        Err(failure::of_reply(&reply, words))
    }
}
