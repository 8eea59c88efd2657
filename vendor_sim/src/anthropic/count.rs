//! `POST /v1/messages/count_tokens`.

use http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::{Version, check, models};
use crate::dialect::Reply;

/// Members of a messages request that only an answer needs.
const ONLY_FOR_ANSWERS: [&str; 10] = [
    "max_tokens",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "service_tier",
    "speed",
    "inference_geo",
];

/// Counts what the same messages request would be charged as input.
pub(super) fn count(mut document: Value, version: Version) -> Result<Reply, ApiError> {
    if let Some(member) = ONLY_FOR_ANSWERS
        .iter()
        .find(|name| document.get(name).is_some())
    {
        return Err(ApiError::extra(member));
    }
    // One type and one set of rules serve both: a count is a request whose
    // limit fits its model.
    let id = document
        .get("model")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let limit = models::find(id).map_or(1, |model| model.max_output);
    if let Some(members) = document.as_object_mut() {
        members.insert("max_tokens".to_owned(), json!(limit));
    }
    let checked = check::check_prompt(&document, version)?;
    Ok(Reply::json(
        StatusCode::OK,
        &json!({"input_tokens": checked.input_tokens}),
    ))
}
