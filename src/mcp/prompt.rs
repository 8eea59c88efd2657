//! The prompt `ai_gateway_prompt`, which a person picks from a menu.

use rmcp::model::{
    ErrorData, GetPromptRequestParams, GetPromptResult, Prompt, PromptMessage, Role,
};
use serde::{Deserialize, Serialize};

const NAME: &str = "ai_gateway_prompt";

/// Texts that models and people read (`prompts.yaml`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompts {
    /// What a client's model is told about this server.
    pub instructions: String,
    /// The text of `ai_gateway_prompt`.
    pub ai_gateway_prompt: String,
}

/// Defines the prompt.
pub(super) fn definition() -> Prompt {
    let description = "How to use the AI gateway well: which tool to call, and with what.";
    Prompt::new(NAME, Some(description), None)
}

/// Returns the prompt.
///
/// # Errors
/// `-32602` for another name, or for arguments, of which it has none.
pub(super) fn get(
    prompts: &Prompts,
    request: &GetPromptRequestParams,
) -> Result<GetPromptResult, ErrorData> {
    if request.name != NAME {
        let message = format!("unknown prompt: {}", super::shortened(&request.name));
        return Err(ErrorData::invalid_params(message, None));
    }
    if request
        .arguments
        .as_ref()
        .is_some_and(|arguments| !arguments.is_empty())
    {
        return Err(ErrorData::invalid_params(
            format!("{NAME} takes no arguments"),
            None,
        ));
    }
    let text = PromptMessage::new_text(Role::User, prompts.ai_gateway_prompt.clone());
    Ok(GetPromptResult::new(vec![text]))
}
