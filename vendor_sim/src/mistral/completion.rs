//! The answer to a chat completion request.

use http::StatusCode;
use serde_json::{Value, json};

use super::check::{Checked, Choice};
use super::request::FormatType;
use super::{headers, stream, trouble, usage};
use crate::answer::{self, Answer, End, Question, ToolChoice};
use crate::bill::{Bill, BilledTokens, CacheWrites};
use crate::dialect::{Call, Reply, Twist};
use crate::strict::Content;

/// A finished completion, ready to be written as a document or as a stream.
pub(super) struct Completion<'a> {
    id: String,
    created: u64,
    checked: &'a Checked,
    pub(super) choices: Vec<ChoiceParts<'a>>,
    tokens: BilledTokens,
    pub(super) twist: Option<Twist<'a>>,
}

/// One choice of a completion.
pub(super) struct ChoiceParts<'a> {
    /// Visible thinking, which makes the content an array.
    pub(super) thinking: Option<&'static str>,
    pub(super) text: String,
    pub(super) tool_call: Option<Value>,
    pub(super) finish_reason: &'a str,
}

/// What every model thinks. Usage counts more than this, as much as the
/// model would have thought.
const THOUGHTS: &str = "The question was read and an answer was made up.";

/// Answers a checked request.
pub(super) fn complete(checked: &Checked, call: &Call<'_>) -> Reply {
    let count = checked.request.n.map_or(1, i64::unsigned_abs);
    let answers: Vec<_> = (0..count)
        .map(|index| answer(checked, call, index))
        .collect();
    let mut tokens = BilledTokens::of_input(checked.input_tokens, CacheWrites::None);
    // Thinking is shown, so that it is output like any other.
    tokens.output = answers
        .iter()
        .map(|answer| answer.visible_tokens() + answer.reasoning_tokens)
        .sum();
    let mut dice = call.dice("mistral-completion");
    let completion = Completion {
        id: format!("{:016x}{:016x}", dice.next(), dice.next()),
        created: call.now.0,
        checked,
        choices: answers
            .into_iter()
            .map(|answer| parts(answer, checked, call.twist, dice.word(9)))
            .collect(),
        tokens,
        twist: call.twist,
    };
    let used = tokens.total_input() + tokens.total_output();
    let mut reply = completion.reply().with(headers::limits(call, used));
    let model = checked.request.model.clone();
    reply.bill = Some(Bill { model, tokens });
    reply
}

fn answer(checked: &Checked, call: &Call<'_>, index: u64) -> Answer {
    let request = &checked.request;
    if call.twist == Some(Twist::EmptyLength) {
        let limit = request.max_tokens.map_or(u64::MAX, i64::unsigned_abs);
        return Answer::starved(limit);
    }
    let json_object = json!({"properties": {"answer": {"type": "string"}}});
    let format = request.response_format.as_ref();
    let schema = match format.map(|format| (format.r#type, &format.json_schema)) {
        Some((Some(FormatType::JsonSchema), Some(format))) => Some(format.schema.as_value()),
        Some((Some(FormatType::JsonObject), _)) => Some(&json_object),
        _ => None,
    };
    let tools = request.tools.iter().flatten().map(|tool| answer::Tool {
        name: &tool.function.name,
        schema: Some(tool.function.parameters.as_value()),
    });
    let question = Question {
        model: &request.model,
        prompt: usage::last_user_text(request),
        tools: tools.collect(),
        choice: match &checked.choice {
            // The order in the user's text has been carried out.
            Choice::Auto if usage::ends_with_result(request) => ToolChoice::Never,
            Choice::Auto => ToolChoice::Auto,
            Choice::Never => ToolChoice::Never,
            Choice::Any => ToolChoice::Any,
            Choice::Named(name) => ToolChoice::Named(name),
        },
        schema,
        effort: checked.effort,
        max_tokens: checked.max_tokens,
        stop: match &request.stop {
            None => Vec::new(),
            Some(Content::Text(one)) => vec![one],
            Some(Content::Parts(several)) => several.iter().map(String::as_str).collect(),
        },
    };
    // The choices of one request differ, the first one is what `n: 1` gives.
    answer::compose(&question, call.seed.wrapping_add(index))
}

fn parts<'a>(
    answer: Answer,
    checked: &Checked,
    twist: Option<Twist<'a>>,
    call_id: String,
) -> ChoiceParts<'a> {
    let thinking = (answer.reasoning_tokens > 0 && checked.effort == "high").then_some(THOUGHTS);
    if matches!(twist, Some(Twist::Refusal | Twist::BlockedPrompt)) {
        // There is no member for it: the text alone declines.
        return ChoiceParts {
            thinking,
            text: "I'm sorry, but I can't help with that.".to_owned(),
            tool_call: None,
            finish_reason: "stop",
        };
    }
    let is_unlimited = checked.request.max_tokens.is_none();
    let finish_reason = match (twist, &answer.end) {
        (Some(Twist::Finish(reason)), _) => reason,
        (Some(Twist::UnknownFinish), _) => "paused_for_compute",
        (_, End::Natural | End::Sequence(_)) => "stop",
        (None, End::Length) if is_unlimited => "model_length",
        (_, End::Length) => "length",
        (_, End::ToolCall) => "tool_calls",
    };
    let tool_call = answer.call.map(|call| {
        json!({
            "id": call_id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments.to_string()},
            "index": 0,
        })
    });
    // The answer repeats what it was told to begin with.
    let prefix = usage::prefix(&checked.request).filter(|_| tool_call.is_none());
    ChoiceParts {
        thinking,
        text: prefix.unwrap_or_default() + &answer.text,
        tool_call,
        finish_reason,
    }
}

impl Completion<'_> {
    fn reply(&self) -> Reply {
        if self.checked.request.stream == Some(true) {
            return Reply::events(stream::events(self));
        }
        if self.twist == Some(Twist::ErrorInside200) {
            return Reply::json(StatusCode::OK, trouble::server_error().body());
        }
        Reply::json(StatusCode::OK, &self.document())
    }

    fn document(&self) -> Value {
        let mut document = self.frame("chat.completion");
        if let Some(usage) = self.usage() {
            put(&mut document, "usage", usage);
        }
        let choices = self.choices.iter().enumerate().map(|(index, choice)| {
            json!({
                "index": index,
                "finish_reason": choice.finish_reason,
                "message": {
                    "role": "assistant",
                    "tool_calls": choice.tool_call.as_ref().map(|call| [call]),
                    "content": self.content(choice),
                },
            })
        });
        put(&mut document, "choices", choices.collect());
        document
    }

    /// Returns a string, or an array where there are thoughts.
    fn content(&self, choice: &ChoiceParts<'_>) -> Value {
        let is_odd = self.twist == Some(Twist::UnknownFields);
        if choice.thinking.is_none() && !is_odd {
            return json!(choice.text);
        }
        let mut chunks = Vec::new();
        if let Some(thoughts) = choice.thinking {
            chunks.push(thinking_chunk(thoughts));
        }
        if is_odd {
            chunks.push(json!({"type": "watermark", "marks": ["a", 1, null]}));
        }
        if !choice.text.is_empty() {
            chunks.push(json!({"type": "text", "text": choice.text}));
        }
        json!(chunks)
    }

    /// Returns the members that documents and chunks share.
    pub(super) fn frame(&self, object: &str) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            // The name that was asked for, alias or not.
            "model": self.checked.request.model,
        });
        if self.twist == Some(Twist::UnknownFields) {
            put(
                &mut frame,
                "provenance",
                json!({"watermark": ["a", 1, null]}),
            );
        }
        frame
    }

    /// Returns the `usage` member, if there is one.
    pub(super) fn usage(&self) -> Option<Value> {
        let is_told = self.twist != Some(Twist::NoUsage);
        is_told.then(|| usage::document(self.checked.model, &self.tokens))
    }
}

/// Returns thoughts as a piece of content.
pub(super) fn thinking_chunk(thoughts: &str) -> Value {
    json!({"type": "thinking", "thinking": [{"type": "text", "text": thoughts}]})
}

/// Sets a member of a document that is an object.
pub(super) fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
