//! Numbers within the bounds of the API file, and members that need others.

use serde_json::{Value, json};

use crate::mistral::error::ApiError;
use crate::mistral::finding::Finding;
use crate::mistral::request::{FormatType, Request};

/// Most choices of one request: OpenAI's bound. Chosen.
const MAX_CHOICES: i64 = 128;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    least("temperature", request.temperature, 0.0)?;
    most("temperature", request.temperature, 1.5)?;
    above_zero("top_p", request.top_p)?;
    most("top_p", request.top_p, 1.0)?;
    least("presence_penalty", request.presence_penalty, -2.0)?;
    most("presence_penalty", request.presence_penalty, 2.0)?;
    least("frequency_penalty", request.frequency_penalty, -2.0)?;
    most("frequency_penalty", request.frequency_penalty, 2.0)?;
    count("max_tokens", request.max_tokens, 0)?;
    count("random_seed", request.random_seed, 0)?;
    count("n", request.n, 1)?;
    // No bound is published; without one, a single request fills the memory.
    refuse_if(request.n.filter(|n| *n > MAX_CHOICES), |n| {
        bound("n", n, "less_than_equal", ("le", json!(MAX_CHOICES)))
    })?;
    check_format(request)
}

fn least(member: &str, value: Option<f64>, low: f64) -> Result<(), ApiError> {
    refuse_if(value.filter(|value| *value < low), |value| {
        bound(member, value, "greater_than_equal", ("ge", json!(low)))
    })
}

fn most(member: &str, value: Option<f64>, high: f64) -> Result<(), ApiError> {
    refuse_if(value.filter(|value| *value > high), |value| {
        bound(member, value, "less_than_equal", ("le", json!(high)))
    })
}

fn above_zero(member: &str, value: Option<f64>) -> Result<(), ApiError> {
    refuse_if(value.filter(|value| *value <= 0.0), |value| {
        bound(member, value, "greater_than", ("gt", json!(0.0)))
    })
}

fn count(member: &str, value: Option<i64>, low: i64) -> Result<(), ApiError> {
    refuse_if(value.filter(|value| *value < low), |value| {
        bound(member, value, "greater_than_equal", ("ge", json!(low)))
    })
}

fn refuse_if<T>(value: Option<T>, finding: impl FnOnce(T) -> Finding) -> Result<(), ApiError> {
    match value {
        Some(value) => Err(finding(value).into()),
        None => Ok(()),
    }
}

fn bound(
    member: &str,
    value: impl Into<Value>,
    kind: &'static str,
    (name, limit): (&str, Value),
) -> Finding {
    let words = match name {
        "ge" => "greater than or equal to",
        "gt" => "greater than",
        _ => "less than or equal to",
    };
    let message = format!("Input should be {words} {limit}");
    Finding::about(member, kind, message, value.into()).in_context(json!({name: limit}))
}

fn check_format(request: &Request) -> Result<(), ApiError> {
    let Some(format) = &request.response_format else {
        return Ok(());
    };
    if format.r#type == Some(FormatType::JsonSchema) && format.json_schema.is_none() {
        let message = "Value error, json_schema must be set when type is json_schema";
        let input = json!({"type": "json_schema"});
        return Err(Finding::about("response_format", "value_error", message, input).into());
    }
    Ok(())
}
