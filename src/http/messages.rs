//! `POST /v1/messages`: Anthropic's dialect through the same pipeline.

mod envelope;
mod events;
mod request;
mod response;

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::body::read;
use super::{Door, event_stream};
use crate::domain::{Caller, Draft, Error, RequestId};
use crate::gateway::Origin;
pub(super) use envelope::refusal;
use envelope::{body_error, error_response};
use events::MessageWriter;
use request::Delivery;

/// What the route is called in audit lines.
const TOOL: &str = "/v1/messages";

/// Answers a message.
pub(super) async fn create(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    http_request: Request,
) -> Response {
    let wait = door.v1_wait(http_request.headers());
    let body = http_request.into_body();
    let body = match read(body, door.max_v1_body_bytes, door.body_pause).await {
        Ok(body) => body,
        Err(error) => return body_error(&error),
    };
    let id = RequestId::random();
    match answer(&door, &caller, id, &body, wait).await {
        Ok(response) => response,
        Err(error) => error_response(&error, id),
    }
}

async fn answer(
    door: &Door,
    caller: &Caller,
    id: RequestId,
    body: &[u8],
    wait: Duration,
) -> Result<Response, Error> {
    let gateway = &door.gateway;
    let origin = Origin {
        id,
        caller,
        tool: TOOL,
    };
    let read =
        request::parse(body).and_then(|(draft, delivery)| Ok((draft.check(wait)?, delivery)));
    let (request, delivery) = match read {
        Ok(read) => read,
        Err(refusal) => return Err(gateway.refused(origin, refusal).await),
    };
    let request = gateway.cut_to_room(request);
    if delivery == Delivery::Stream {
        let writer = MessageWriter::new(id);
        return Ok(event_stream::respond(door, origin, request, writer).await);
    }
    let completion = gateway.complete(origin, &request).await?;
    Ok(response::write(&completion))
}

/// Estimates the input tokens of a message; asks and costs nothing.
pub(super) async fn count_tokens(State(door): State<Door>, http_request: Request) -> Response {
    let body = http_request.into_body();
    let body = match read(body, door.max_v1_body_bytes, door.body_pause).await {
        Ok(body) => body,
        Err(error) => return body_error(&error),
    };
    let gateway = &door.gateway;
    let request =
        request::parse_for_count(&body).and_then(|draft: Draft| draft.check(door.v1_timeout));
    match request {
        Ok(request) => {
            let tokens = gateway.estimate_input(&request);
            Json(json!({ "input_tokens": tokens })).into_response()
        }
        Err(error) => error_response(&error, RequestId::random()),
    }
}
