//! Writes a request to generate content.

mod content;
mod tools;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    Effort, EffortForm, Message, ProviderCall, ProviderError, ResponseFormat, Role,
};
use crate::providers::failure;
use crate::providers::parameters::Parameters;
use content::{Content, Part};
use tools::{ToolConfig, ToolForm};

const JSON: &str = "application/json";
/// Stands in for a form that a model does not give beside tools.
const JSON_ALONE: &str = "Answer with one JSON object and nothing else.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    generation_config: Config<'a>,
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Value>,
}

/// A level since Gemini 3, a budget in tokens before; both are refused.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Thinking {
    ThinkingLevel(&'static str),
    ThinkingBudget(u32),
}

/// Writes the body of a request, and lists what the model does not take.
///
/// # Errors
/// `InvalidRequest` for content that this adapter does not carry.
pub(super) fn write(call: &ProviderCall<'_>) -> Result<(Bytes, Vec<&'static str>), ProviderError> {
    let mut parameters = Parameters::new(call);
    let seed = parameters.seed.and_then(|seed| i32::try_from(seed).ok());
    if seed.is_none() && parameters.seed.is_some() {
        parameters.dropped.push("seed");
    }
    let top_k = parameters.top_k.filter(|top_k| *top_k > 0);
    if top_k.is_none() && parameters.top_k.is_some() {
        parameters.dropped.push("top_k");
    }
    let (system, turns): (Vec<&Message>, Vec<&Message>) = call
        .request
        .messages
        .iter()
        .partition(|message| message.role == Role::System);
    let mut instruction = content::instructions(&system);
    let request = call.request;
    let is_free = request.tools.is_empty() || call.spec.request.allows_format_with_tools;
    if request.parallel_tool_calls == Some(false) && !request.tools.is_empty() {
        parameters.dropped.push("parallel_tool_calls");
    }
    let (response_mime_type, response_json_schema) = match &request.response_format {
        ResponseFormat::Text => (None, None),
        ResponseFormat::JsonObject if !is_free => {
            instruction.extend(content::text(JSON_ALONE));
            (None, None)
        }
        ResponseFormat::JsonObject => (Some(JSON), None),
        ResponseFormat::JsonSchema { schema, .. } => (Some(JSON), Some(schema)),
    };
    let question = Question {
        system_instruction: (!instruction.is_empty()).then_some(Instruction { parts: instruction }),
        contents: content::contents(&turns, call.spec),
        tools: tools::tools(&request.tools),
        tool_config: tools::config(request, parameters.tool_choice),
        generation_config: Config {
            max_output_tokens: parameters.output_limit,
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            top_k,
            stop_sequences: parameters.stop,
            seed,
            thinking_config: parameters.effort.and_then(|effort| thinking(call, effort)),
            response_mime_type,
            response_json_schema,
        },
    };
    let body =
        serde_json::to_vec(&question).map_err(|fault| failure::unsendable(fault.to_string()))?;
    Ok((body.into(), parameters.dropped))
}

fn thinking(call: &ProviderCall<'_>, effort: Effort) -> Option<Thinking> {
    let policy = &call.spec.request;
    match policy.effort_form {
        EffortForm::Budget => Some(Thinking::ThinkingBudget(policy.allowance(Some(effort)))),
        EffortForm::Name => level(effort).map(Thinking::ThinkingLevel),
    }
}

/// Names a level as the API does; `None` where it has no name for it.
const fn level(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::Minimal => Some("MINIMAL"),
        Effort::Low => Some("LOW"),
        Effort::Medium => Some("MEDIUM"),
        Effort::High => Some("HIGH"),
        Effort::Xhigh | Effort::Max => Some("XHIGH"),
        Effort::None => None,
    }
}
