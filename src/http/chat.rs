//! `POST /v1/chat/completions`: OpenAI's dialect through the same pipeline.

mod chunks;
mod request;
mod response;

use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::Door;
use super::body::read;
use super::error::{body_error, openai_error};
use super::event_stream;
use crate::domain::{Caller, Error, RequestId};
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
    let wait = door.v1_wait(http_request.headers());
    let body = match read(
        http_request.into_body(),
        door.max_v1_body_bytes,
        door.body_pause,
    )
    .await
    {
        Ok(body) => body,
        Err(error) => return body_error(&error),
    };
    let id = RequestId::random();
    match answer(&door, &caller, id, &body, wait).await {
        Ok(response) => response,
        Err(error) => openai_error(&error, id),
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
    if let Delivery::Stream(usage) = delivery {
        let writer = ChunkWriter::new(id, gateway.now().as_second(), usage);
        return Ok(event_stream::respond(door, origin, request, writer).await);
    }
    let completion = gateway.complete(origin, &request).await?;
    Ok(response::write(&completion, gateway.now()))
}
