//! The tool `unified_completion`.

mod input;
mod output;

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};

use self::input::Input;
use self::output::Output;
use super::parse;
use crate::domain::{Caller, CompletionRequest, Error, ErrorKind, RequestId};
use crate::mcp::{McpHandler, schema};

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
) -> Result<CallToolResult, Error> {
    let gateway = handler.gateway();
    let (request, all_candidates) = read(arguments, gateway.default_timeout())
        .map_err(|refusal| gateway.refused(id, caller, refusal))?;
    let completion = gateway.complete(id, caller, &request).await?;
    let output = Output::new(completion, all_candidates);
    let mut result = CallToolResult::success(vec![ContentBlock::text(output.text.clone())]);
    let structured = serde_json::to_value(output)
        .map_err(|fault| Error::new(ErrorKind::GatewayInternal, fault.to_string()))?;
    result.structured_content = Some(structured);
    Ok(result)
}

/// Reads the request, and whether every candidate is to be listed.
fn read(
    arguments: JsonObject,
    default_timeout: Duration,
) -> Result<(CompletionRequest, bool), Error> {
    let input: Input = parse(arguments)?;
    let all_candidates = input.wants_explanation();
    let request = input.into_draft().check(default_timeout)?;
    Ok((request, all_candidates))
}
