//! A vendor's address, with what every request to it carries.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use tokio::time::{Instant, timeout_at};

use super::exchange::{Exchange, OpenReply, Reply};
use super::failure::{self, Words};
use super::settings::ProviderSettings;
use super::streaming::{self, Assembly};
use super::vertex::{GoogleIdentity, IdentityError};
use crate::domain::{ProviderCall, ProviderError, ProviderErrorKind, Secret};

/// How long a token may take; the metadata server answers in milliseconds.
const TOKEN_WAIT: Duration = Duration::from_secs(10);

/// Reads what an error body says, in one vendor's form.
type ReadRefusal = fn(StatusCode, &[u8]) -> Words;

/// Sends a vendor's requests and tells its answers from its refusals.
pub(super) struct Endpoint {
    exchange: Exchange,
    base_url: String,
    headers: HeaderMap,
    key: Option<Secret>,
    identity: Option<Arc<dyn GoogleIdentity>>,
    list_headers: HeaderMap,
    deadline_header: Option<HeaderName>,
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
            identity: None,
            list_headers: HeaderMap::new(),
            deadline_header: None,
            read_refusal,
        }
    }

    /// Tells the vendor in this header how many seconds the call has left, so
    /// that it can give up when we do.
    pub(super) fn telling_deadline(mut self, name: HeaderName) -> Self {
        self.deadline_header = Some(name);
        self
    }

    /// Proves every request with a token of this identity.
    pub(super) fn with_identity(mut self, identity: Arc<dyn GoogleIdentity>) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Tells whether an identity stands for a key.
    pub(super) const fn has_identity(&self) -> bool {
        self.identity.is_some()
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

    /// Sends this header with lists, and with nothing else.
    ///
    /// # Errors
    /// A sentence if it is no header.
    pub(super) fn with_list_header(
        mut self,
        name: HeaderName,
        value: &str,
    ) -> Result<Self, String> {
        let value = HeaderValue::try_from(value)
            .map_err(|_| format!("the value of {name} for {} cannot be sent", self.base_url))?;
        self.list_headers.insert(name, value);
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

    /// Posts JSON and follows the answer as it comes, whole or as a stream.
    ///
    /// # Errors
    /// [`ProviderError`] for everything but a success.
    pub(super) async fn follow(
        &self,
        address: &Uri,
        json: Bytes,
        call: &ProviderCall<'_>,
        assembly: &mut dyn Assembly,
    ) -> Result<Reply, ProviderError> {
        let open = self.open(posting(address, json)?, call.deadline).await?;
        let reply = streaming::follow(open, call, assembly).await?;
        self.told(reply)
    }

    /// Follows the answer of `path` below the base URL, as
    /// [`Endpoint::follow`] does.
    ///
    /// # Errors
    /// As for [`Endpoint::follow`]; `InvalidRequest` if it is no path.
    pub(super) async fn follow_to(
        &self,
        path: &str,
        json: Bytes,
        call: &ProviderCall<'_>,
        assembly: &mut dyn Assembly,
    ) -> Result<Reply, ProviderError> {
        let address = self.address(path).map_err(failure::unsendable)?;
        self.follow(&address, json, call, assembly).await
    }

    /// Gets an answer from `path` below the base URL, as [`Endpoint::get`]
    /// does.
    ///
    /// # Errors
    /// As for [`Endpoint::get`]; `InvalidRequest` if it is no path.
    pub(super) async fn get_from(
        &self,
        path: &str,
        deadline: Instant,
    ) -> Result<Reply, ProviderError> {
        let address = self.address(path).map_err(failure::unsendable)?;
        self.get(&address, deadline).await
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
        let mut request = request.map_err(|fault| failure::unsendable(fault.to_string()))?;
        request.headers_mut().extend(self.list_headers.clone());
        let reply = self.open(request, deadline).await?.whole().await?;
        self.told(reply)
    }

    /// Proves that the identity, if there is one, has a token.
    ///
    /// # Errors
    /// `Unauthorized` or `Transport`.
    pub(super) async fn prove(&self, deadline: Instant) -> Result<(), ProviderError> {
        match &self.identity {
            Some(identity) => token(identity.as_ref(), deadline).await.map(drop),
            None => Ok(()),
        }
    }

    /// Tells an answer from a refusal.
    fn told(&self, reply: Reply) -> Result<Reply, ProviderError> {
        if reply.status.is_success() {
            return Ok(reply);
        }
        let words = (self.read_refusal)(reply.status, &reply.body);
        let mut error = failure::of_reply(&reply, words);
        if let (StatusCode::UNAUTHORIZED, Some(identity), Some(token)) =
            (reply.status, &self.identity, &reply.key)
        {
            identity.refused(token);
            // The next attempt has a token of its own.
            error.should_retry = Some(true);
        }
        Err(error)
    }

    async fn open(
        &self,
        mut request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<OpenReply, ProviderError> {
        let headers = request.headers_mut();
        headers.reserve(self.headers.len());
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let token = match &self.identity {
            Some(identity) => Some(token(identity.as_ref(), deadline).await?),
            None => None,
        };
        if let Some(token) = &token {
            let mut proof = HeaderValue::try_from(format!("Bearer {}", token.expose()))
                .map_err(|_| failure::unsendable("the access token cannot be sent"))?;
            proof.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, proof);
        }
        // After the wait for the token, which takes its part of the time.
        if let Some(name) = &self.deadline_header {
            let left = deadline.saturating_duration_since(Instant::now());
            let seconds = left.as_millis().div_ceil(1_000).to_string();
            if let Ok(seconds) = HeaderValue::try_from(seconds) {
                request.headers_mut().insert(name, seconds);
            }
        }
        let mut open = self.exchange.open(request, deadline).await?;
        open.key = token.or_else(|| self.key.clone());
        Ok(open)
    }
}

fn posting(address: &Uri, json: Bytes) -> Result<Request<Bytes>, ProviderError> {
    let request = Request::post(address.clone()).body(json);
    let mut request = request.map_err(|fault| failure::unsendable(fault.to_string()))?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(request)
}

/// Waits for a token, as long as the call has.
async fn token(identity: &dyn GoogleIdentity, deadline: Instant) -> Result<Secret, ProviderError> {
    let waited = timeout_at(deadline.min(Instant::now() + TOKEN_WAIT), identity.token()).await;
    waited
        .unwrap_or(Err(IdentityError::Unavailable))
        .map_err(|error| {
            let kind = match error {
                IdentityError::Unavailable => ProviderErrorKind::Transport,
                IdentityError::Refused => ProviderErrorKind::Unauthorized,
            };
            ProviderError::new(kind, failure::presentable(&error.to_string(), None))
        })
}

/// Writes `text` so that it is one segment of a path, whatever is in it.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_stays_one_segment() {
        assert_eq!(
            segment("claude-haiku-4-5@20251001"),
            "claude-haiku-4-5@20251001"
        );
        assert_eq!(segment("../a?b#c/é:d"), "..%2Fa%3Fb%23c%2F%C3%A9%3Ad");
    }
}
