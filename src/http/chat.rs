//! `POST /v1/chat/completions`: OpenAI's dialect through the same pipeline.

mod chunks;
mod request;
mod response;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::error::{body_error, openai_error};
use super::posted::Posted;
use super::{Door, event_stream};
use crate::domain::{Caller, Error};
use crate::gateway::Origin;
use chunks::ChunkWriter;
use request::Delivery;

/// What the route is called in audit lines.
const TOOL: &str = "/v1/chat/completions";

/// Answers a chat completion.
pub(super) async fn complete(
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
        Err(error) => openai_error(&error, origin.id),
    }
}

async fn answer(door: &Door, origin: Origin<'_>, mut posted: Posted) -> Result<Response, Error> {
    let gateway = &door.gateway;
    let (request, delivery) = posted.question(gateway, origin, request::parse).await?;
    if let Delivery::Stream(usage) = delivery {
        let taken = std::mem::take(&mut posted.taken);
        let writer = ChunkWriter::new(origin.id, gateway.now().as_second(), usage);
        return Ok(event_stream::respond(door, origin, (request, taken), writer).await);
    }
    let completion = gateway.complete(origin, &request).await?;
    Ok(response::write(&completion, gateway.now()))
}
