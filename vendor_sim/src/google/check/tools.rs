//! Functions, and which of them must be called.

use std::collections::BTreeSet;

use super::{Api, ApiError, FunctionDeclaration, Mode, Request, format};

/// The longest name of a function.
const MAX_NAME: usize = 64;

pub(super) fn check(request: &Request, api: Api) -> Result<(), ApiError> {
    let mut names = BTreeSet::new();
    for (index, tool) in request.tools.iter().enumerate() {
        if tool.function_declarations.is_empty() {
            return Err(ApiError::rule(
                api,
                &format!("tools[{index}].tool_type"),
                "required one_of 'tool_type' must have one initialized field",
            ));
        }
        for (place, function) in tool.function_declarations.iter().enumerate() {
            let place = format!("tools[{index}].function_declarations[{place}]");
            check_function(function, &place, api)?;
            if !names.insert(function.name.as_str()) {
                return Err(ApiError::invalid(format!(
                    "Duplicate function declaration found: {}",
                    function.name
                )));
            }
        }
    }
    check_calling(request, &names, api)
}

fn check_function(function: &FunctionDeclaration, place: &str, api: Api) -> Result<(), ApiError> {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    let name = &function.name;
    if name.len() > MAX_NAME || !name.starts_with(starts) || !name.chars().all(goes_on) {
        return Err(ApiError::rule(
            api,
            &format!("{place}.name"),
            "Invalid function name. Must start with a letter or an underscore. Must be \
             alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), \
             with a maximum length of 64",
        ));
    }
    for (field, schema, json_schema) in [
        (
            "parameters",
            &function.parameters,
            &function.parameters_json_schema,
        ),
        (
            "response",
            &function.response,
            &function.response_json_schema,
        ),
    ] {
        let place = format!("{place}.{field}");
        match (schema, json_schema) {
            (Some(_), Some(_)) => {
                let problem = format!("only one of {field} and {field}_json_schema can be set");
                return Err(ApiError::rule(api, &place, &problem));
            }
            (Some(schema), None) => format::check_schema(schema, &place, api)?,
            (None, Some(schema)) if !schema.is_object() => {
                return Err(ApiError::rule(
                    api,
                    &format!("{place}_json_schema"),
                    "the schema must be an object",
                ));
            }
            (None, _) => {}
        }
    }
    Ok(())
}

fn check_calling(request: &Request, names: &BTreeSet<&str>, api: Api) -> Result<(), ApiError> {
    let Some(calling) = request.calling() else {
        return Ok(());
    };
    if names.is_empty() {
        return Err(ApiError::invalid(
            "Function calling config is set without function_declarations.",
        ));
    }
    let allowed = &calling.allowed_function_names;
    if allowed.is_empty() {
        return Ok(());
    }
    let place = "tool_config.function_calling_config.allowed_function_names";
    if !matches!(calling.mode, Mode::Any | Mode::Validated) {
        return Err(ApiError::rule(
            api,
            place,
            "allowed_function_names should be set only when the function calling mode is ANY or \
             VALIDATED",
        ));
    }
    match allowed.iter().find(|name| !names.contains(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ApiError::rule(
            api,
            place,
            &format!("{name} is not among the function_declarations"),
        )),
    }
}
