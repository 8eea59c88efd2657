//! Reads OpenAI's request.

mod message;
mod tools;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::chunks::UsageWish;
use crate::domain::{Draft, Effort, Error, Manners, Message, whole_number};
use crate::http::options::GatewayOptions;
use crate::http::others::Others;
use message::ChatMessage;
use tools::{ChatChoice, ChatFormat, ChatTool};

/// The answer's length when the client says nothing: OpenAI's own default is
/// the model's limit, which would reserve a fortune for every short answer.
const DEFAULT_MAX_TOKENS: u64 = 4_096;

/// What OpenAI's clients send. Members that cannot change the answer are
/// taken and ignored; those that would are refused until they are honoured.
#[derive(Deserialize)]
struct ChatRequest {
    model: Option<String>,
    messages: Vec<ChatMessage>,
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    #[serde(default, deserialize_with = "whole_number")]
    max_completion_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: Option<Stop>,
    #[serde(default, deserialize_with = "whole_number")]
    seed: Option<i64>,
    reasoning_effort: Option<Effort>,
    #[serde(default, deserialize_with = "whole_number")]
    n: Option<u64>,
    stream: Option<bool>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    logprobs: Option<bool>,
    response_format: Option<ChatFormat>,
    tools: Option<Vec<ChatTool>>,
    tool_choice: Option<ChatChoice>,
    parallel_tool_calls: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[serde(rename = "user")]
    _user: Option<IgnoredAny>,
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
    #[serde(rename = "store")]
    _store: Option<IgnoredAny>,
    #[serde(rename = "service_tier")]
    _service_tier: Option<IgnoredAny>,
    #[serde(rename = "safety_identifier")]
    _safety_identifier: Option<IgnoredAny>,
    #[serde(rename = "prompt_cache_key")]
    _prompt_cache_key: Option<IgnoredAny>,
    #[serde(rename = "prompt_cache_retention")]
    _prompt_cache_retention: Option<IgnoredAny>,
    verbosity: Option<String>,
    #[serde(default, deserialize_with = "whole_number")]
    top_logprobs: Option<u64>,
    logit_bias: Option<Map<String, Value>>,
    modalities: Option<Vec<String>>,
    gateway: Option<GatewayOptions>,
    #[serde(flatten)]
    others: Others,
}

// Obfuscation is OpenAI's own affair; others may come.
#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// How the answer is to be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// As one document.
    Whole,
    /// As a stream of chunks.
    Stream(UsageWish),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "stop must be a string or a list of strings")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

/// Reads a request body.
///
/// # Errors
/// `caller_invalid_request` that names the member at fault.
pub(super) fn parse(body: &[u8]) -> Result<(Draft, Delivery), Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let request: ChatRequest = serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
        Error::unreadable(&fault.path().to_string(), &fault.inner().to_string())
    })?;
    reader
        .end()
        .map_err(|fault| Error::invalid(fault.to_string()))?;
    request.refuse_what_is_not_honoured()?;
    let delivery = request.delivery();
    let messages: Result<Vec<Message>, Error> = request
        .messages
        .into_iter()
        .enumerate()
        .map(|(index, message)| message.read(index))
        .collect();
    let tools = request.tools.unwrap_or_default();
    let response_format = request.response_format.map(ChatFormat::read);
    let draft = Draft {
        manners: Manners::Vendors,
        messages: Some(messages?),
        model: request.model,
        max_tokens: request
            .max_completion_tokens
            .or(request.max_tokens)
            .or(Some(DEFAULT_MAX_TOKENS)),
        temperature: request.temperature,
        top_p: request.top_p,
        seed: request.seed,
        stop: match request.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Many(stops)) => stops,
        },
        effort: request.reasoning_effort,
        tools: tools.into_iter().map(Into::into).collect(),
        tool_choice: request.tool_choice.map(Into::into),
        parallel_tool_calls: request.parallel_tool_calls,
        response_format: response_format.transpose()?,
        ..Draft::default()
    };
    let options = request.gateway.unwrap_or_default();
    Ok((options.apply(draft), delivery))
}

impl ChatRequest {
    fn delivery(&self) -> Delivery {
        let options = self.stream_options.as_ref();
        let wants_usage = options.and_then(|options| options.include_usage) == Some(true);
        match (self.stream, wants_usage) {
            (Some(true), true) => Delivery::Stream(UsageWish::Wanted),
            (Some(true), false) => Delivery::Stream(UsageWish::Unwanted),
            _ => Delivery::Whole,
        }
    }

    fn refuse_what_is_not_honoured(&self) -> Result<(), Error> {
        self.others.refuse("")?;
        let has_bias = self
            .logit_bias
            .as_ref()
            .is_some_and(|bias| !bias.is_empty());
        let mut modalities = self.modalities.iter().flatten();
        let is_usual = |verbosity: &String| verbosity == "medium";
        let is_set = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
        let refused = [
            (self.n.is_some_and(|n| n != 1), "n: only 1 is supported"),
            (self.logprobs == Some(true), "logprobs: not supported"),
            (
                self.top_logprobs.is_some_and(|count| count > 0),
                "top_logprobs: not supported",
            ),
            (has_bias, "logit_bias: not supported"),
            (
                modalities.any(|modality| modality != "text"),
                "modalities: only text is supported",
            ),
            (
                !self.verbosity.iter().all(is_usual),
                "verbosity: not supported",
            ),
            (
                is_set(self.presence_penalty),
                "presence_penalty: not supported",
            ),
            (
                is_set(self.frequency_penalty),
                "frequency_penalty: not supported",
            ),
        ];
        match refused.into_iter().find(|(is_refused, _)| *is_refused) {
            Some((_, reason)) => Err(Error::invalid(reason)),
            None => Ok(()),
        }
    }
}
