//! The format of the answer.

use serde_json::Value;

use super::{ApiError, Request};
use crate::anthropic::request::OutputFormat;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    let format = request
        .output_config
        .as_ref()
        .and_then(|config| config.format.as_ref());
    match format {
        Some(OutputFormat::JsonSchema(format)) => check_closed(format.schema.as_value()),
        None => Ok(()),
    }
}

/// Checks that every object of a schema is closed.
fn check_closed(schema: &Value) -> Result<(), ApiError> {
    match schema {
        Value::Object(members) => {
            check_object(members)?;
            members.values().try_for_each(check_closed)
        }
        Value::Array(values) => values.iter().try_for_each(check_closed),
        _ => Ok(()),
    }
}

fn check_object(members: &serde_json::Map<String, Value>) -> Result<(), ApiError> {
    let is_object = members.get("type").and_then(Value::as_str) == Some("object");
    if is_object && members.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(ApiError::invalid(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be \
             explicitly set to false",
        ));
    }
    Ok(())
}
