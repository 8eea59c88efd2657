//! The tools: one file each, and one line here.

mod get_provider_status;
mod get_usage_metrics;
mod health_check;
mod predict_cost;
mod submit_feedback;
mod unified_completion;

use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::progress::Progress;
use super::{McpHandler, error, schema};
use crate::domain::{Caller, Error, RequestId};
use crate::gateway::Origin;

/// Lists the tools by name, the order in which hosts cache them.
pub(super) fn definitions() -> Vec<Tool> {
    vec![
        get_provider_status::definition(),
        get_usage_metrics::definition(),
        health_check::definition(),
        predict_cost::definition(),
        submit_feedback::definition(),
        unified_completion::definition(),
    ]
}

/// Runs the tool called `name`, or returns `None` if there is none.
pub(super) async fn call(
    handler: &McpHandler,
    name: &str,
    caller: &Caller,
    arguments: JsonObject,
    progress: Option<Progress>,
) -> Option<CallToolResult> {
    let id = RequestId::random();
    let (tool, result) = match name {
        "get_provider_status" => (
            "get_provider_status",
            get_provider_status::call(handler, arguments),
        ),
        "get_usage_metrics" => (
            "get_usage_metrics",
            get_usage_metrics::call(handler, caller, arguments).await,
        ),
        "health_check" => ("health_check", health_check::call(handler, arguments)),
        "predict_cost" => (
            "predict_cost",
            predict_cost::call(handler, caller, arguments).await,
        ),
        "submit_feedback" => (
            "submit_feedback",
            submit_feedback::call(handler, caller, arguments).await,
        ),
        "unified_completion" => {
            return Some(unified_completion::call(handler, id, caller, arguments, progress).await);
        }
        _ => return None,
    };
    let origin = Origin { id, caller, tool };
    handler.gateway().audit(origin, result.as_ref().err());
    Some(result.unwrap_or_else(|failure| error::tool_error(&failure, id)))
}

/// What a tool is to its users.
struct Words {
    name: &'static str,
    title: &'static str,
    description: &'static str,
}

/// Defines a tool that only reads what the gateway knows.
fn reading_tool<Output: JsonSchema>(words: Words) -> Tool {
    reading_tool_with::<NoArguments, Output>(words)
}

/// Defines a tool with arguments that only reads what the gateway knows.
fn reading_tool_with<Input: JsonSchema, Output: JsonSchema>(words: Words) -> Tool {
    let hints = ToolAnnotations::with_title(words.title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(false);
    Tool::new(words.name, words.description, schema::input::<Input>())
        .with_title(words.title)
        .with_raw_output_schema(schema::output::<Output>())
        .with_annotations(hints)
}

/// The arguments of a tool that has none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

/// Reads a tool's arguments.
///
/// # Errors
/// `caller_invalid_request` that names the argument at fault.
fn parse<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, Error> {
    serde_path_to_error::deserialize(Value::Object(arguments))
        .map_err(|fault| Error::unreadable(&fault.path().to_string(), &fault.inner().to_string()))
}
