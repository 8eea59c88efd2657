//! How a failure looks to an MCP client.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;

use super::report::AttemptReport;
use crate::domain::{Error, RequestId};

/// The contract's error, the same for every tool.
#[derive(Debug, Serialize)]
struct ErrorReport {
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    retryable: bool,
    retry_after_ms: Option<u64>,
    attempts: Vec<AttemptReport>,
    request_id: String,
    /// What the caller had read of the answer when it broke off.
    #[serde(skip_serializing_if = "String::is_empty")]
    partial_text: String,
}

#[derive(Serialize)]
struct Envelope {
    error: ErrorReport,
}

/// Makes a tool result of a failure. It is a result, not a JSON-RPC error,
/// because clients show the latter to nobody who could act on it.
pub(super) fn tool_error(error: &Error, request: RequestId) -> CallToolResult {
    partial_error(error, request, String::new())
}

/// Makes one of a failure that some of the answer went before.
pub(super) fn partial_error(
    error: &Error,
    request: RequestId,
    partial_text: String,
) -> CallToolResult {
    let report = ErrorReport {
        kind: error.kind.as_str(),
        message: error.message.clone(),
        retryable: error.is_retryable,
        retry_after_ms: error.retry_after.map(|wait| {
            // Rounded up: whoever comes back then must not be too early.
            u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
        }),
        attempts: error.attempts.iter().map(AttemptReport::new).collect(),
        request_id: request.to_string(),
        partial_text,
    };
    let text = format!("{}: {}", report.kind, report.message);
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = serde_json::to_value(Envelope { error: report }).ok();
    result
}
