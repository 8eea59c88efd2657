//! The answer to a chat completion request.

use http::StatusCode;
use serde_json::{Value, json};

use super::check::{Checked, Choice, Shown};
use super::models::Model;
use super::request::{ResponseFormat, ServiceTier, Tool};
use super::{stream, trouble, usage};
use crate::answer::{self, Answer, End, Question, ToolChoice};
use crate::bill::{Bill, BilledTokens};
use crate::dialect::{Call, Reply, Twist};
use crate::strict::Object;

/// What the model thinks, where thoughts are shown. Chosen.
const THOUGHTS: &str = "The user wants an answer; it comes from a fixed list.";

/// A finished completion, ready to be written as a document or as a stream.
pub(super) struct Completion<'a> {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: &'static Model,
    /// `null` where a tool call takes its place.
    pub(super) content: Option<String>,
    pub(super) reasoning: Option<&'static str>,
    pub(super) tool_call: Option<Value>,
    pub(super) finish_reason: &'a str,
    pub(super) tokens: BilledTokens,
    service_tier: &'static str,
    pub(super) twist: Option<Twist<'a>>,
}

/// Answers a checked request.
pub(super) fn complete(checked: &Checked, call: &Call<'_>) -> Reply {
    let answer = answer(checked, call);
    let mut tokens = usage::split(checked.model, checked.input_tokens);
    tokens.output = answer.visible_tokens();
    tokens.reasoning = answer.reasoning_tokens;
    let mut dice = call.dice("groq-completion");
    let id = format!("chatcmpl-{}", dice.word(32));
    let completion = completion(checked, call, answer, (id, dice.word(9), tokens));
    let mut reply = if checked.request.stream == Some(true) {
        Reply::events(stream::events(&completion))
    } else if call.twist == Some(Twist::ErrorInside200) {
        Reply::json(StatusCode::OK, &trouble::server_error().body())
    } else {
        Reply::json(StatusCode::OK, &completion.document())
    };
    let model = checked.model.id.to_owned();
    reply.bill = Some(Bill { model, tokens });
    reply
}

fn completion<'a>(
    checked: &Checked,
    call: &Call<'a>,
    answer: Answer,
    (id, call_id, tokens): (String, String, BilledTokens),
) -> Completion<'a> {
    let finish_reason = match (call.twist, &answer.end) {
        (Some(Twist::Finish(reason)), _) => reason,
        (Some(Twist::UnknownFinish), _) => "paused_for_compute",
        // Chunks know this reason; the model's own words come with it.
        (Some(Twist::Refusal | Twist::BlockedPrompt), _) => "content_filter",
        (_, End::Natural | End::Sequence(_)) => "stop",
        (_, End::Length) => "length",
        (_, End::ToolCall) => "tool_calls",
    };
    let tool_call = answer.call.map(|made| {
        let function = json!({"name": made.name, "arguments": made.arguments.to_string()});
        json!({"id": format!("call_{call_id}"), "type": "function", "function": function})
    });
    let is_refusal = matches!(call.twist, Some(Twist::Refusal | Twist::BlockedPrompt));
    let text = match (checked.shown, is_refusal) {
        (_, true) => "I'm sorry, but I can't help with that.".to_owned(),
        (Shown::InText, false) => format!("<think>\n{THOUGHTS}\n</think>\n\n{}", answer.text),
        (Shown::Nowhere | Shown::Apart, false) => answer.text,
    };
    Completion {
        id,
        created: call.now.0,
        model: checked.model,
        content: tool_call.is_none().then_some(text),
        reasoning: (checked.shown == Shown::Apart).then_some(THOUGHTS),
        tool_call,
        finish_reason,
        tokens,
        service_tier: checked
            .request
            .service_tier
            .map_or("on_demand", ServiceTier::served),
        twist: call.twist,
    }
}

fn answer(checked: &Checked, call: &Call<'_>) -> Answer {
    let request = &checked.request;
    if call.twist == Some(Twist::EmptyLength) {
        return Answer::starved(checked.max_tokens);
    }
    let json_object = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema(format)) => {
            format.json_schema.schema.as_ref().map(Object::as_value)
        }
        Some(ResponseFormat::JsonObject) => Some(&json_object),
        Some(ResponseFormat::Text) | None => None,
    };
    let tools = request.tools.iter().flatten();
    let tools = tools.map(|Tool::Function(tool)| answer::Tool {
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
        effort: checked.effort,
        max_tokens: checked.max_tokens,
        stop: checked.stop.iter().map(String::as_str).collect(),
    };
    answer::compose(&question, call.seed)
}

impl Completion<'_> {
    fn document(&self) -> Value {
        let mut message = json!({"role": "assistant"});
        if let Some(content) = &self.content {
            put(&mut message, "content", json!(content));
        }
        if let Some(reasoning) = self.reasoning {
            put(&mut message, "reasoning", json!(reasoning));
        }
        if let Some(call) = &self.tool_call {
            put(&mut message, "tool_calls", json!([call]));
        }
        let mut document = self.frame("chat.completion");
        let choice = json!({"index": 0, "message": message, "logprobs": null,
            "finish_reason": self.finish_reason});
        put(&mut document, "choices", json!([choice]));
        if self.twist != Some(Twist::NoUsage) {
            let usage = usage::document(self.model, &self.tokens);
            put(&mut document, "usage", usage);
        }
        put(&mut document, "usage_breakdown", Value::Null);
        put(&mut document, "service_tier", json!(self.service_tier));
        put(
            &mut document,
            "x_groq",
            json!({"id": self.request_id(), "seed": 7}),
        );
        document
    }

    /// Returns the members that documents and chunks share.
    pub(super) fn frame(&self, object: &str) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model.id,
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

    /// Returns the id of the request, which stands in `x_groq`.
    pub(super) fn request_id(&self) -> String {
        self.id.replace("chatcmpl-", "req_")
    }
}

/// Sets a member of a document that is an object.
pub(super) fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
