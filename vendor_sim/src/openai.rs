//! OpenAI: `/v1/chat/completions` and `/v1/models`.
//!
//! Sources: the published OpenAPI file and SDK types for names, types and
//! ranges; error texts from responses quoted in public issue threads.

use http::Method;
use serde_json::Value;

use crate::dialect::{Call, Dialect, Reply, RequestBody, Trouble};

mod check;
mod completion;
mod error;
mod headers;
mod models;
#[expect(
    dead_code,
    reason = "what changes no answer is typed all the same, to refuse what is wrong"
)]
mod request;
mod stream;
mod trouble;
mod usage;

use error::ApiError;

/// The vendor.
pub(crate) struct OpenAi;

/// "Up to 50 MB total payload size per request", from OpenAI's guide on
/// images.
const MAX_BODY_BYTES: usize = 50_000_000;

impl Dialect for OpenAi {
    fn base_path(&self) -> &'static str {
        "/openai/v1"
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        let reply = route(call).unwrap_or_else(|error| error.reply());
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
        "/v1/chat/completions" => Method::POST,
        "/v1/models" => Method::GET,
        _ if model.is_some() => Method::GET,
        _ => return Err(ApiError::no_such_url(call.method, call.path)),
    };
    if *call.method != allowed {
        return Err(ApiError::wrong_method(call.method, call.path));
    }
    authenticate(call)?;
    match (call.path, model) {
        (_, Some(id)) => models::one(id),
        ("/v1/models", None) => Ok(models::list()),
        _ => {
            let document = document(call)?;
            let checked = check::check(&document)?;
            Ok(completion::complete(&checked, call))
        }
    }
}

/// Takes any key but one that starts with `bad`.
fn authenticate(call: &Call<'_>) -> Result<(), ApiError> {
    let key = call
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .ok_or_else(ApiError::no_key)?;
    if key.starts_with("bad") {
        Err(ApiError::wrong_key(key))
    } else {
        Ok(())
    }
}

fn document(call: &Call<'_>) -> Result<Value, ApiError> {
    let bytes = match call.body {
        RequestBody::Complete(bytes) => bytes,
        RequestBody::TooLarge => return Err(ApiError::too_large()),
        RequestBody::Broken => return Err(ApiError::not_json()),
    };
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::wrong_content_type(content_type));
    }
    match serde_json::from_slice(bytes) {
        Ok(document @ Value::Object(_)) => Ok(document),
        _ => Err(ApiError::not_json()),
    }
}
