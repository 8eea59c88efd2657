//! Reads Anthropic's request.

mod block;
mod foreign;
mod tools;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::{Draft, Effort, Error, Manners, Message, ResponseFormat, Role, whole_number};
use crate::http::cache_mark::CacheMark;
use crate::http::options::GatewayOptions;
use crate::http::others::Others;
use block::{Content, Turn};
use tools::{AnyTool, Choice};

/// Below so many tokens of thinking a budget is low, below the second medium.
const BUDGETS: (u64, u64) = (4_096, 16_384);

/// What Anthropic's clients send. Members that cannot change the answer are
/// taken and ignored; those that would are refused until they are honoured.
#[derive(Deserialize)]
struct MessageRequest {
    model: Option<String>,
    messages: Vec<Turn>,
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    system: Option<Content>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop_sequences: Option<Vec<String>>,
    stream: Option<bool>,
    tools: Option<Vec<AnyTool>>,
    tool_choice: Option<Choice>,
    thinking: Option<Thinking>,
    output_config: Option<OutputConfig>,
    #[serde(default, deserialize_with = "whole_number")]
    top_k: Option<u64>,
    // What `output_config.format` was called before.
    output_format: Option<Format>,
    container: Option<Value>,
    mcp_servers: Option<Vec<IgnoredAny>>,
    gateway: Option<GatewayOptions>,
    cache_control: Option<CacheMark>,
    #[serde(rename = "context_management")]
    _context_management: Option<IgnoredAny>,
    #[serde(rename = "diagnostics")]
    _diagnostics: Option<IgnoredAny>,
    #[serde(rename = "inference_geo")]
    _inference_geo: Option<IgnoredAny>,
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
    #[serde(rename = "service_tier")]
    _service_tier: Option<IgnoredAny>,
    #[serde(rename = "speed")]
    _speed: Option<IgnoredAny>,
    #[serde(flatten)]
    others: Others,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Thinking {
    Enabled { budget_tokens: u64 },
    Adaptive,
    Disabled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputConfig {
    effort: Option<Effort>,
    format: Option<Format>,
    #[serde(rename = "task_budget")]
    _task_budget: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format {
    JsonSchema { schema: Value },
}

/// How the answer is to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Stream,
}

/// Reads a request body.
///
/// # Errors
/// `caller_invalid_request` that names the member at fault.
pub(super) fn parse(body: &[u8]) -> Result<(Draft, Delivery), Error> {
    let request = read(body)?;
    if request.max_tokens.is_none() {
        return Err(Error::invalid("max_tokens: missing"));
    }
    let delivery = match request.stream {
        Some(true) => Delivery::Stream,
        _ => Delivery::Whole,
    };
    Ok((request.into_draft()?, delivery))
}

/// Reads the body of a request to count tokens, which has no `max_tokens`.
///
/// # Errors
/// As for [`parse`].
pub(super) fn parse_for_count(body: &[u8]) -> Result<Draft, Error> {
    read(body)?.into_draft()
}

fn read(body: &[u8]) -> Result<MessageRequest, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let request: MessageRequest =
        serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
            Error::unreadable(&fault.path().to_string(), &fault.inner().to_string())
        })?;
    reader
        .end()
        .map_err(|fault| Error::invalid(fault.to_string()))?;
    request.refuse_what_is_not_honoured()?;
    Ok(request)
}

impl MessageRequest {
    fn refuse_what_is_not_honoured(&self) -> Result<(), Error> {
        self.others.refuse("")?;
        let has_servers = self
            .mcp_servers
            .as_ref()
            .is_some_and(|list| !list.is_empty());
        let refused = [
            (self.container.is_some(), "container: not supported"),
            (has_servers, "mcp_servers: not supported"),
        ];
        match refused.into_iter().find(|(is_refused, _)| *is_refused) {
            Some((_, reason)) => Err(Error::invalid(reason)),
            None => Ok(()),
        }
    }

    fn into_draft(self) -> Result<Draft, Error> {
        let mut messages: Vec<Message> = Vec::new();
        if let Some(system) = self.system {
            let content = system.read("system")?;
            if !content.is_empty() {
                messages.push(Message {
                    role: Role::System,
                    content,
                });
            }
        }
        for (index, turn) in self.messages.into_iter().enumerate() {
            turn.read(index, &mut messages)?;
        }
        let tools = self.tools.unwrap_or_default();
        let tools = tools
            .into_iter()
            .enumerate()
            .map(|(index, tool)| tool.read(index));
        let config = self.output_config;
        let (effort, format) = config.map_or((None, None), |config| (config.effort, config.format));
        let format = format.or(self.output_format);
        let parallel_tool_calls = self.tool_choice.as_ref().and_then(Choice::is_parallel);
        let options = self.gateway.unwrap_or_default();
        let draft = Draft {
            manners: Manners::Vendors,
            messages: Some(messages),
            model: self.model,
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            stop: self.stop_sequences.unwrap_or_default(),
            may_think: matches!(self.thinking, Some(Thinking::Adaptive)),
            effort: self.thinking.and_then(Thinking::effort).or(effort),
            tools: tools.collect::<Result<_, Error>>()?,
            prompt_cache: self.cache_control.map(CacheMark::kept),
            tool_choice: self.tool_choice.map(Choice::read).transpose()?,
            parallel_tool_calls,
            response_format: format.map(|Format::JsonSchema { schema }| {
                ResponseFormat::JsonSchema {
                    name: "answer".to_owned(),
                    schema,
                    strict: true,
                }
            }),
            ..Draft::default()
        };
        Ok(options.apply(draft))
    }
}

impl Thinking {
    /// Returns the portable effort; adaptive thinking leaves it to the rest
    /// of the request.
    fn effort(self) -> Option<Effort> {
        match self {
            Self::Disabled => Some(Effort::None),
            Self::Adaptive => None,
            Self::Enabled { budget_tokens } if budget_tokens < BUDGETS.0 => Some(Effort::Low),
            Self::Enabled { budget_tokens } if budget_tokens < BUDGETS.1 => Some(Effort::Medium),
            Self::Enabled { .. } => Some(Effort::High),
        }
    }
}
