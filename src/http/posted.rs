//! What clients post to `/v1`, up to the point from where each dialect answers
//! in its own words.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use http::HeaderMap;

use super::Door;
use super::body::{self, BodyError, Taken};
use crate::domain::{Caller, CompletionRequest, Draft, Error, RequestId};
use crate::gateway::{Gateway, Origin};

/// A request that has arrived whole.
pub(super) struct Posted {
    /// What its call is named by.
    pub(super) id: RequestId,
    /// What it says.
    pub(super) body: Bytes,
    /// How long its client waits.
    pub(super) wait: Duration,
    /// What it takes of the room for bodies.
    pub(super) taken: Taken,
    idempotency_key: Option<String>,
}

impl Posted {
    /// Reads a request within the bounds of `door`.
    ///
    /// # Errors
    /// [`BodyError`] if its body is not taken.
    pub(super) async fn read(door: &Door, request: Request) -> Result<Self, BodyError> {
        let wait = wait(request.headers(), door.v1_timeout);
        let key = request.headers().get("idempotency-key");
        // What is no text is no key either, and is refused as such.
        let key = key.map(|value| value.to_str().unwrap_or_default().to_owned());
        let body = request.into_body();
        let (most, pause) = (door.max_v1_body_bytes, door.body_pause);
        let (body, taken) = body::read(body, most, pause, &door.body_room).await?;
        Ok(Self {
            id: RequestId::random(),
            body,
            wait,
            taken,
            idempotency_key: key,
        })
    }

    /// Says who calls through `tool`.
    pub(super) const fn origin<'a>(&self, caller: &'a Caller, tool: &'static str) -> Origin<'a> {
        Origin {
            id: self.id,
            caller,
            tool,
        }
    }

    /// Makes the request for a completion out of it, with how a dialect's
    /// `parse` finds that the answer is delivered.
    ///
    /// # Errors
    /// What is wrong with it; that is counted, logged and recorded.
    pub(super) async fn question<Delivery>(
        &self,
        gateway: &Gateway,
        origin: Origin<'_>,
        parse: impl FnOnce(&[u8]) -> Result<(Draft, Delivery), Error>,
    ) -> Result<(CompletionRequest, Delivery), Error> {
        let check = |(mut draft, delivery): (Draft, _)| {
            let of_header = || self.idempotency_key.clone();
            draft.idempotency_key = draft.idempotency_key.take().or_else(of_header);
            Ok((draft.check(self.wait)?, delivery))
        };
        match parse(&self.body).and_then(check) {
            Ok((request, delivery)) => Ok((gateway.cut_to_room(request), delivery)),
            Err(refusal) => Err(gateway.refused(origin, refusal).await),
        }
    }
}

/// Returns how long a client waits: as long as it says, which the vendors' own
/// clients do, but no longer than `most`.
fn wait(headers: &HeaderMap, most: Duration) -> Duration {
    let said = headers.get("x-stainless-timeout");
    let seconds = said.and_then(|value| value.to_str().ok()?.parse().ok());
    let said = seconds.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok());
    let said = said.filter(|wait| !wait.is_zero());
    said.map_or(most, |wait| wait.min(most))
}
