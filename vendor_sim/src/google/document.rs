//! Bodies of requests and answers.

use axum::body::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::dialect::{Call, Reply, RequestBody};

/// "20 MB" for a whole request, from Google's guide on inline data.
pub(crate) const MAX_BODY_BYTES: usize = 20 << 20;

/// Reads the request's body, which must be a JSON object.
pub(crate) fn read(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let bytes = match call.body {
        RequestBody::Complete(bytes) => bytes,
        RequestBody::TooLarge => {
            return Err(ApiError::invalid(format!(
                "Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes."
            )));
        }
        RequestBody::Broken => return Err(ApiError::invalid("The request body is incomplete.")),
    };
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(ApiError::invalid(format!(
            "Invalid JSON payload received. The content type is '{content_type}'."
        )));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err(ApiError::invalid(
            "Invalid JSON payload received. Root element must be a message.",
        )),
        Err(error) => Err(ApiError::invalid(format!(
            "Invalid JSON payload received. Unexpected token.\n{error}"
        ))),
    }
}

/// Writes a document as Google does: over many lines.
pub(crate) fn reply(status: StatusCode, body: &Value) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "application/json; charset=UTF-8".to_owned())],
        pieces: vec![Bytes::from(format!("{}\n", pretty(body)))],
        bill: None,
    }
}

pub(super) fn pretty(body: &Value) -> String {
    format!("{body:#}")
}

/// Returns the page for a path or a method that does not exist: this error
/// comes from the servers in front of the API, and is no JSON.
pub(crate) fn no_such_page(path: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)</title>\n\
         <p><b>404.</b> The requested URL <code>{}</code> was not found on this server.\n",
        path.replace('&', "&amp;").replace('<', "&lt;")
    );
    Reply {
        status: StatusCode::NOT_FOUND,
        headers: vec![("content-type", "text/html; charset=UTF-8".to_owned())],
        pieces: vec![Bytes::from(page)],
        bill: None,
    }
}
