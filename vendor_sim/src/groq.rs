//! Groq: `/openai/v1/chat/completions` and `/openai/v1/models`.
//!
//! Sources: the SDK's types for names and types; documentation and public
//! issue threads for what is refused, and how. Its API is OpenAI's in form,
//! and its own in what it takes.

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
pub(crate) struct Groq;

/// Chosen: the documentation names 20 MB for a request with a picture.
const MAX_BODY_BYTES: usize = 20 << 20;

impl Dialect for Groq {
    fn base_path(&self) -> &'static str {
        "/groq"
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        let reply = route(call).unwrap_or_else(|error| error.reply());
        let bill = reply.bill.as_ref().map(|bill| bill.tokens);
        let used = bill.map_or(0, |tokens| tokens.total_input() + tokens.total_output());
        reply.with(headers::of_every_answer(call, used))
    }

    fn trouble(&self, trouble: &Trouble, call: &Call<'_>) -> Reply {
        let used = match trouble {
            Trouble::RateLimited(_) => call.tokens_per_minute,
            _ => 0,
        };
        trouble::reply(trouble, call).with(headers::of_every_answer(call, used))
    }
}

fn route(call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = || ApiError::unknown_url(call.method, call.path);
    let path = call.path.strip_prefix("/openai").ok_or_else(unknown)?;
    let model = path.strip_prefix("/v1/models/").filter(|id| !id.is_empty());
    let allowed = match path {
        "/v1/chat/completions" => Method::POST,
        "/v1/models" => Method::GET,
        _ if model.is_some() => Method::GET,
        _ => return Err(unknown()),
    };
    if *call.method != allowed {
        return Err(unknown());
    }
    authenticate(call)?;
    match (path, model) {
        // Ids have a slash, which clients write as they like.
        (_, Some(id)) => models::one(&id.replace("%2F", "/")),
        ("/v1/models", None) => Ok(models::list()),
        _ => {
            let document = document(call)?;
            let checked = check::check(&document, call)?;
            Ok(completion::complete(&checked, call))
        }
    }
}

/// Takes any key but one that starts with `bad`.
fn authenticate(call: &Call<'_>) -> Result<(), ApiError> {
    let key = call
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim);
    match key {
        Some(key) if !key.is_empty() && !key.starts_with("bad") => Ok(()),
        _ => Err(ApiError::wrong_key()),
    }
}

fn document(call: &Call<'_>) -> Result<Value, ApiError> {
    let bytes = match call.body {
        RequestBody::Complete(bytes) => bytes,
        RequestBody::TooLarge => return Err(ApiError::too_large()),
        RequestBody::Broken => return Err(ApiError::not_json()),
    };
    match serde_json::from_slice(bytes) {
        Ok(document @ Value::Object(_)) => Ok(document),
        _ => Err(ApiError::not_json()),
    }
}
