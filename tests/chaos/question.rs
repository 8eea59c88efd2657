//! What a call asks through its door, and how the answer is read.

use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};

use crate::scenario::{Door, Load};

/// One call of a run.
pub(crate) struct Question {
    pub(crate) door: Door,
    /// The only right answer.
    pub(crate) text: String,
    path: &'static str,
    body: String,
}

/// How a call ended, as its caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// With the answer to its own question.
    Answered,
    /// With anything else that looks like an answer.
    Wrong(String),
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The contract's type.
    pub(crate) kind: String,
    pub(crate) is_retryable: bool,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) message: String,
}

impl Question {
    /// Returns call `number` of a load; no two have the same answer.
    pub(crate) fn of(load: &Load, seed: u64, number: usize) -> Self {
        let door = load
            .doors
            .get(number % load.doors.len().max(1))
            .copied()
            .unwrap_or(Door::Mcp);
        let text = format!("this is the answer to question {number} of run {seed}");
        Self::new(load, door, text)
    }

    /// Returns a call that must be answered with `text`, by whoever can.
    pub(crate) fn new(load: &Load, door: Door, text: String) -> Self {
        Self::with(load, door, text, &json!({"failover_enabled": true}))
    }

    /// Returns a call with requirements of its own.
    pub(crate) fn with(load: &Load, door: Door, text: String, requirements: &Value) -> Self {
        let timeout_ms = u64::try_from(load.timeout.as_millis()).unwrap_or(u64::MAX);
        let prompt = format!("say: {text}");
        // An answer that may be long may take long.
        let max_tokens = 1_000;
        match door {
            Door::Mcp => {
                let arguments = json!({"prompt": prompt, "model": load.model, "max_tokens": max_tokens,
                    "timeout_ms": timeout_ms, "requirements": requirements});
                Self::tool(text, &arguments)
            }
            Door::V1 | Door::V1Stream => {
                let body = json!({"model": load.model, "max_tokens": max_tokens, "stream": door == Door::V1Stream,
                    "messages": [{"role": "user", "content": prompt}],
                    "gateway": {"timeout_ms": timeout_ms, "requirements": requirements}});
                Self {
                    door,
                    text,
                    path: "/v1/chat/completions",
                    body: body.to_string(),
                }
            }
        }
    }

    /// Returns a call of `unified_completion` that must be answered with `text`.
    pub(crate) fn tool(text: String, arguments: &Value) -> Self {
        let params = json!({"name": "unified_completion", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        Self {
            door: Door::Mcp,
            text,
            path: "/mcp",
            body: call.to_string(),
        }
    }

    /// Puts it into HTTP, for the gateway at `base`.
    pub(crate) fn request<B>(
        &self,
        base: &str,
        body: impl FnOnce(String) -> B,
    ) -> Result<Request<B>, http::Error> {
        Request::post(format!("{base}{}", self.path))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body(self.body.clone()))
    }

    /// Reads the answer.
    pub(crate) fn read(&self, status: StatusCode, headers: &HeaderMap, body: &str) -> End {
        let read = match self.door {
            Door::Mcp => tool_answer(body),
            Door::V1Stream if status == StatusCode::OK => stream_answer(body),
            Door::V1 | Door::V1Stream => v1_answer(headers, body),
        };
        match read {
            Some(Ok(text)) if text == self.text => End::Answered,
            Some(Ok(text)) => End::Wrong(text),
            Some(Err(refusal)) => End::Refused(refusal),
            None => End::Wrong(format!("status {status}: {body}")),
        }
    }
}

/// A text or a refusal; `None` for what the contract does not know.
type Read = Option<Result<String, Refusal>>;

fn tool_answer(body: &str) -> Read {
    let document: Value = serde_json::from_str(body).ok()?;
    let content = document.pointer("/result/structuredContent")?;
    let Some(error) = content.get("error") else {
        return Some(Ok(content.get("text")?.as_str()?.to_owned()));
    };
    Some(Err(Refusal {
        kind: error.get("type")?.as_str()?.to_owned(),
        is_retryable: error.get("retryable")?.as_bool()?,
        retry_after_ms: error.get("retry_after_ms").and_then(Value::as_u64),
        message: error.get("message")?.as_str()?.to_owned(),
    }))
}

fn v1_answer(headers: &HeaderMap, body: &str) -> Read {
    let document: Value = serde_json::from_str(body).ok()?;
    let Some(error) = document.get("error") else {
        let text = document.pointer("/choices/0/message/content")?;
        return Some(Ok(text.as_str()?.to_owned()));
    };
    let header = |name: &str| headers.get(name)?.to_str().ok();
    Some(Err(Refusal {
        is_retryable: header("x-should-retry")? == "true",
        retry_after_ms: header("retry-after-ms").and_then(|value| value.parse().ok()),
        ..openai_refusal(error)?
    }))
}

/// Reads a stream: text and `[DONE]`, or one error, which is the last event.
fn stream_answer(body: &str) -> Read {
    let events = body.split("\n\n");
    let mut data = events.filter_map(|event| event.strip_prefix("data: "));
    let mut text = String::new();
    while let Some(event) = data.next() {
        if event == "[DONE]" {
            return data.next().is_none().then_some(Ok(text));
        }
        let event: Value = serde_json::from_str(event).ok()?;
        if let Some(error) = event.get("error") {
            return data.next().is_none().then_some(Err(openai_refusal(error)?));
        }
        let piece = event.pointer("/choices/0/delta/content");
        text += piece.and_then(Value::as_str).unwrap_or_default();
    }
    None
}

/// Reads OpenAI's envelope, which has no word on coming again; within a
/// stream nothing else has.
fn openai_refusal(error: &Value) -> Option<Refusal> {
    Some(Refusal {
        kind: error.get("code")?.as_str()?.to_owned(),
        is_retryable: true,
        retry_after_ms: None,
        message: error.get("message")?.as_str()?.to_owned(),
    })
}
