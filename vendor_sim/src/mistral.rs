//! Mistral: `/v1/chat/completions` and `/v1/models`.
//!
//! Sources: the published API file for names, types and ranges; Mistral's
//! open tokenizer library for the order of messages; error texts, headers and
//! what no contract says from responses quoted in public issue threads.

use http::Method;
use serde_json::Value;

use crate::dialect::{Call, Dialect, Reply, RequestBody, Trouble};

mod check;
mod completion;
mod error;
mod finding;
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
use finding::Finding;

/// The vendor.
pub(crate) struct Mistral;

/// No limit is published. Chosen.
const MAX_BODY_BYTES: usize = 50 << 20;

impl Dialect for Mistral {
    fn base_path(&self) -> &'static str {
        "/mistral"
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        let reply = route(call).unwrap_or_else(|error| error.reply());
        reply.with(headers::of_every_answer(call))
    }

    fn trouble(&self, trouble: &Trouble, call: &Call<'_>) -> Reply {
        trouble::reply(trouble).with(headers::of_every_answer(call))
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
        _ => return Err(ApiError::no_such_url()),
    };
    // The proxy asks for a key before anybody looks at the method.
    authenticate(call)?;
    if *call.method != allowed {
        return Err(ApiError::wrong_method());
    }
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
        .unwrap_or_default();
    if key.is_empty() || key.starts_with("bad") {
        Err(ApiError::unauthorized())
    } else {
        Ok(())
    }
}

fn document(call: &Call<'_>) -> Result<Value, ApiError> {
    let bytes = match call.body {
        RequestBody::Complete(bytes) => bytes,
        RequestBody::TooLarge => return Err(ApiError::too_large()),
        RequestBody::Broken => return Err(Finding::no_object(Value::Null).into()),
    };
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        // Read as text, which is no object.
        return Err(Finding::no_object(String::from_utf8_lossy(bytes).into()).into());
    }
    match serde_json::from_slice(bytes) {
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(other) => Err(Finding::no_object(other).into()),
        Err(error) => Err(Finding::no_json(&error).into()),
    }
}
