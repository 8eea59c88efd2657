//! Reads OpenAI's request.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::{ContentPart, Draft, Effort, Error, Message, Role};

/// The answer's length when the client says nothing: OpenAI's own default is
/// the model's limit, which would reserve a fortune for every short answer.
const DEFAULT_MAX_TOKENS: u64 = 4_096;

/// What OpenAI's clients send. Members that cannot change the answer are
/// taken and ignored; those that would are refused until they are honoured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatRequest {
    model: Option<String>,
    messages: Vec<ChatMessage>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: Option<Stop>,
    seed: Option<i64>,
    reasoning_effort: Option<Effort>,
    n: Option<u64>,
    stream: Option<bool>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    logprobs: Option<bool>,
    response_format: Option<ResponseFormat>,
    tools: Option<Vec<IgnoredAny>>,
    #[serde(rename = "tool_choice")]
    _tool_choice: Option<IgnoredAny>,
    #[serde(rename = "parallel_tool_calls")]
    _parallel_tool_calls: Option<IgnoredAny>,
    #[serde(rename = "stream_options")]
    _stream_options: Option<IgnoredAny>,
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
    #[serde(rename = "verbosity")]
    _verbosity: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatMessage {
    role: ChatRole,
    content: Option<Content>,
    tool_calls: Option<Vec<IgnoredAny>>,
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "refusal")]
    _refusal: Option<IgnoredAny>,
    #[serde(rename = "annotations")]
    _annotations: Option<IgnoredAny>,
    #[serde(rename = "audio")]
    _audio: Option<IgnoredAny>,
    #[serde(rename = "tool_call_id")]
    _tool_call_id: Option<IgnoredAny>,
    #[serde(rename = "function_call")]
    _function_call: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "content must be a string or a list of parts")]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "stop must be a string or a list of strings")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct ResponseFormat {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads a request body.
///
/// # Errors
/// `caller_invalid_request` that names the member at fault.
pub(super) fn parse(body: &[u8]) -> Result<Draft, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let request: ChatRequest = serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
        Error::unreadable(&fault.path().to_string(), &fault.inner().to_string())
    })?;
    reader
        .end()
        .map_err(|fault| Error::invalid(fault.to_string()))?;
    request.refuse_what_is_not_honoured()?;
    let messages: Result<Vec<Message>, Error> = request
        .messages
        .into_iter()
        .enumerate()
        .map(message)
        .collect();
    Ok(Draft {
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
        ..Draft::default()
    })
}

impl ChatRequest {
    fn refuse_what_is_not_honoured(&self) -> Result<(), Error> {
        let is_set = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
        let is_formatted = |format: &ResponseFormat| format.kind != "text";
        let refused = [
            (self.n.is_some_and(|n| n != 1), "n: only 1 is supported"),
            (
                self.stream == Some(true),
                "stream: streaming is not supported yet",
            ),
            (self.logprobs == Some(true), "logprobs: not supported"),
            (
                is_set(self.presence_penalty),
                "presence_penalty: not supported",
            ),
            (
                is_set(self.frequency_penalty),
                "frequency_penalty: not supported",
            ),
            (
                self.tools.as_ref().is_some_and(|tools| !tools.is_empty()),
                "tools: not supported yet",
            ),
            (
                self.response_format.as_ref().is_some_and(is_formatted),
                "response_format: only text is supported yet",
            ),
        ];
        match refused.into_iter().find(|(is_refused, _)| *is_refused) {
            Some((_, reason)) => Err(Error::invalid(reason)),
            None => Ok(()),
        }
    }
}

fn message((index, message): (usize, ChatMessage)) -> Result<Message, Error> {
    let role = match message.role {
        ChatRole::System | ChatRole::Developer => Role::System,
        ChatRole::User => Role::User,
        ChatRole::Assistant => Role::Assistant,
        ChatRole::Tool => {
            return Err(Error::invalid(format!(
                "messages[{index}].role: tool is not supported yet"
            )));
        }
    };
    if message.tool_calls.is_some_and(|calls| !calls.is_empty()) {
        return Err(Error::invalid(format!(
            "messages[{index}].tool_calls: not supported yet"
        )));
    }
    let content = match message.content {
        None => Vec::new(),
        Some(Content::Text(text)) => vec![ContentPart::Text(text)],
        Some(Content::Parts(parts)) => {
            let parts = parts.into_iter().enumerate();
            parts
                .map(|(place, part)| part.read(index, place))
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Message { role, content })
}

impl Part {
    fn read(self, message: usize, place: usize) -> Result<ContentPart, Error> {
        match (self.kind.as_str(), self.text) {
            ("text", Some(text)) => Ok(ContentPart::Text(text)),
            ("text", None) => {
                let message = format!("messages[{message}].content[{place}].text: missing");
                Err(Error::invalid(message))
            }
            (kind, _) => {
                let kind: String = kind.chars().take(40).collect();
                Err(Error::invalid(format!(
                    "messages[{message}].content[{place}]: parts of type {kind:?} are not \
                     supported yet"
                )))
            }
        }
    }
}
