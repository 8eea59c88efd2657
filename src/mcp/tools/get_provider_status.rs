//! The tool `get_provider_status`.

use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NoArguments, Words, parse, reading_tool};
use crate::domain::Error;
use crate::gateway::{Condition, ProviderStatus};
use crate::mcp::{McpHandler, report, structured};

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    providers: Vec<ProviderReport>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ProviderReport {
    name: String,
    /// healthy, degraded, unavailable or unconfigured (no key).
    status: &'static str,
    /// True if calls may go there now.
    available: bool,
    /// Mean of recent successful calls; null if there were none.
    latency_ms: Option<f64>,
    /// Share of recent calls that succeeded, 0 to 1; null if there were none.
    success_rate: Option<f64>,
    /// closed, open or half_open.
    circuit: &'static str,
    models: Vec<String>,
    last_error: Option<String>,
    /// When it last answered or failed, UTC; null if it was never asked.
    checked_at: Option<String>,
}

pub(super) fn definition() -> Tool {
    reading_tool::<Output>(Words {
        name: "get_provider_status",
        title: "Show the providers",
        description: "Lists every model provider with its health, recent latency and success \
             rate, its models and its last error, from calls made and free background checks. \
             Calls no model and costs nothing. Use it to see which models can be asked for, or \
             why calls fail.",
    })
}

pub(super) fn call(handler: &McpHandler, arguments: JsonObject) -> Result<CallToolResult, Error> {
    let NoArguments {} = parse(arguments)?;
    let providers = handler
        .gateway()
        .provider_status()
        .into_iter()
        .map(Into::into)
        .collect();
    Ok(structured(&Output { providers }))
}

impl From<ProviderStatus> for ProviderReport {
    fn from(provider: ProviderStatus) -> Self {
        Self {
            name: provider.name.to_string(),
            status: match provider.condition {
                None => "unconfigured",
                Some(Condition::Healthy) => "healthy",
                Some(Condition::Degraded) => "degraded",
                Some(Condition::Unavailable) => "unavailable",
            },
            available: provider
                .condition
                .is_some_and(|condition| condition != Condition::Unavailable),
            latency_ms: provider.latency.map(report::milliseconds),
            success_rate: provider.success_rate,
            circuit: provider.circuit.as_str(),
            models: provider.models,
            last_error: provider.last_error,
            checked_at: provider.checked_at.map(|at| at.to_string()),
        }
    }
}
