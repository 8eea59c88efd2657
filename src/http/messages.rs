//! `POST /v1/messages`: Anthropic's dialect through the same pipeline.

mod envelope;
mod events;
mod request;
mod response;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::posted::Posted;
use super::{Door, event_stream};
use crate::domain::{Caller, Error};
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
    let posted = match Posted::read(&door, http_request).await {
        Ok(posted) => posted,
        Err(error) => return body_error(&error),
    };
    let origin = posted.origin(&caller, TOOL);
    match answer(&door, origin, posted).await {
        Ok(response) => response,
        Err(error) => error_response(&error, origin.id),
    }
}

async fn answer(door: &Door, origin: Origin<'_>, mut posted: Posted) -> Result<Response, Error> {
    let gateway = &door.gateway;
    let (request, delivery) = posted.question(gateway, origin, request::parse).await?;
    if delivery == Delivery::Stream {
        let taken = std::mem::take(&mut posted.taken);
        let writer = MessageWriter::new(origin.id);
        return Ok(event_stream::respond(door, origin, (request, taken), writer).await);
    }
    let completion = gateway.complete(origin, &request).await?;
    Ok(response::write(&completion))
}

/// Estimates the input tokens of a message; asks and costs nothing.
pub(super) async fn count_tokens(State(door): State<Door>, http_request: Request) -> Response {
    let posted = match Posted::read(&door, http_request).await {
        Ok(posted) => posted,
        Err(error) => return body_error(&error),
    };
    let draft = request::parse_for_count(&posted.body);
    match draft.and_then(|draft| draft.check(posted.wait)) {
        Ok(request) => {
            let tokens = door.gateway.estimate_input(&request);
            Json(json!({ "input_tokens": tokens })).into_response()
        }
        Err(error) => error_response(&error, posted.id),
    }
}
