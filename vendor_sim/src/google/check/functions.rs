//! Function calls and their responses, turn by turn.

use super::{Api, ApiError, Content, Family, Model, signature};
use crate::google::request::FunctionCall;

pub(super) fn check(contents: &[Content], model: &Model, api: Api) -> Result<(), ApiError> {
    let mut before: Option<&Content> = None;
    for content in contents {
        check_call_turn(content, before)?;
        check_result_turn(content, before)?;
        before = Some(content);
    }
    check_signatures(contents, model, api)
}

fn calls(content: &Content) -> impl Iterator<Item = &FunctionCall> {
    let parts = content.parts.iter();
    parts.filter_map(|part| part.function_call.as_ref())
}

fn check_call_turn(content: &Content, before: Option<&Content>) -> Result<(), ApiError> {
    let follows_user = before.is_some_and(|before| !before.is_of_model());
    if calls(content).next().is_none() || follows_user {
        return Ok(());
    }
    Err(ApiError::invalid(
        "Please ensure that function call turn comes immediately after a user turn or after a \
         function response turn.",
    ))
}

fn check_result_turn(content: &Content, before: Option<&Content>) -> Result<(), ApiError> {
    let mut open: Vec<_> = before.into_iter().flat_map(calls).collect();
    let results = || {
        let parts = content.parts.iter();
        parts.filter_map(|part| part.function_response.as_ref())
    };
    if open.is_empty() && results().next().is_some() {
        return Err(ApiError::invalid(
            "Please ensure that function response turn comes immediately after a function call \
             turn.",
        ));
    }
    if results().count() != open.len() {
        return Err(ApiError::invalid(
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn.",
        ));
    }
    for result in results() {
        let answered = open.iter().position(|call| {
            // An id is told by those who have one.
            let same_id = call.id.is_none() || result.id.is_none() || call.id == result.id;
            call.name == result.name && same_id
        });
        match answered {
            Some(place) => drop(open.remove(place)),
            None => {
                return Err(ApiError::invalid(format!(
                    "Please ensure that every function response has the name and id of a function \
                     call of the function call turn: {} has not.",
                    result.name
                )));
            }
        }
    }
    Ok(())
}

/// Checks that the calls of the current turn come back signed, and that every
/// signature is the model's own.
fn check_signatures(contents: &[Content], model: &Model, api: Api) -> Result<(), ApiError> {
    let foreign = contents
        .iter()
        .flat_map(|content| &content.parts)
        .filter_map(|part| part.thought_signature.as_deref())
        .any(|signature| !signature::fits(signature, model));
    if foreign {
        return Err(ApiError::invalid("Corrupted thought signature."));
    }
    if model.family == Family::Old {
        return Ok(());
    }
    // A turn begins with what the user says; the results of calls belong to
    // it. Earlier turns may have come from a model without signatures.
    let begun = contents
        .iter()
        .rposition(|content| !content.is_of_model() && !content.has_results())
        .unwrap_or_default();
    for (index, content) in contents.iter().enumerate().skip(begun) {
        // Of calls in parallel, the first one carries the signature.
        let first = content.parts.iter().enumerate().find_map(|(place, part)| {
            let call = part.function_call.as_ref()?;
            Some((place, call, part.thought_signature.is_some()))
        });
        if let Some((place, call, false)) = first {
            return Err(unsigned(&call.name, index, place, api));
        }
    }
    Ok(())
}

fn unsigned(name: &str, index: usize, place: usize, api: Api) -> ApiError {
    let guide = if api.is_vertex() {
        "https://cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures"
    } else {
        "https://ai.google.dev/gemini-api/docs/thought-signatures"
    };
    ApiError::invalid(format!(
        "Function call is missing a thought_signature in functionCall parts. This is required for \
         tools to work correctly, and missing thought_signature may lead to degraded model \
         performance. Additional data, function call `default_api:{name}` , position \
         contents[{index}].parts[{place}]. Please refer to {guide} for more details."
    ))
}
