//! Anthropic: `/v1/messages`, `/v1/messages/count_tokens` and `/v1/models`.
//!
//! Sources: the published SDK types for names and types; error texts from
//! responses quoted in public issue threads.

use http::Method;
use serde_json::Value;

use crate::dialect::{Call, Dialect, Reply, RequestBody, Trouble};

mod check;
mod count;
mod error;
mod headers;
mod message;
mod models;
#[expect(
    dead_code,
    reason = "what changes no answer is typed all the same, to refuse what is wrong"
)]
mod request;
mod stream;
mod trouble;
mod usage;
pub(crate) mod vertex;

use error::ApiError;

/// The vendor.
pub(crate) struct Anthropic;

/// "32 MB" in Anthropic's documentation of request size limits.
const MAX_BODY_BYTES: usize = 32 << 20;

/// A version of the API that the client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `2023-06-01`.
    V2023,
    /// `2026-10-21`: without temperature, `top_p` and `top_k`.
    V2026,
}

impl Dialect for Anthropic {
    fn base_path(&self) -> &'static str {
        "/anthropic"
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        let reply = route(call).unwrap_or_else(|error| error.reply(call));
        reply.with(headers::of_every_answer(call))
    }

    fn trouble(&self, trouble: &Trouble, call: &Call<'_>) -> Reply {
        trouble::reply(trouble, call).with(headers::of_every_answer(call))
    }
}

fn route(call: &Call<'_>) -> Result<Reply, ApiError> {
    let model = call
        .path
        .strip_prefix("/v1/models/")
        .filter(|id| !id.is_empty());
    let allowed = match call.path {
        "/v1/messages" | "/v1/messages/count_tokens" => Method::POST,
        "/v1/models" => Method::GET,
        _ if model.is_some() => Method::GET,
        _ => return Err(ApiError::not_found("Not Found")),
    };
    if *call.method != allowed {
        return Err(ApiError::wrong_method());
    }
    authenticate(call)?;
    let version = version(call)?;
    match (call.path, model) {
        (_, Some(id)) => models::one(id),
        ("/v1/models", None) => models::page(call.query),
        ("/v1/messages", None) => {
            let document = document(call)?;
            Ok(message::create(&check::check(&document, version)?, call))
        }
        _ => count::count(document(call)?, version),
    }
}

/// Takes any key but one that starts with `bad`. `x-api-key` wins over a
/// bearer token.
fn authenticate(call: &Call<'_>) -> Result<(), ApiError> {
    let bearer = || {
        call.header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
    };
    let (key, refusal) = match call.header("x-api-key") {
        Some(key) => (key, "invalid x-api-key"),
        None => (bearer().unwrap_or_default(), "Invalid bearer token"),
    };
    match key.trim() {
        "" => Err(ApiError::unauthenticated("x-api-key header is required")),
        key if key.starts_with("bad") => Err(ApiError::unauthenticated(refusal)),
        _ => Ok(()),
    }
}

fn version(call: &Call<'_>) -> Result<Version, ApiError> {
    match call.header("anthropic-version") {
        Some("2023-06-01") => Ok(Version::V2023),
        Some("2026-10-21") => Ok(Version::V2026),
        Some(other) => Err(ApiError::invalid(format!(
            "anthropic-version: \"{other}\" is not a valid version"
        ))),
        None => Err(ApiError::invalid("anthropic-version: header is required")),
    }
}

fn document(call: &Call<'_>) -> Result<Value, ApiError> {
    let bytes = match call.body {
        RequestBody::Complete(bytes) => bytes,
        RequestBody::TooLarge => return Err(ApiError::too_large()),
        RequestBody::Broken => return Err(ApiError::invalid("The request body is incomplete")),
    };
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::invalid("content-type: must be application/json"));
    }
    match serde_json::from_slice(bytes) {
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(_) => Err(ApiError::invalid("Input should be a valid dictionary")),
        Err(error) => Err(ApiError::invalid(format!(
            "The request body is not valid JSON: {error}"
        ))),
    }
}
