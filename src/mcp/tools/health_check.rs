//! The tool `health_check`.

use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NoArguments, Words, parse, reading_tool};
use crate::domain::{EmbedderState, Error, StoreState};
use crate::mcp::{McpHandler, VERSION, structured};

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// healthy; degraded: some provider is unavailable; unavailable: none can be asked.
    status: &'static str,
    version: &'static str,
    /// UTC, RFC 3339.
    timestamp: String,
    uptime_seconds: u64,
    /// Where state is kept.
    store: String,
    /// Whether questions can be compared by meaning: ready, starting, off, or failed and why.
    embedding: String,
    /// Providers that can be asked now.
    providers_available: Vec<String>,
}

pub(super) fn definition() -> Tool {
    reading_tool::<Output>(Words {
        name: "health_check",
        title: "Check the gateway",
        description: "Says whether this gateway can answer, since when it runs, and which \
             providers can be asked. Calls no model and costs nothing. Use it when calls fail; \
             use get_provider_status for details of each provider.",
    })
}

pub(super) fn call(handler: &McpHandler, arguments: JsonObject) -> Result<CallToolResult, Error> {
    let NoArguments {} = parse(arguments)?;
    let readiness = handler.gateway().readiness();
    let status = if readiness.available.is_empty() || readiness.is_stopping {
        "unavailable"
    } else if readiness.unavailable.is_empty() {
        "healthy"
    } else {
        "degraded"
    };
    Ok(structured(&Output {
        status,
        version: VERSION,
        timestamp: handler.gateway().now().to_string(),
        uptime_seconds: handler.uptime().as_secs(),
        store: match handler.gateway().store_state() {
            StoreState {
                kind, fault: None, ..
            } => kind.to_owned(),
            StoreState { kind, .. } => format!("{kind}: degraded"),
        },
        embedding: match handler.gateway().embedder_state() {
            EmbedderState::Ready => "ready".to_owned(),
            EmbedderState::Starting => "starting".to_owned(),
            EmbedderState::Disabled => "off".to_owned(),
            EmbedderState::Failed(reason) => format!("failed: {reason}"),
        },
        providers_available: readiness
            .available
            .iter()
            .map(ToString::to_string)
            .collect(),
    }))
}
