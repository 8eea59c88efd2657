//! `/mcp`: rmcp's service behind the corrections that clients need.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Collected};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Door;
use super::body::{BodyError, read};
use super::headers;
use crate::domain::ErrorKind;
use crate::mcp::McpHandler;

/// JSON-RPC's code for what is not JSON.
const PARSE_ERROR: i32 = -32700;
/// JSON-RPC's code for JSON that is no request.
const INVALID_REQUEST: i32 = -32600;
/// JSON-RPC leaves the codes from here to -32000 to servers: there is no room
/// just now.
const OVERLOADED: i32 = -32099;
/// Within so many bytes a message shows what it is; ids are no longer.
const ERROR_WITHIN: usize = 256;
/// What rmcp writes, under 415 and as plain text, about a body that is no
/// JSON-RPC message.
const UNREADABLE: &str = "fail to deserialize request body";

/// Returns the routes `/mcp` and `/mcp/`.
///
/// Stateless: sessions break on several instances and are a memory hole.
/// Host and Origin are checked by the guard around all routes. rmcp's
/// cancellation token stays untouched: firing it loses calls in flight.
pub(super) fn routes(handler: McpHandler, door: &Door) -> Router {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(door.max_mcp_body_bytes)
        // A stream begins with progress, which is its own sign of life.
        .with_sse_keep_alive(None);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, config);
    Router::new()
        .route_service("/mcp", service.clone())
        .route_service("/mcp/", service)
        .layer(middleware::from_fn_with_state(door.clone(), mend))
}

/// Reads the body within bounds, turns rmcp's plain-text refusals into JSON-RPC
/// errors, and counts every answer that is one, whatever its status.
async fn mend(State(door): State<Door>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let (body, taken) = match read(
        body,
        door.max_mcp_body_bytes,
        door.body_pause,
        &door.body_room,
    )
    .await
    {
        Ok(read) => read,
        Err(error) => {
            let (code, response) = unreadable(&error);
            door.metrics.rpc_failed(code);
            return response;
        }
    };
    let copy = body.clone();
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    if !is_json_or_text(&response) {
        // Its request lasts as long as the stream.
        return response.map(|body| {
            let body = body.map_frame(move |frame| {
                let _ = &taken;
                frame
            });
            Body::new(body)
        });
    }
    let (head, body) = response.into_parts();
    let Ok(text) = body.collect().await.map(Collected::to_bytes) else {
        return Response::from_parts(head, Body::empty());
    };
    if head.status != StatusCode::UNSUPPORTED_MEDIA_TYPE {
        if head.status.is_client_error() || is_error(&text) {
            door.metrics.rpc_failed(error_code(&text).unwrap_or(0));
        }
        return Response::from_parts(head, Body::from(text));
    }
    let is_body_unreadable = text.starts_with(UNREADABLE.as_bytes());
    let (status, code, message) = if !is_body_unreadable {
        let message = "the Content-Type must be application/json";
        (head.status, INVALID_REQUEST, message)
    } else if serde_json::from_slice::<IgnoredAny>(&copy).is_ok() {
        let message = "the body is not one JSON-RPC message; batches are not supported";
        (StatusCode::BAD_REQUEST, PARSE_ERROR, message)
    } else {
        (StatusCode::BAD_REQUEST, PARSE_ERROR, "the body is not JSON")
    };
    door.metrics.rpc_failed(code);
    rpc_error(status, code, message)
}

/// Reads the code of a JSON-RPC error; what rmcp refuses as text has none.
fn error_code(body: &[u8]) -> Option<i32> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: i32,
    }
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    Some(envelope.error.code)
}

/// Tells a JSON-RPC error from a result by what stands first in it: neither
/// name can stand unescaped in the id before it.
fn is_error(message: &[u8]) -> bool {
    let head = message.get(..ERROR_WITHIN).unwrap_or(message);
    let place = |name: &[u8]| head.windows(name.len()).position(|bytes| bytes == name);
    match (place(b"\"error\":"), place(b"\"result\":")) {
        (Some(error), Some(result)) => error < result,
        (error, _) => error.is_some(),
    }
}

/// Leaves streams alone, which must not be waited for.
fn is_json_or_text(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    !content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// Answers a body that was not taken; the code comes with it. That there is no
/// room is no fault of the request.
fn unreadable(error: &BodyError) -> (i32, Response) {
    let (code, message) = match error {
        BodyError::Crowded(_) => {
            let kind = ErrorKind::GatewayOverloaded.as_str();
            (OVERLOADED, format!("{kind}: {error}"))
        }
        _ => (INVALID_REQUEST, error.to_string()),
    };
    let mut response = rpc_error(error.status(), code, &message);
    headers::explain_body(&mut response, error);
    (code, response)
}

fn rpc_error(status: StatusCode, code: i32, message: &str) -> Response {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}
