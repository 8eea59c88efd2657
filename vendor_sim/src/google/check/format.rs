//! The format of the answer, and schemas.

use serde_json::Value;

use super::{Api, ApiError, Family, Model, Request};

/// Kinds of answers that are played; `text/x.enum` and others are not.
const MIME_TYPES: [&str; 3] = ["", "text/plain", "application/json"];

pub(super) fn check(request: &Request, model: &Model, api: Api) -> Result<(), ApiError> {
    let config = &request.generation_config;
    let rule = |field: &str, problem: &str| {
        Err(ApiError::rule(
            api,
            &format!("generation_config.{field}"),
            problem,
        ))
    };
    let mime_type = config.response_mime_type.as_str();
    if !MIME_TYPES.contains(&mime_type) {
        return rule(
            "response_mime_type",
            "allowed mimetypes are `text/plain` and `application/json`",
        );
    }
    let is_json = mime_type == "application/json";
    match (&config.response_schema, &config.response_json_schema) {
        (Some(_), Some(_)) => {
            return rule(
                "response_json_schema",
                "only one of response_schema and response_json_schema can be set",
            );
        }
        (Some(_), None) if !is_json => {
            return rule(
                "response_schema",
                "a response schema needs the response mimetype `application/json`",
            );
        }
        (Some(schema), None) => {
            check_schema(schema, "generation_config.response_schema", api)?;
        }
        (None, Some(_)) if !is_json => {
            return rule(
                "response_json_schema",
                "a response schema needs the response mimetype `application/json`",
            );
        }
        (None, Some(schema)) if !schema.is_object() => {
            return rule("response_json_schema", "the schema must be an object");
        }
        (None, _) => {}
    }
    if is_json && model.family == Family::Old && request.functions().next().is_some() {
        return Err(ApiError::invalid(
            "Function calling with a response mime type: 'application/json' is unsupported",
        ));
    }
    Ok(())
}

/// Checks that objects have properties, arrays have items, and only known
/// properties are required.
pub(super) fn check_schema(schema: &Value, place: &str, api: Api) -> Result<(), ApiError> {
    let rule =
        |field: &str, problem: &str| Err(ApiError::rule(api, &format!("{place}.{field}"), problem));
    let properties = schema.get("properties").and_then(Value::as_object);
    let kind = schema.get("type").and_then(Value::as_str);
    let is_open = schema.get("additionalProperties").is_some();
    match kind {
        None if schema.get("anyOf").is_none() && schema.get("ref").is_none() => {
            return rule("type", "must be specified");
        }
        Some("OBJECT") if properties.is_none_or(|all| all.is_empty()) && !is_open => {
            return rule("properties", "should be non-empty for OBJECT type");
        }
        Some("ARRAY") if schema.get("items").is_none() => {
            return rule("items", "missing field");
        }
        _ => {}
    }
    let required = schema.get("required").and_then(Value::as_array);
    let is_known = |name: &&Value| {
        let name = name.as_str().unwrap_or_default();
        properties.is_some_and(|all| all.contains_key(name))
    };
    if !required.into_iter().flatten().all(|name| is_known(&name)) {
        return rule("required", "property is not defined");
    }
    for (name, property) in properties.into_iter().flatten() {
        check_schema(property, &format!("{place}.properties[{name}]"), api)?;
    }
    if let Some(items) = schema.get("items") {
        check_schema(items, &format!("{place}.items"), api)?;
    }
    let choices = schema.get("anyOf").and_then(Value::as_array);
    for (index, choice) in choices.into_iter().flatten().enumerate() {
        check_schema(choice, &format!("{place}.any_of[{index}]"), api)?;
    }
    Ok(())
}
