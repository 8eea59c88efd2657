//! Numbers, lengths and names within the documented bounds.

use serde_json::Value;

use crate::openai::error::ApiError;
use crate::openai::request::Request;
use crate::strict::{Kind, Mismatch, Reason, Step, read_member};

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    decimal("temperature", request.temperature, 0.0, 2.0)?;
    decimal("top_p", request.top_p, 0.0, 1.0)?;
    decimal("frequency_penalty", request.frequency_penalty, -2.0, 2.0)?;
    decimal("presence_penalty", request.presence_penalty, -2.0, 2.0)?;
    integer("n", request.n, 1, 128)?;
    integer("top_logprobs", request.top_logprobs, 0, 20)?;
    integer(
        "max_completion_tokens",
        request.max_completion_tokens,
        1,
        i64::MAX,
    )?;
    integer("max_tokens", request.max_tokens, 1, i64::MAX)?;
    if request.messages.is_empty() {
        return Err(empty_array("messages"));
    }
    for (token, bias) in request.logit_bias.iter().flatten() {
        integer(&format!("logit_bias.{token}"), Some(*bias), -100, 100)?;
    }
    if request
        .safety_identifier
        .as_ref()
        .is_some_and(|id| id.chars().count() > 64)
    {
        return Err(ApiError::out_of_range(
            "safety_identifier",
            "string_above_max_length",
            "string too long. Expected a string with maximum length 64, but got a longer string \
             instead.",
        ));
    }
    metadata(request)?;
    if request.top_logprobs.is_some() && request.logprobs != Some(true) {
        return Err(ApiError::invalid(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        )
        .at("top_logprobs"));
    }
    Ok(())
}

/// At most 16 pairs, keys up to 64 characters, values up to 512.
fn metadata(request: &Request) -> Result<(), ApiError> {
    let Some(pairs) = &request.metadata else {
        return Ok(());
    };
    if pairs.len() > 16 {
        return Err(ApiError::out_of_range(
            "metadata",
            "object_above_max_properties",
            "too many properties. Expected an object with at most 16 properties.",
        ));
    }
    let long = pairs
        .iter()
        .any(|(key, value)| key.len() > 64 || value.len() > 512);
    if long {
        return Err(ApiError::out_of_range(
            "metadata",
            "string_above_max_length",
            "string too long. Keys have at most 64 characters, values at most 512.",
        ));
    }
    Ok(())
}

/// Reads `stop`: a string, or one to four of them.
pub(super) fn stop_sequences(stop: Option<&Value>) -> Result<Vec<String>, ApiError> {
    match stop {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(array @ Value::Array(values)) => match values.len() {
            0 => Err(empty_array("stop")),
            1..=4 => Ok(read_member("stop", array)?),
            length => Err(ApiError::out_of_range(
                "stop",
                "array_above_max_length",
                &format!(
                    "array too long. Expected an array with maximum length 4, but got an array \
                     with length {length} instead."
                ),
            )),
        },
        Some(_) => Err(ApiError::from(Mismatch {
            path: vec![Step::Field("stop".to_owned())],
            reason: Reason::WrongType {
                expected: Kind::Content,
                got: Kind::Object,
            },
        })),
    }
}

pub(super) fn empty_array(param: &str) -> ApiError {
    ApiError::out_of_range(
        param,
        "empty_array",
        "empty array. Expected an array with minimum length 1, but got an empty array instead.",
    )
}

fn decimal(param: &str, value: Option<f64>, low: f64, high: f64) -> Result<(), ApiError> {
    let Some(value) = value else { return Ok(()) };
    if value < low {
        let problem = format!(
            "decimal below minimum value. Expected a value >= {low}, but got {value} instead."
        );
        return Err(ApiError::out_of_range(
            param,
            "decimal_below_min_value",
            &problem,
        ));
    }
    if value > high {
        let problem = format!(
            "decimal above maximum value. Expected a value <= {high}, but got {value} instead."
        );
        return Err(ApiError::out_of_range(
            param,
            "decimal_above_max_value",
            &problem,
        ));
    }
    Ok(())
}

fn integer(param: &str, value: Option<i64>, low: i64, high: i64) -> Result<(), ApiError> {
    let Some(value) = value else { return Ok(()) };
    if value < low {
        let problem = format!(
            "integer below minimum value. Expected a value >= {low}, but got {value} instead."
        );
        return Err(ApiError::out_of_range(
            param,
            "integer_below_min_value",
            &problem,
        ));
    }
    if value > high {
        let problem = format!(
            "integer above maximum value. Expected a value <= {high}, but got {value} instead."
        );
        return Err(ApiError::out_of_range(
            param,
            "integer_above_max_value",
            &problem,
        ));
    }
    Ok(())
}
