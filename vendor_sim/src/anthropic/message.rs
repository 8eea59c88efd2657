//! The answer to a messages request.

use http::StatusCode;
use serde_json::{Value, json};

use super::check::Checked;
use super::request::{Display, OutputFormat, Thinking, ToolChoice as Choice};
use super::{headers, stream, trouble, usage};
use crate::answer::{self, Answer, End, Question, ToolChoice};
use crate::bill::{Bill, BilledTokens};
use crate::dialect::{Call, Reply, Twist};

/// How the signatures of our own thinking blocks start. Others are refused
/// when they are sent back.
pub(super) const SIGNATURE: &str = "c2ltdWxhdGVk";

/// A finished message, ready to be written as a document or as a stream.
pub(super) struct Message<'a> {
    pub(super) id: String,
    pub(super) model: &'static str,
    pub(super) content: Vec<Value>,
    pub(super) stop_reason: &'a str,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Value,
    pub(super) tokens: BilledTokens,
    pub(super) call: &'a Call<'a>,
}

/// Answers a checked request.
pub(super) fn create(checked: &Checked, call: &Call<'_>) -> Reply {
    let answer = answer(checked, call);
    let mut tokens = usage::split(&checked.request, checked.input_tokens);
    tokens.output = answer.visible_tokens();
    tokens.reasoning = answer.reasoning_tokens;
    let message = message(checked, call, answer, tokens);
    let model = message.model.to_owned();
    let reply = if checked.request.stream == Some(true) {
        Reply::events(stream::events(&message))
    } else if call.twist == Some(Twist::ErrorInside200) {
        Reply::json(StatusCode::OK, &trouble::overloaded().body(call))
    } else {
        Reply::json(StatusCode::OK, &message.document())
    };
    let limits = headers::limits(call, tokens.total_input(), tokens.total_output());
    let mut reply = reply.with(limits);
    reply.bill = Some(Bill { model, tokens });
    reply
}

fn answer(checked: &Checked, call: &Call<'_>) -> Answer {
    let request = &checked.request;
    let max_tokens = request.max_tokens.unsigned_abs();
    if call.twist == Some(Twist::EmptyLength) {
        return Answer::starved(max_tokens);
    }
    let format = request
        .output_config
        .as_ref()
        .and_then(|config| config.format.as_ref());
    let schema = format.map(|OutputFormat::JsonSchema(format)| format.schema.as_value());
    let tools = request.tools.as_deref().unwrap_or_default();
    let question = Question {
        model: &request.model,
        prompt: usage::last_user_text(request),
        tools: tools
            .iter()
            .map(|tool| answer::Tool {
                name: &tool.name,
                schema: Some(tool.input_schema.as_value()),
            })
            .collect(),
        choice: match &request.tool_choice {
            Some(Choice::None) => ToolChoice::Never,
            Some(Choice::Any(_)) => ToolChoice::Any,
            Some(Choice::Tool(named)) => ToolChoice::Named(&named.name),
            // The order in the user's text has been carried out.
            _ if usage::ends_with_result(request) => ToolChoice::Never,
            Some(Choice::Auto(_)) | None => ToolChoice::Auto,
        },
        schema,
        effort: checked.effort,
        max_tokens,
        stop: request
            .stop_sequences
            .iter()
            .flatten()
            .map(String::as_str)
            .collect(),
    };
    answer::compose(&question, call.seed)
}

fn message<'a>(
    checked: &Checked,
    call: &'a Call<'a>,
    answer: Answer,
    tokens: BilledTokens,
) -> Message<'a> {
    let mut dice = call.dice("anthropic-message");
    let mut message = Message {
        id: format!("msg_01{}", dice.word(22)),
        model: checked.model.answers_as(),
        content: Vec::new(),
        stop_reason: "end_turn",
        stop_sequence: None,
        stop_details: Value::Null,
        tokens,
        call,
    };
    if call.twist == Some(Twist::UnknownFields) {
        message
            .content
            .push(json!({"type": "watermark", "origin": ["a", 1, null]}));
    }
    if answer.reasoning_tokens > 0 {
        let signature = format!("{SIGNATURE}{}", dice.word(40));
        let thinking = thoughts(checked);
        message
            .content
            .push(json!({"type": "thinking", "thinking": thinking, "signature": signature}));
    }
    if matches!(call.twist, Some(Twist::Refusal | Twist::BlockedPrompt)) {
        message.content.clear();
        message.stop_reason = "refusal";
        message.stop_details = json!({"type": "refusal", "category": "general_harms",
            "explanation": "This request was declined."});
        return message;
    }
    if !answer.text.is_empty() {
        message
            .content
            .push(json!({"type": "text", "text": answer.text, "citations": null}));
    }
    if let Some(tool) = answer.call {
        let id = format!("toolu_01{}", dice.word(22));
        message
            .content
            .push(json!({"type": "tool_use", "id": id, "name": tool.name,
            "input": tool.arguments, "caller": {"type": "direct"}}));
    }
    message.end(answer.end);
    message
}

/// Returns what is shown of the thoughts: nothing, unless asked for.
fn thoughts(checked: &Checked) -> &'static str {
    let display = match &checked.request.thinking {
        Some(Thinking::Adaptive(display)) => display.display,
        Some(Thinking::Enabled(budget)) => budget.display,
        _ => None,
    };
    match display {
        Some(Display::Summarized) => "The question was read and an answer was made up.",
        Some(Display::Omitted) | None => "",
    }
}

impl Message<'_> {
    fn end(&mut self, end: End) {
        self.stop_reason = match (self.call.twist, end) {
            (Some(Twist::Finish(reason)), _) => reason,
            (Some(Twist::UnknownFinish), _) => "paused_for_compute",
            (_, End::Natural) => "end_turn",
            (_, End::Length) => "max_tokens",
            (_, End::ToolCall) => "tool_use",
            (_, End::Sequence(sequence)) => {
                self.stop_sequence = Some(sequence);
                "stop_sequence"
            }
        };
    }

    fn document(&self) -> Value {
        let mut document = self.frame(&self.content, &self.tokens);
        put(&mut document, "stop_reason", json!(self.stop_reason));
        put(&mut document, "stop_sequence", json!(self.stop_sequence));
        put(&mut document, "stop_details", self.stop_details.clone());
        document
    }

    /// Returns a message that has not ended yet.
    pub(super) fn frame(&self, content: &[Value], tokens: &BilledTokens) -> Value {
        let mut frame = json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": null,
            "stop_sequence": null,
            "stop_details": null,
            "container": null,
        });
        if self.call.twist != Some(Twist::NoUsage) {
            put(&mut frame, "usage", usage::document(tokens));
        }
        if self.call.twist == Some(Twist::UnknownFields) {
            put(
                &mut frame,
                "provenance",
                json!({"watermark": ["a", 1, null]}),
            );
        }
        frame
    }
}

/// Sets a member of a document that is an object.
pub(super) fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
