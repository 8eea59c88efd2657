//! `countTokens`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::error::ApiError;
use super::request::{CountRequest, Request};
use super::{check, document, models, proto, usage};
use crate::dialect::Reply;

/// Counts what the same request would be charged as input.
pub(super) fn count(given: &Map<String, Value>, id: &str, api: Api) -> Result<Reply, ApiError> {
    let canonical = proto::read(&proto::COUNT_TOKENS, given, api)?;
    let count: CountRequest = check::typed(canonical)?;
    let model = models::find(id, api, "countTokens")?;
    let request = counted(count, id)?;
    check::check_prompt(&request, model, api)?;
    let input = usage::input_tokens(&request);
    let mut body = json!({
        "totalTokens": input.total(),
        "promptTokensDetails": input.details(),
    });
    if let Some(members) = body.as_object_mut().filter(|_| api.is_vertex()) {
        let characters: usize = request
            .contents
            .iter()
            .flat_map(|content| &content.parts)
            .filter_map(|part| part.text.as_ref())
            .map(|text| text.chars().filter(|c| !c.is_whitespace()).count())
            .sum();
        members.insert("totalBillableCharacters".to_owned(), json!(characters));
    }
    Ok(document::reply(StatusCode::OK, &body))
}

/// Picks the request to count: the one inside, which must name its model, or
/// the one that the body itself is.
fn counted(count: CountRequest, id: &str) -> Result<Request, ApiError> {
    let Some(inside) = count.generate_content_request else {
        return Ok(count.side_by_side);
    };
    if !count.side_by_side.contents.is_empty() {
        return Err(ApiError::invalid(
            "* CountTokensRequest.contents: only one of contents and generate_content_request can \
             be set.\n",
        ));
    }
    let named = inside.model.as_deref().unwrap_or_default();
    if named.strip_prefix("models/") != Some(id) {
        return Err(ApiError::invalid(format!(
            "* CountTokensRequest.generate_content_request.model: '{named}' is not the model in \
             the URL, models/{id}.\n"
        )));
    }
    Ok(inside)
}
