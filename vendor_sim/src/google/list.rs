//! `GET /v1/models` and `GET /v1/models/{id}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::api::Api;
use super::error::ApiError;
use super::models::{self, Model};
use super::{document, query};
use crate::dialect::{Call, Reply};

/// The query's parameters, in both spellings.
pub(super) const PARAMETERS: [&str; 4] = ["pageSize", "page_size", "pageToken", "page_token"];
/// Models on a page that asks for no size.
const PAGE_SIZE: usize = 50;
/// Models on a page at most; a larger wish is cut, not refused.
const MAX_PAGE_SIZE: usize = 1_000;

/// Answers `GET /v1/models/{id}`.
pub(super) fn one(id: &str, api: Api) -> Result<Reply, ApiError> {
    let model = models::named(id, api)
        .ok_or_else(|| ApiError::not_found(format!("Model is not found: models/{id}")))?;
    Ok(document::reply(StatusCode::OK, &written(model)))
}

/// Answers `GET /v1/models` for the query `pageSize`, `pageToken`.
pub(super) fn page(call: &Call<'_>, api: Api) -> Result<Reply, ApiError> {
    let (mut size, mut start) = (PAGE_SIZE, 0);
    for (name, value) in query::pairs(call.query) {
        match name {
            "pageSize" | "page_size" => size = page_size(value)?,
            "pageToken" | "page_token" if !value.is_empty() => start = place(value)?,
            _ => {}
        }
    }
    let (member, written): (_, fn(&Model) -> Value) = if api.is_vertex() {
        ("publisherModels", of_publisher)
    } else {
        ("models", written)
    };
    let all: Vec<_> = models::listed(api).map(written).collect();
    let end = (start + size).min(all.len());
    let shown = all
        .get(start..end)
        .ok_or_else(|| ApiError::invalid("The page token is invalid."))?;
    let mut body = json!({member: shown});
    if let Some(members) = body.as_object_mut().filter(|_| end < all.len()) {
        members.insert("nextPageToken".to_owned(), json!(format!("{TOKEN}{end}")));
    }
    Ok(document::reply(StatusCode::OK, &body))
}

/// Answers `GET /v1/publishers/google/models` and what is below; `id` starts
/// with its slash.
pub(crate) fn publisher_models(id: &str, call: &Call<'_>, api: Api) -> Result<Reply, ApiError> {
    match id.strip_prefix('/') {
        None if id.is_empty() => {
            query::check(call.query, &PARAMETERS)?;
            page(call, api)
        }
        Some(id) => match models::named(id, api) {
            Some(model) => Ok(document::reply(StatusCode::OK, &of_publisher(model))),
            None => Err(models::no_such_model(&format!(
                "publishers/google/models/{id}"
            ))),
        },
        None => Ok(document::no_such_page(call.path)),
    }
}

fn of_publisher(model: &Model) -> Value {
    json!({
        "name": format!("publishers/google/models/{}", model.id),
        "versionId": model.version,
        "openSourceCategory": "PROPRIETARY",
        "launchStage": "GA",
    })
}

/// How page tokens start, so that nobody counts on their being numbers.
const TOKEN: &str = "Ch5tb2RlbHM";

fn place(token: &str) -> Result<usize, ApiError> {
    token
        .strip_prefix(TOKEN)
        .and_then(|place| place.parse().ok())
        .ok_or_else(|| ApiError::invalid("The page token is invalid."))
}

fn page_size(value: &str) -> Result<usize, ApiError> {
    match value.parse::<i32>() {
        Ok(0) => Ok(PAGE_SIZE),
        Ok(size) => usize::try_from(size)
            .map(|size| size.min(MAX_PAGE_SIZE))
            .map_err(|_| ApiError::invalid("The page size must not be negative.")),
        Err(_) => Err(ApiError::invalid(format!(
            "Invalid value at 'page_size' (TYPE_INT32), \"{value}\""
        ))),
    }
}

fn written(model: &Model) -> Value {
    let methods: &[&str] = if model.generates() {
        &[
            "generateContent",
            "countTokens",
            "createCachedContent",
            "batchGenerateContent",
        ]
    } else {
        &["embedContent", "countTextTokens", "countTokens"]
    };
    let mut written = json!({
        "name": format!("models/{}", model.id),
        "version": model.version,
        "displayName": model.display_name,
        "description": format!("The simulated {}", model.display_name),
        "inputTokenLimit": models::WINDOW,
        "outputTokenLimit": model.max_output,
        "supportedGenerationMethods": methods,
    });
    if let Some(members) = written.as_object_mut().filter(|_| model.generates()) {
        members.extend([
            ("temperature".to_owned(), json!(1)),
            ("topP".to_owned(), json!(0.95)),
            ("topK".to_owned(), json!(64)),
            ("maxTemperature".to_owned(), json!(2)),
            ("thinking".to_owned(), json!(true)),
        ]);
    }
    written
}
