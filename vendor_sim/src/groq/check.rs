//! Everything that Groq refuses about a chat completion request.

use http::StatusCode;
use serde_json::Value;

use super::error::ApiError;
use super::models::{self, Model, Thoughts, Vision};
use super::request::{ReasoningFormat, Request, ResponseFormat};
use super::usage;
use crate::dialect::Call;
use crate::schema;
use crate::strict::{self, read_member};

mod dialogue;
mod tools;

pub(super) use tools::Choice;

/// A request that the vendor would answer.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) model: &'static Model,
    /// The effort named, or the model's own; `none` to `high`.
    pub(super) effort: &'static str,
    pub(super) shown: Shown,
    pub(super) choice: Choice,
    pub(super) stop: Vec<String>,
    pub(super) input_tokens: u64,
    /// The output limit, in thinking and text together.
    pub(super) max_tokens: u64,
}

/// Where the thoughts of the answer stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nowhere,
    Apart,
    InText,
}

/// Reads and checks a request.
///
/// # Errors
///
/// The first thing that the vendor would refuse.
pub(super) fn check(document: &Value, call: &Call<'_>) -> Result<Checked, ApiError> {
    let request: Request = strict::read(document)?;
    let model = models::find(&request.model)?;
    refuse_unsupported(&request)?;
    check_ranges(&request)?;
    let stop = stop_sequences(request.stop.as_ref())?;
    let effort = effort(&request, model)?;
    let shown = shown(&request, model, effort)?;
    let choice = tools::check(&request)?;
    check_format(&request)?;
    dialogue::check(&request.messages, model.vision == Vision::Sees)?;
    let input_tokens = usage::input_tokens(&request);
    let asked = output_limit(&request, model)?;
    let requested = input_tokens + asked.unwrap_or(0);
    check_plan(&request.model, requested, call)?;
    check_window(model, requested)?;
    Ok(Checked {
        model,
        effort,
        shown,
        choice,
        stop,
        input_tokens,
        max_tokens: asked.unwrap_or(model.max_output),
        request,
    })
}

/// Refuses what the SDK's type has and the documentation says is not taken.
fn refuse_unsupported(request: &Request) -> Result<(), ApiError> {
    let given = [
        ("logprobs", request.logprobs.is_some()),
        ("top_logprobs", request.top_logprobs.is_some()),
        ("logit_bias", request.logit_bias.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
        ("metadata", request.metadata.is_some()),
        ("store", request.store.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((param, _)) => Err(ApiError::unsupported(param)),
        None => Ok(()),
    }
}

fn check_ranges(request: &Request) -> Result<(), ApiError> {
    let within = |param: &str, value: Option<f64>, high: f64| match value {
        Some(value) if !(0.0..=high).contains(&value) => {
            let rule = format!("number must be between 0 and {high}, not {value}");
            Err(ApiError::must(param, &rule))
        }
        _ => Ok(()),
    };
    within("temperature", request.temperature, 2.0)?;
    within("top_p", request.top_p, 1.0)?;
    if request.n.is_some_and(|n| n != 1) {
        return Err(ApiError::must("n", "number must be at most 1"));
    }
    if request.messages.is_empty() {
        return Err(ApiError::must("messages", "minimum number of items is 1"));
    }
    for (param, limit) in [
        ("max_completion_tokens", request.max_completion_tokens),
        ("max_tokens", request.max_tokens),
    ] {
        if limit.is_some_and(|limit| limit < 1) {
            return Err(ApiError::must(param, "number must be at least 1"));
        }
    }
    Ok(())
}

/// Reads `stop`: a string, or at most four of them.
fn stop_sequences(stop: Option<&Value>) -> Result<Vec<String>, ApiError> {
    match stop {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(values)) if values.len() > 4 => {
            Err(ApiError::must("stop", "maximum number of items is 4"))
        }
        Some(array) => Ok(read_member("stop", array)?),
    }
}

fn effort(request: &Request, model: &Model) -> Result<&'static str, ApiError> {
    let name = match request.reasoning_effort {
        None => model.default_effort,
        Some(effort) if model.efforts.contains(&effort.name()) => effort.name(),
        Some(_) => {
            let known = model.efforts.join("`, `");
            let rule = format!("reasoning_effort must be one of `{known}`");
            return Err(ApiError::invalid(rule).at("reasoning_effort"));
        }
    };
    // Its own measure of thinking.
    Ok(if name == "default" { "medium" } else { name })
}

fn shown(request: &Request, model: &Model, effort: &str) -> Result<Shown, ApiError> {
    let by_format = match (request.reasoning_format, request.include_reasoning) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "reasoning_format and include_reasoning cannot be used together",
            ));
        }
        (Some(_), None) if model.thoughts == Thoughts::Apart => {
            return Err(ApiError::unsupported("reasoning_format"));
        }
        (Some(ReasoningFormat::Hidden), None) | (None, Some(false)) => Shown::Nowhere,
        (Some(ReasoningFormat::Parsed), None) => Shown::Apart,
        (Some(ReasoningFormat::Raw), None) => Shown::InText,
        (None, _) if model.thoughts == Thoughts::Apart => Shown::Apart,
        (None, Some(true)) => Shown::Apart,
        (None, None) => Shown::InText,
    };
    let is_structured = request.tools.is_some()
        || matches!(
            request.response_format,
            Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema(_))
        );
    if by_format == Shown::InText && is_structured && request.reasoning_format.is_some() {
        return Err(ApiError::invalid(
            "reasoning_format `raw` cannot be used with tools or JSON; use `parsed` or `hidden`",
        )
        .at("reasoning_format"));
    }
    if effort == "none" {
        return Ok(Shown::Nowhere);
    }
    Ok(if is_structured && by_format == Shown::InText {
        Shown::Apart
    } else {
        by_format
    })
}

fn check_format(request: &Request) -> Result<(), ApiError> {
    match &request.response_format {
        None | Some(ResponseFormat::Text) => Ok(()),
        Some(ResponseFormat::JsonObject) if usage::speaks_of_json(request) => Ok(()),
        Some(ResponseFormat::JsonObject) => Err(ApiError::invalid(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of \
             type 'json_object'.",
        )
        .at("messages")),
        Some(ResponseFormat::JsonSchema(format)) => {
            tools::check_name("response_format.json_schema.name", &format.json_schema.name)?;
            let Some(schema) = &format.json_schema.schema else {
                let rule = "property 'schema' is missing";
                return Err(ApiError::must("response_format.json_schema", rule));
            };
            match schema::strict_problem(schema.as_value()) {
                Some(problem) if format.json_schema.strict == Some(true) => {
                    let message = format!(
                        "invalid JSON schema for response_format: '{}': {problem}",
                        format.json_schema.name
                    );
                    Err(ApiError::invalid(message).at("response_format"))
                }
                _ => Ok(()),
            }
        }
    }
}

fn output_limit(request: &Request, model: &Model) -> Result<Option<u64>, ApiError> {
    let (param, asked) = match (request.max_completion_tokens, request.max_tokens) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "max_tokens and max_completion_tokens cannot be used together",
            ));
        }
        (Some(limit), None) => ("max_completion_tokens", limit.unsigned_abs()),
        (None, Some(limit)) => ("max_tokens", limit.unsigned_abs()),
        (None, None) => return Ok(None),
    };
    if asked > model.max_output {
        let rule = format!(
            "`{param}` must be less than or equal to `{}`, the maximum value for `{param}` is less \
             than the `context_window` for this model",
            model.max_output
        );
        return Err(ApiError::invalid(rule).at(param));
    }
    Ok(Some(asked))
}

fn check_window(model: &Model, requested: u64) -> Result<(), ApiError> {
    if requested <= model.window {
        return Ok(());
    }
    Err(
        ApiError::invalid("Please reduce the length of the messages or completion.")
            .at("messages")
            .coded("context_length_exceeded"),
    )
}

/// Counts what is asked for against the plan, before anything runs.
fn check_plan(model: &str, requested: u64, call: &Call<'_>) -> Result<(), ApiError> {
    let limit = call.tokens_per_minute;
    if requested <= limit {
        return Ok(());
    }
    let message = format!(
        "Request too large for model `{model}` in organization `org_simulated` service tier \
         `on_demand` on tokens per minute (TPM): Limit {limit}, Requested {requested}, please \
         reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at \
         https://console.groq.com/settings/billing"
    );
    Err(
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "tokens", message)
            .coded("rate_limit_exceeded"),
    )
}
