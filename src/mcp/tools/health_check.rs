//! The tool `health_check`.

use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NoArguments, Words, parse, reading_tool};
use crate::domain::{EmbedderState, Error, StoreState};
use crate::mcp::{McpHandler, VERSION, structured};

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// healthy; degraded: some provider or part does not work; unavailable: none can be asked.
    status: &'static str,
    version: &'static str,
    /// UTC, RFC 3339.
    timestamp: String,
    uptime_seconds: u64,
    /// Where state is kept.
    store: String,
    // Whether questions can be compared by meaning.
    embedding: Embedding,
    /// Providers that can be asked now.
    providers_available: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Embedding {
    /// ready, loading or off.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Embedding {
    fn new(state: EmbedderState) -> Self {
        let (state, reason) = match state {
            EmbedderState::Ready => ("ready", None),
            EmbedderState::Starting => ("loading", None),
            EmbedderState::Disabled => ("off", None),
            EmbedderState::Failed(reason) => ("off", Some(reason)),
        };
        Self { state, reason }
    }
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
    let store = handler.gateway().store_state();
    let semantic = handler.gateway().semantic_state();
    let is_closed = semantic.is_closed();
    let embedding = Embedding::new(semantic.embedder);
    let is_whole = readiness.unavailable.is_empty()
        && store.fault.is_none()
        && embedding.reason.is_none()
        && !is_closed;
    let status = if readiness.available.is_empty() || readiness.is_stopping {
        "unavailable"
    } else if is_whole {
        "healthy"
    } else {
        "degraded"
    };
    Ok(structured(&Output {
        status,
        version: VERSION,
        timestamp: handler.gateway().now().to_string(),
        uptime_seconds: handler.uptime().as_secs(),
        store: match store {
            StoreState {
                kind, fault: None, ..
            } => kind.to_owned(),
            StoreState { kind, .. } => format!("{kind}: degraded"),
        },
        embedding,
        providers_available: readiness
            .available
            .iter()
            .map(ToString::to_string)
            .collect(),
    }))
}
