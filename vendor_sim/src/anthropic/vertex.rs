//! Claude as Vertex AI serves it: the model is in the path, the version in
//! the body, and dated names have an `@`.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::{Version, check, count, document, headers, message, models};
use crate::dialect::{Call, Reply};

/// How an answer goes out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Delivery {
    Whole,
    Events,
}

/// Tells whether Vertex has a model of this name.
pub(crate) fn is_served(name: &str) -> bool {
    own_name(name).is_some()
}

/// Returns Anthropic's name for a model of Vertex: dated models are known by
/// their date and `@` alone, the others have no date.
fn own_name(name: &str) -> Option<&'static str> {
    let wanted = name.replace('@', "-");
    let model = models::find(&wanted).ok()?.answers_as();
    (model == wanted && vertex_name(model) == name).then_some(model)
}

fn vertex_name(own: &str) -> String {
    match own.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 => format!("{name}@{date}"),
        _ => own.to_owned(),
    }
}

/// Answers `rawPredict` and `streamRawPredict`.
pub(crate) fn create(name: &str, delivery: Delivery, call: &Call<'_>) -> Reply {
    finished(try_create(name, delivery, call), call)
}

fn try_create(name: &str, delivery: Delivery, call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut members = members(call)?;
    if members.contains_key("model") {
        return Err(ApiError::extra("model"));
    }
    let version = members.remove("anthropic_version");
    let version = version.ok_or_else(|| ApiError::invalid("anthropic_version: Field required"))?;
    let version = read_version(&version)?;
    // The strict side: it is not known what the path does to a body that says
    // otherwise.
    let streams = members.get("stream") == Some(&Value::Bool(true));
    if streams != (delivery == Delivery::Events) {
        return Err(ApiError::invalid(
            "stream: must be true for streamRawPredict, and only there",
        ));
    }
    members.insert("model".to_owned(), json!(own_name(name)));
    let checked = check::check(&Value::Object(members), version)?;
    Ok(message::create(&checked, call))
}

/// Answers `count-tokens:rawPredict`, whose body names the model.
pub(crate) fn count(call: &Call<'_>) -> Reply {
    finished(try_count(call), call)
}

fn try_count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut members = members(call)?;
    // The SDK sends the version here too; the documentation does without.
    let version = members.remove("anthropic_version");
    let version = version.as_ref().map_or(Ok(Version::V2023), read_version)?;
    if let Some(Value::String(name)) = members.get("model") {
        let own = own_name(name).ok_or_else(|| ApiError::not_found(format!("model: {name}")))?;
        members.insert("model".to_owned(), json!(own));
    }
    count::count(Value::Object(members), version)
}

fn members(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    match document(call)? {
        Value::Object(members) => Ok(members),
        _ => Err(ApiError::invalid("Input should be a valid dictionary")),
    }
}

/// Reads the body's version: Vertex's own, or the newer of Anthropic's, which
/// Anthropic's SDK sends from 2.14 on.
fn read_version(version: &Value) -> Result<Version, ApiError> {
    match version.as_str() {
        Some("vertex-2023-10-16") => Ok(Version::V2023),
        Some("2026-10-21") => Ok(Version::V2026),
        _ => Err(ApiError::invalid(
            "anthropic_version: Input should be 'vertex-2023-10-16' or '2026-10-21'",
        )),
    }
}

/// Takes away what only Anthropic's own servers tell: limits and accounts.
fn finished(reply: Result<Reply, ApiError>, call: &Call<'_>) -> Reply {
    let reply = reply.unwrap_or_else(|error| error.reply(call));
    let mut reply = reply.with(headers::of_every_answer(call));
    reply
        .headers
        .retain(|(name, _)| !name.starts_with("anthropic-"));
    reply
}
