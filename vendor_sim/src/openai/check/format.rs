//! The format of the answer.

use serde_json::Value;

use super::tools::check_name;
use crate::openai::error::ApiError;
use crate::openai::request::{Request, ResponseFormat};
use crate::openai::usage;
use crate::schema::strict_problem;

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

/// Checks what a strict schema must have.
pub(super) fn check_strict(schema: &Value, name: &str) -> Result<(), ApiError> {
    match strict_problem(schema) {
        None => Ok(()),
        Some(problem) => Err(ApiError::invalid(format!(
            "Invalid schema for response_format '{name}': {problem}"
        ))
        .at("response_format")
        .coded("invalid_json_schema")),
    }
}
