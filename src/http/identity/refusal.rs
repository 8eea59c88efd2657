//! What a caller who is refused sees, and what operators see.

use axum::extract::Request;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use super::resource::metadata_url;
use crate::domain::{AuthRefusal, Caller};
use crate::http::{Door, error, messages};

/// The same words whether a proof is absent, unknown, malformed or expired:
/// who tries must not learn how far a try came.
const UNAUTHORIZED: &str = "this needs a valid key or token";
const FORBIDDEN: &str = "you may not do this here";

/// Answers with 401, or 403 to a known caller, in the form of the door that
/// was asked; leaves one line in the log and counts it.
pub(super) fn refuse(
    door: &Door,
    request: &Request,
    reason: AuthRefusal,
    caller: Option<&Caller>,
) -> Response {
    let path = request.uri().path();
    let (status, message) = match reason {
        AuthRefusal::Forbidden => (StatusCode::FORBIDDEN, FORBIDDEN),
        _ => (StatusCode::UNAUTHORIZED, UNAUTHORIZED),
    };
    door.metrics.auth_refused(reason);
    tracing::warn!(
        target: "audit",
        event = "refused",
        reason = reason.as_str(),
        status = status.as_u16(),
        door = door_name(path),
        caller = caller.map(Caller::as_str),
        "a caller was refused"
    );
    let mut response = if path.starts_with("/v1/messages") {
        messages::refusal(status, message)
    } else {
        error::access_refusal(status, message)
    };
    if status == StatusCode::UNAUTHORIZED {
        let challenge = challenge(door, request);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Says how to prove oneself; where tokens of an issuer are taken, with the
/// address of the metadata that names it (RFC 9728, section 5.1).
fn challenge(door: &Door, request: &Request) -> HeaderValue {
    let bare = HeaderValue::from_static("Bearer");
    let Some(url) = metadata_url(&door.identity, request) else {
        return bare;
    };
    HeaderValue::try_from(format!("Bearer resource_metadata=\"{url}\"")).unwrap_or(bare)
}

/// Names the door for the log, in words that the caller cannot choose.
fn door_name(path: &str) -> &'static str {
    match path {
        "/mcp" | "/mcp/" => "/mcp",
        "/metrics" => "/metrics",
        "/v1/chat/completions" => "/v1/chat/completions",
        "/v1/messages" => "/v1/messages",
        "/v1/messages/count_tokens" => "/v1/messages/count_tokens",
        _ => "/v1/models",
    }
}
