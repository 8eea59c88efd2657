//! The answer to a chat completion request.

use http::StatusCode;
use serde_json::{Value, json};

use super::check::{Checked, Choice};
use super::headers;
use super::request::{ResponseFormat, Tool};
use super::{stream, trouble, usage};
use crate::answer::{self, Answer, End, Question, ToolChoice};
use crate::bill::{Bill, BilledTokens};
use crate::dialect::{Call, Reply, Twist};
use crate::strict::Object;

/// A finished completion, ready to be written as a document or as a stream.
pub(super) struct Completion<'a> {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) checked: &'a Checked,
    pub(super) choices: Vec<ChoiceParts<'a>>,
    pub(super) tokens: BilledTokens,
    pub(super) twist: Option<Twist<'a>>,
}

/// One choice of a completion.
pub(super) struct ChoiceParts<'a> {
    /// `null` where a tool call or a refusal takes its place.
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) tool_call: Option<WrittenCall>,
    pub(super) finish_reason: &'a str,
}

/// A tool call as it goes out: the arguments are a string.
pub(super) struct WrittenCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// Answers a checked request.
pub(super) fn complete(checked: &Checked, call: &Call<'_>) -> Reply {
    let count = checked.request.n.map_or(1, i64::unsigned_abs);
    let answers: Vec<_> = (0..count)
        .map(|index| answer(checked, call, index))
        .collect();
    let mut tokens = usage::split(checked.model, checked.input_tokens);
    tokens.output = answers.iter().map(Answer::visible_tokens).sum();
    tokens.reasoning = answers.iter().map(|answer| answer.reasoning_tokens).sum();
    let mut dice = call.dice("openai-completion");
    let completion = Completion {
        id: format!("chatcmpl-{}", dice.word(29)),
        created: call.now.0,
        checked,
        choices: answers
            .into_iter()
            .map(|answer| parts(answer, call.twist, format!("call_{}", dice.word(24))))
            .collect(),
        tokens,
        twist: call.twist,
    };
    let used = tokens.total_input() + tokens.total_output();
    let mut reply = completion.reply().with(headers::limits(call, used));
    let model = checked.model.answers_as().to_owned();
    reply.bill = Some(Bill { model, tokens });
    reply
}

fn answer(checked: &Checked, call: &Call<'_>, index: u64) -> Answer {
    let request = &checked.request;
    if call.twist == Some(Twist::EmptyLength) {
        let limited = request
            .max_completion_tokens
            .or(request.max_tokens)
            .is_some();
        return Answer::starved(if limited {
            checked.max_tokens
        } else {
            u64::MAX
        });
    }
    let json_object = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema(format)) => {
            format.json_schema.schema.as_ref().map(Object::as_value)
        }
        Some(ResponseFormat::JsonObject) => Some(&json_object),
        Some(ResponseFormat::Text) | None => None,
    };
    let tools = request
        .tools
        .iter()
        .flatten()
        .map(|Tool::Function(tool)| answer::Tool {
            name: &tool.function.name,
            schema: tool.function.parameters.as_ref().map(Object::as_value),
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
        effort: if checked.model.reasons() {
            checked.effort
        } else {
            "none"
        },
        max_tokens: checked.max_tokens,
        stop: checked.stop.iter().map(String::as_str).collect(),
    };
    // The choices of one request differ, the first one is what `n: 1` gives.
    answer::compose(&question, call.seed.wrapping_add(index))
}

fn parts(answer: Answer, twist: Option<Twist<'_>>, call_id: String) -> ChoiceParts<'_> {
    if matches!(twist, Some(Twist::Refusal | Twist::BlockedPrompt)) {
        return ChoiceParts {
            content: None,
            refusal: Some("I'm sorry, but I can't help with that.".to_owned()),
            tool_call: None,
            finish_reason: "stop",
        };
    }
    let finish_reason = match (twist, answer.end) {
        (Some(Twist::Finish(reason)), _) => reason,
        (Some(Twist::UnknownFinish), _) => "paused_for_compute",
        (_, End::Natural | End::Sequence(_)) => "stop",
        (_, End::Length) => "length",
        (_, End::ToolCall) => "tool_calls",
    };
    let tool_call = answer.call.map(|call| WrittenCall {
        id: call_id,
        name: call.name,
        arguments: call.arguments.to_string(),
    });
    let content = tool_call.is_none().then_some(answer.text);
    ChoiceParts {
        content,
        refusal: None,
        tool_call,
        finish_reason,
    }
}

impl Completion<'_> {
    fn reply(&self) -> Reply {
        let request = &self.checked.request;
        if request.stream == Some(true) {
            return Reply::events(stream::events(self));
        }
        if self.twist == Some(Twist::ErrorInside200) {
            return Reply::json(StatusCode::OK, &trouble::server_error().body());
        }
        Reply::json(StatusCode::OK, &self.document())
    }

    fn document(&self) -> Value {
        let mut document = self.frame("chat.completion");
        let choices = self.choices.iter().enumerate().map(|(index, choice)| {
            json!({
                "index": index,
                "message": message(choice),
                "logprobs": null,
                "finish_reason": choice.finish_reason,
            })
        });
        put(&mut document, "choices", choices.collect());
        if self.twist != Some(Twist::NoUsage) {
            put(
                &mut document,
                "usage",
                usage::document(self.checked.model, &self.tokens),
            );
        }
        document
    }

    /// Returns the members that documents and chunks share.
    pub(super) fn frame(&self, object: &str) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.checked.model.answers_as(),
            "service_tier": "default",
            "system_fingerprint": "fp_simulated",
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
}

fn message(choice: &ChoiceParts<'_>) -> Value {
    let mut message = json!({
        "role": "assistant",
        "content": choice.content,
        "refusal": choice.refusal,
        "annotations": [],
    });
    if let Some(call) = &choice.tool_call {
        let function = json!({"name": call.name, "arguments": call.arguments});
        let calls = json!([{"id": call.id, "type": "function", "function": function}]);
        put(&mut message, "tool_calls", calls);
    }
    message
}

/// Sets a member of a document that is an object.
pub(super) fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
