//! Contents: roles, and parts that hold exactly one thing.

use super::{Api, ApiError, Content, Part, Request};
use crate::google::request::{Blob, FileData};

pub(super) fn check(request: &Request, api: Api) -> Result<(), ApiError> {
    if request.contents.is_empty() {
        return Err(ApiError::rule(api, "contents", "contents is not specified"));
    }
    for (index, content) in request.contents.iter().enumerate() {
        check_role(content, api)?;
        let place = format!("contents[{index}]");
        check_parts(content, &place, api)?;
    }
    if request.contents.last().is_some_and(Content::is_of_model) {
        // The strict side: some models are said to go on where the client
        // began the answer.
        return Err(ApiError::invalid(
            "Please ensure that the conversation ends with a user turn or a function response.",
        ));
    }
    match &request.system_instruction {
        None => Ok(()),
        Some(instruction) => check_instruction(instruction, api),
    }
}

fn check_role(content: &Content, api: Api) -> Result<(), ApiError> {
    match content.role.as_deref() {
        Some("user" | "model") => Ok(()),
        // Gemini reads a content without a role as the user's.
        None | Some("") if !api.is_vertex() => Ok(()),
        _ => Err(ApiError::invalid("Please use a valid role: user, model.")),
    }
}

fn check_parts(content: &Content, place: &str, api: Api) -> Result<(), ApiError> {
    if content.parts.is_empty() {
        return Err(ApiError::rule(
            api,
            &format!("{place}.parts"),
            "contents.parts must not be empty",
        ));
    }
    for (index, part) in content.parts.iter().enumerate() {
        let place = format!("{place}.parts[{index}]");
        check_part(part, &place, api)?;
        let is_misplaced = if content.is_of_model() {
            part.function_response.is_some()
        } else {
            part.function_call.is_some()
        };
        if is_misplaced {
            return Err(ApiError::rule(
                api,
                &place,
                "function calls belong to the role 'model' and function responses to the role \
                 'user'",
            ));
        }
    }
    Ok(())
}

fn check_part(part: &Part, place: &str, api: Api) -> Result<(), ApiError> {
    let rule =
        |field: &str, problem: &str| Err(ApiError::rule(api, &format!("{place}.{field}"), problem));
    let unnamed = "Name cannot be empty";
    match part {
        Part {
            text: Some(text), ..
        } if text.is_empty() && api.is_vertex() => rule("text", "it has an empty text parameter"),
        Part { text: Some(_), .. } => Ok(()),
        Part {
            inline_data: Some(blob),
            ..
        } => check_blob(blob, place, api),
        Part {
            file_data: Some(file),
            ..
        } => check_file(file, place, api),
        Part {
            function_call: Some(call),
            ..
        } if call.name.is_empty() => rule("function_call.name", unnamed),
        Part {
            function_call: Some(_),
            ..
        } => Ok(()),
        Part {
            function_response: Some(result),
            ..
        } if result.name.is_empty() => rule("function_response.name", unnamed),
        Part {
            function_response: Some(result),
            ..
        } if result.response.is_none() => {
            rule("function_response.response", "response is not specified")
        }
        Part {
            function_response: Some(_),
            ..
        } => Ok(()),
        _ => rule(
            "data",
            "required oneof field 'data' must have one initialized field",
        ),
    }
}

/// Kinds of data that the models read, from Google's guides; `*` ends a
/// family.
const READABLE: [&str; 9] = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
    "application/pdf",
    "text/*",
    "audio/*",
    "video/*",
];

fn check_mime_type(mime_type: &str) -> Result<(), ApiError> {
    let fits = READABLE.iter().any(|known| match known.strip_suffix('*') {
        Some(family) => mime_type.len() > family.len() && mime_type.starts_with(family),
        None => *known == mime_type,
    });
    if fits {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Unsupported MIME type: {mime_type}"
    )))
}

fn check_blob(blob: &Blob, place: &str, api: Api) -> Result<(), ApiError> {
    if blob.data.is_empty() {
        return Err(ApiError::rule(
            api,
            &format!("{place}.inline_data.data"),
            "data must not be empty",
        ));
    }
    check_mime_type(&blob.mime_type)
}

fn check_file(file: &FileData, place: &str, api: Api) -> Result<(), ApiError> {
    let schemes: &[&str] = if api.is_vertex() {
        &["gs://", "https://", "http://"]
    } else {
        &["https://"]
    };
    if !schemes
        .iter()
        .any(|scheme| file.file_uri.starts_with(scheme))
    {
        return Err(ApiError::rule(
            api,
            &format!("{place}.file_data.file_uri"),
            "Invalid or unsupported file uri",
        ));
    }
    if file.mime_type.is_empty() && !api.is_vertex() {
        return Ok(());
    }
    check_mime_type(&file.mime_type)
}

fn check_instruction(instruction: &Content, api: Api) -> Result<(), ApiError> {
    let is_text = |part: &Part| part.text.is_some();
    if instruction.parts.is_empty() || !instruction.parts.iter().all(is_text) {
        return Err(ApiError::rule(
            api,
            "system_instruction.parts",
            "system_instruction must have parts, and all of them text",
        ));
    }
    Ok(())
}
