//! Documents of token issuers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;

use crate::domain::{KeySource, KeySourceError};
use crate::providers::Transport;

/// How long one document may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest document, in bytes. Real ones have a few KiB.
const LARGEST: usize = 256 * 1024;

/// Fetches documents over the transport of vendors, which follows no
/// redirects and reads no proxy from the environment.
pub(super) struct HttpKeySource(pub(super) Arc<dyn Transport>);

#[async_trait]
impl KeySource for HttpKeySource {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySourceError> {
        let request = Request::get(url)
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|_| KeySourceError("the address cannot be asked".to_owned()))?;
        timeout(PATIENCE, self.exchange(request))
            .await
            .map_err(|_| KeySourceError("it took too long".to_owned()))?
    }
}

impl HttpKeySource {
    async fn exchange(&self, request: Request<Bytes>) -> Result<Vec<u8>, KeySourceError> {
        let response = self.0.send(request).await;
        let response = response.map_err(|error| KeySourceError(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(KeySourceError(format!("status {}", response.status())));
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| KeySourceError(error.to_string()))?;
        Ok(body.to_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use http::Response;
    use http_body_util::Full;

    use super::*;
    use crate::providers::{TransportBody, TransportError};

    /// A server that answers with this status and body, or never.
    struct Server(Option<(u16, Vec<u8>)>);

    #[async_trait]
    impl Transport for Server {
        async fn send(
            &self,
            request: Request<Bytes>,
        ) -> Result<Response<TransportBody>, TransportError> {
            assert!(request.headers().get(header::AUTHORIZATION).is_none());
            let Some((status, body)) = &self.0 else {
                return std::future::pending().await;
            };
            let body = Full::from(body.clone()).map_err(|never| match never {});
            let response = Response::builder().status(*status);
            Ok(response.body(body.boxed_unsync()).unwrap())
        }
    }

    async fn fetch(server: Server) -> Result<Vec<u8>, String> {
        let source = HttpKeySource(Arc::new(server));
        let fetched = source.fetch("https://keys.example.com/jwks").await;
        fetched.map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_whole_answer_in_time_and_within_bounds_counts() {
        let good = fetch(Server(Some((200, b"{}".to_vec())))).await;
        let elsewhere = fetch(Server(Some((302, Vec::new())))).await;
        let large = fetch(Server(Some((200, vec![b' '; LARGEST + 1])))).await;
        let never = fetch(Server(None)).await;

        assert_eq!(good.unwrap(), b"{}");
        assert_eq!(elsewhere.unwrap_err(), "status 302 Found");
        assert_eq!(large.unwrap_err(), "length limit exceeded");
        assert_eq!(never.unwrap_err(), "it took too long");
    }
}
