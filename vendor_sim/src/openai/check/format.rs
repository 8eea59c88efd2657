//! The format of the answer.

use serde_json::Value;

use super::tools::check_name;
use crate::openai::error::ApiError;
use crate::openai::request::{Request, ResponseFormat};
use crate::openai::usage;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    match &request.response_format {
        None | Some(ResponseFormat::Text) => Ok(()),
        Some(ResponseFormat::JsonObject) => {
            let speaks_of_json =
                usage::texts(request).any(|text| text.to_lowercase().contains("json"));
            if speaks_of_json {
                return Ok(());
            }
            Err(ApiError::invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' \
                 of type 'json_object'.",
            )
            .at("messages"))
        }
        Some(ResponseFormat::JsonSchema(format)) => {
            let format = &format.json_schema;
            check_name("response_format.json_schema.name", &format.name)?;
            let Some(schema) = &format.schema else {
                return Err(ApiError::invalid(
                    "Missing required parameter: 'response_format.json_schema.schema'.",
                )
                .at("response_format.json_schema.schema")
                .coded("missing_required_parameter"));
            };
            if format.strict == Some(true) {
                check_strict(schema.as_value(), &format.name)?;
            }
            Ok(())
        }
    }
}

/// Checks what a strict schema must have: closed objects that require every
/// property.
pub(super) fn check_strict(schema: &Value, name: &str) -> Result<(), ApiError> {
    let refuse = |problem: &str| {
        Err(ApiError::invalid(format!(
            "Invalid schema for response_format '{name}': {problem}"
        ))
        .at("response_format")
        .coded("invalid_json_schema"))
    };
    match schema {
        Value::Object(object) => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                if object.get("additionalProperties") != Some(&Value::Bool(false)) {
                    return refuse(
                        "'additionalProperties' is required to be supplied and to be false.",
                    );
                }
                let required = object.get("required").and_then(Value::as_array);
                let lists = |name: &String| {
                    required.is_some_and(|list| list.iter().any(|entry| entry == name))
                };
                if !properties.keys().all(lists) {
                    return refuse(
                        "'required' is required to be supplied and to be an array including every \
                         key in properties.",
                    );
                }
            }
            object
                .values()
                .try_for_each(|value| check_strict(value, name))
        }
        Value::Array(values) => values
            .iter()
            .try_for_each(|value| check_strict(value, name)),
        _ => Ok(()),
    }
}
