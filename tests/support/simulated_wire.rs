//! The network of a gateway in memory: every request ends in the simulator.

use ai_gateway::providers::{BodyError, Transport, TransportBody, TransportError};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use vendor_sim::ConnectionFault;

/// The transport that ends in the simulator.
pub(crate) struct Wire(pub(crate) axum::Router);

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let request = request.map(Body::from);
        let response = self.0.clone().oneshot(request).await;
        let response = response.map_err(|never| TransportError::Lost(never.to_string()))?;
        match response.extensions().get::<ConnectionFault>() {
            Some(ConnectionFault::Refused) => {
                return Err(TransportError::Connect("connection refused".to_owned()));
            }
            Some(ConnectionFault::Reset) => {
                return Err(TransportError::Lost("connection reset".to_owned()));
            }
            None => {}
        }
        Ok(response.map(|body| {
            body.map_err(|error| BodyError(error.to_string()))
                .boxed_unsync()
        }))
    }
}
