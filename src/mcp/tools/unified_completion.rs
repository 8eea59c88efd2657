//! The tool `unified_completion`.

mod input;
mod output;
mod routing;

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::Value;
use tokio::time::Instant;

use self::input::Input;
use self::output::Output;
use super::parse;
use crate::domain::{
    Allowance, Caller, Completion, CompletionRequest, Error, ErrorKind, RequestId,
};
use crate::gateway::Origin;
use crate::mcp::progress::{self, Progress};
use crate::mcp::{McpHandler, error, schema};

const TITLE: &str = "Complete a prompt";
const DESCRIPTION: &str = "Sends a prompt or conversation to the language model that suits it \
     best by quality, cost, latency and reliability, or to the model you name, and fails over \
     when a provider fails. Use it whenever another model's answer is wanted. It costs money: \
     the answer says how much, which model answered and why. The text of the answer is the \
     completion alone; everything else is in the structured content.";

pub(super) fn definition() -> Tool {
    let hints = ToolAnnotations::with_title(TITLE)
        .read_only(false)
        .destructive(false)
        .idempotent(false)
        .open_world(true);
    Tool::new("unified_completion", DESCRIPTION, schema::input::<Input>())
        .with_title(TITLE)
        .with_raw_output_schema(schema::output::<Output>())
        .with_annotations(hints)
}

pub(super) async fn call(
    handler: &McpHandler,
    id: RequestId,
    caller: &Caller,
    arguments: JsonObject,
    progress: Option<Progress>,
) -> CallToolResult {
    let gateway = handler.gateway();
    let origin = Origin {
        id,
        caller,
        tool: "unified_completion",
    };
    let wanted = match read(arguments, gateway.default_timeout()) {
        Ok(wanted) => wanted,
        Err(refusal) => {
            let refusal = gateway.refused(origin, refusal).await;
            return error::tool_error(&refusal, id);
        }
    };
    let request = &wanted.request;
    let (sink, pieces) = progress::pieces();
    let deadline = Instant::now() + request.timeout;
    let result = match progress {
        None => gateway.complete(origin, request).await,
        Some(progress) if wanted.is_streamed => {
            let work = gateway.complete_into(origin, request, &sink);
            progress.follow(work, pieces, deadline).await
        }
        Some(progress) => {
            let work = gateway.complete(origin, request);
            progress.follow(work, pieces, deadline).await
        }
    };
    result
        .and_then(|completion| present(completion, wanted.all_candidates))
        .unwrap_or_else(|failure| error::partial_error(&failure, id, sink.into_text()))
}

/// Makes the tool's result.
fn present(completion: Completion, all_candidates: bool) -> Result<CallToolResult, Error> {
    let remaining = remaining(completion.allowance);
    let output = Output::new(completion, all_candidates);
    let mut result = CallToolResult::success(vec![ContentBlock::text(output.text.clone())]);
    let structured = serde_json::to_value(output)
        .map_err(|fault| Error::new(ErrorKind::GatewayInternal, fault.to_string()))?;
    result.structured_content = Some(structured);
    result.meta = remaining;
    Ok(result)
}

/// Says what the caller's limits have left, where there are any.
fn remaining(left: Allowance) -> Option<MetaObject> {
    let members = [
        ("requests", left.requests.map(Value::from)),
        ("tokens", left.tokens.map(Value::from)),
        ("budget_usd", left.budget.map(|budget| budget.usd().into())),
    ];
    let said = members.into_iter();
    let said: JsonObject = said
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    if said.is_empty() {
        return None;
    }
    let key = "ai-gateway/remaining".to_owned();
    Some(MetaObject(JsonObject::from_iter([(key, said.into())])))
}

/// What the caller wants.
struct Wanted {
    request: CompletionRequest,
    /// Every candidate is to be listed.
    all_candidates: bool,
    /// The text is to be told while it is made.
    is_streamed: bool,
}

fn read(arguments: JsonObject, default_timeout: Duration) -> Result<Wanted, Error> {
    let input: Input = parse(arguments)?;
    Ok(Wanted {
        all_candidates: input.wants_explanation(),
        is_streamed: input.wants_stream(),
        request: input.into_draft().check(default_timeout)?,
    })
}
