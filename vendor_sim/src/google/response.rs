//! The answer to a request for content.

use http::StatusCode;
use serde_json::{Value, json};

use super::api::Api;
use super::check::Checked;
use super::models::Family;
use super::request::Mode;
use super::{Delivery, document, signature, stream, trouble, usage};
use crate::answer::{self, Answer, End, Question, ToolChoice};
use crate::bill::{Bill, BilledTokens};
use crate::dialect::{Call, Reply, Twist};
use crate::dice::Dice;

/// A finished response, ready to be written as a document or as a stream.
pub(super) struct Response<'a> {
    id: String,
    pub(super) candidates: Vec<Candidate<'a>>,
    pub(super) tokens: BilledTokens,
    checked: &'a Checked,
    api: Api,
    pub(super) call: &'a Call<'a>,
}

/// One answer of a response.
pub(super) struct Candidate<'a> {
    /// Nothing where thinking took it all, or where the answer was withheld.
    pub(super) parts: Vec<Value>,
    /// The signature of the thoughts behind a text, which comes with its end.
    pub(super) signature: Option<String>,
    pub(super) finish_reason: &'a str,
}

/// Answers a checked request.
pub(super) fn generate(checked: &Checked, api: Api, delivery: Delivery, call: &Call<'_>) -> Reply {
    let config = &checked.request.generation_config;
    let count = config.candidate_count.map_or(1, i64::unsigned_abs);
    let mut tokens = checked.input.split();
    let mut dice = call.dice("google-response");
    let mut response = Response {
        id: dice.word(22),
        candidates: Vec::new(),
        tokens,
        checked,
        api,
        call,
    };
    if call.twist != Some(Twist::BlockedPrompt) {
        for index in 0..count {
            let answer = answer(checked, call, index);
            tokens.reasoning += answer.reasoning_tokens;
            if call.twist != Some(Twist::Refusal) {
                tokens.output += answer.visible_tokens();
            }
            let candidate = candidate(answer, checked, call, &mut dice);
            response.candidates.push(candidate);
        }
    }
    response.tokens = tokens;
    let mut reply = match delivery {
        Delivery::Events => stream::events(&response),
        Delivery::Array => stream::array(&response),
        Delivery::Whole if call.twist == Some(Twist::ErrorInside200) => {
            document::reply(StatusCode::OK, &trouble::internal().body())
        }
        Delivery::Whole => document::reply(StatusCode::OK, &response.document()),
    };
    let model = checked.model.id.to_owned();
    reply.bill = Some(Bill { model, tokens });
    reply
}

fn answer(checked: &Checked, call: &Call<'_>, index: u64) -> Answer {
    let request = &checked.request;
    let config = &request.generation_config;
    if call.twist == Some(Twist::EmptyLength) {
        let limit = config.max_output_tokens.map_or(u64::MAX, i64::unsigned_abs);
        return Answer::starved(limit);
    }
    let schemas: Vec<_> = request
        .functions()
        .map(|function| json_schema(&function.parameters, &function.parameters_json_schema))
        .collect();
    let format = json_schema(&config.response_schema, &config.response_json_schema);
    let any_json = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let is_json = config.response_mime_type == "application/json";
    let allowed = |name: &str| {
        let names = request
            .calling()
            .map(|calling| &calling.allowed_function_names);
        names.is_none_or(|names| names.is_empty() || names.iter().any(|allowed| allowed == name))
    };
    let functions = request.functions().zip(&schemas);
    let question = Question {
        model: checked.model.id,
        prompt: usage::last_user_text(request),
        tools: functions
            .filter(|(function, _)| allowed(&function.name))
            .map(|(function, schema)| answer::Tool {
                name: &function.name,
                schema: schema.as_ref(),
            })
            .collect(),
        choice: match request.calling().map(|calling| calling.mode) {
            Some(Mode::Any) => ToolChoice::Any,
            Some(Mode::None) => ToolChoice::Never,
            // The order in the user's text has been carried out.
            _ if usage::ends_with_result(request) => ToolChoice::Never,
            _ => ToolChoice::Auto,
        },
        schema: format.as_ref().or(is_json.then_some(&any_json)),
        effort: checked.effort,
        max_tokens: checked.max_tokens,
        stop: config.stop_sequences.iter().map(String::as_str).collect(),
    };
    // The candidates of one request differ, the first one is what a request
    // for one gives.
    answer::compose(&question, call.seed.wrapping_add(index))
}

/// Returns a schema as JSON Schema, whichever way it came.
fn json_schema(open_api: &Option<Value>, json: &Option<Value>) -> Option<Value> {
    json.clone().or_else(|| open_api.as_ref().map(lower_types))
}

/// Writes the names of types in lower case, as JSON Schema has them.
fn lower_types(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let lowered = members.iter().map(|(name, value)| {
                let value = match value {
                    Value::String(kind) if name == "type" => json!(kind.to_lowercase()),
                    value => lower_types(value),
                };
                (name.clone(), value)
            });
            Value::Object(lowered.collect())
        }
        Value::Array(values) => values.iter().map(lower_types).collect(),
        value => value.clone(),
    }
}

fn candidate<'a>(
    answer: Answer,
    checked: &Checked,
    call: &Call<'a>,
    dice: &mut Dice,
) -> Candidate<'a> {
    let mut candidate = Candidate {
        parts: Vec::new(),
        signature: None,
        finish_reason: match (call.twist, answer.end) {
            (Some(Twist::Finish(reason)), _) => reason,
            (Some(Twist::UnknownFinish), _) => "PAUSED_FOR_COMPUTE",
            (Some(Twist::Refusal), _) => "SAFETY",
            (_, End::Length) => "MAX_TOKENS",
            // Calls have no finish reason of their own.
            (_, End::Natural | End::Sequence(_) | End::ToolCall) => "STOP",
        },
    };
    if call.twist == Some(Twist::Refusal) {
        return candidate;
    }
    if call.twist == Some(Twist::UnknownFields) {
        candidate
            .parts
            .push(json!({"watermark": {"origin": ["a", 1, null]}}));
    }
    let config = &checked.request.generation_config;
    if config.thinking_config.include_thoughts && answer.reasoning_tokens > 0 {
        let thought = "The question was read and an answer was made up.";
        candidate
            .parts
            .push(json!({"text": thought, "thought": true}));
    }
    let is_signed = checked.model.family == Family::New;
    if let Some(tool) = answer.call {
        let mut function = json!({"name": tool.name, "args": tool.arguments});
        if is_signed {
            put(&mut function, "id", json!(dice.word(8)));
        }
        let mut part = json!({"functionCall": function});
        if is_signed {
            let signature = signature::sign(checked.model, dice);
            put(&mut part, "thoughtSignature", json!(signature));
        }
        candidate.parts.push(part);
    } else if !answer.text.is_empty() {
        candidate.parts.push(json!({"text": answer.text}));
        candidate.signature = is_signed.then(|| signature::sign(checked.model, dice));
    }
    candidate
}

impl Response<'_> {
    fn document(&self) -> Value {
        let candidates = self.candidates.iter().enumerate();
        let written = candidates.map(|(index, candidate)| {
            let mut parts = candidate.parts.clone();
            if let (Some(signature), Some(last)) = (&candidate.signature, parts.last_mut()) {
                put(last, "thoughtSignature", json!(signature));
            }
            self.candidate(index, parts, Some(candidate.finish_reason))
        });
        self.frame(written.collect(), &self.tokens)
    }

    /// Writes a candidate with these parts; without any it has no content.
    pub(super) fn candidate(
        &self,
        index: usize,
        parts: Vec<Value>,
        finish_reason: Option<&str>,
    ) -> Value {
        let mut candidate = json!({"index": index});
        if !parts.is_empty() {
            let content = json!({"parts": parts, "role": "model"});
            put(&mut candidate, "content", content);
        }
        if let Some(reason) = finish_reason {
            put(&mut candidate, "finishReason", json!(reason));
            if self.call.twist == Some(Twist::Refusal) {
                let ratings = json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT",
                    "probability": "HIGH", "blocked": true}]);
                put(&mut candidate, "safetyRatings", ratings);
            }
        }
        candidate
    }

    /// Returns a response, or an event of one, with these candidates.
    pub(super) fn frame(&self, candidates: Vec<Value>, tokens: &BilledTokens) -> Value {
        let mut frame = json!({
            "modelVersion": self.checked.model.id,
            "responseId": self.id,
        });
        if candidates.is_empty() {
            put(
                &mut frame,
                "promptFeedback",
                json!({"blockReason": "PROHIBITED_CONTENT"}),
            );
        } else {
            put(&mut frame, "candidates", json!(candidates));
        }
        if self.call.twist != Some(Twist::NoUsage) {
            let usage = usage::document(tokens, self.checked.input, self.api);
            put(&mut frame, "usageMetadata", usage);
        }
        if self.call.twist == Some(Twist::UnknownFields) {
            let unknown = json!({"watermark": ["a", 1, null]});
            put(&mut frame, "provenance", unknown);
        }
        if self.api.is_vertex() {
            let now = self.call.now.rfc3339();
            put(&mut frame, "createTime", json!(now));
        }
        frame
    }
}

/// Sets a member of a document that is an object.
fn put(document: &mut Value, member: &str, value: Value) {
    if let Some(object) = document.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
