//! A request in canonical spelling, as far as rules and answers look at it.
//!
//! The tables in `proto` have refused what does not fit, so a field that is
//! absent here is absent in the request or changes nothing.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The body of `generateContent`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    pub(super) model: Option<String>,
    pub(super) contents: Vec<Content>,
    pub(super) system_instruction: Option<Content>,
    pub(super) tools: Vec<Tool>,
    pub(super) tool_config: Option<ToolConfig>,
    pub(super) safety_settings: Vec<SafetySetting>,
    pub(super) generation_config: GenerationConfig,
    pub(super) cached_content: Option<String>,
}

/// The body of `countTokens`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CountRequest {
    pub(super) generate_content_request: Option<Request>,
    #[serde(flatten)]
    pub(super) side_by_side: Request,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    pub(super) role: Option<String>,
    pub(super) parts: Vec<Part>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Part {
    pub(super) text: Option<String>,
    pub(super) inline_data: Option<Blob>,
    pub(super) file_data: Option<FileData>,
    pub(super) function_call: Option<FunctionCall>,
    pub(super) function_response: Option<FunctionResponse>,
    pub(super) thought: bool,
    pub(super) thought_signature: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Blob {
    pub(super) mime_type: String,
    pub(super) data: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FileData {
    pub(super) mime_type: String,
    pub(super) file_uri: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) args: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionResponse {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) response: Option<Map<String, Value>>,
    pub(super) parts: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Tool {
    pub(super) function_declarations: Vec<FunctionDeclaration>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FunctionDeclaration {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) parameters: Option<Value>,
    pub(super) parameters_json_schema: Option<Value>,
    pub(super) response: Option<Value>,
    pub(super) response_json_schema: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ToolConfig {
    pub(super) function_calling_config: FunctionCallingConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FunctionCallingConfig {
    pub(super) mode: Mode,
    pub(super) allowed_function_names: Vec<String>,
}

/// Whether a function must be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Mode {
    #[default]
    #[serde(rename = "MODE_UNSPECIFIED")]
    Unspecified,
    Auto,
    Any,
    None,
    /// As `Auto`, with arguments that fit the schema.
    Validated,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SafetySetting {
    pub(super) category: String,
    pub(super) threshold: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GenerationConfig {
    pub(super) candidate_count: Option<i64>,
    pub(super) stop_sequences: Vec<String>,
    pub(super) max_output_tokens: Option<i64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<f64>,
    pub(super) presence_penalty: Option<f64>,
    pub(super) frequency_penalty: Option<f64>,
    pub(super) response_logprobs: bool,
    pub(super) logprobs: Option<i64>,
    pub(super) response_mime_type: String,
    pub(super) response_schema: Option<Value>,
    pub(super) response_json_schema: Option<Value>,
    pub(super) response_modalities: Vec<String>,
    pub(super) thinking_config: ThinkingConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ThinkingConfig {
    pub(super) include_thoughts: bool,
    pub(super) thinking_budget: Option<i64>,
    pub(super) thinking_level: Option<String>,
}

impl Request {
    /// Returns every function that may be called.
    pub(super) fn functions(&self) -> impl Iterator<Item = &FunctionDeclaration> {
        self.tools
            .iter()
            .flat_map(|tool| &tool.function_declarations)
    }

    /// Returns how functions shall be called.
    pub(super) fn calling(&self) -> Option<&FunctionCallingConfig> {
        let config = self.tool_config.as_ref()?;
        Some(&config.function_calling_config)
    }
}

impl Content {
    /// Tells whether the content answers function calls.
    pub(super) fn has_results(&self) -> bool {
        self.parts
            .iter()
            .any(|part| part.function_response.is_some())
    }

    pub(super) fn is_of_model(&self) -> bool {
        self.role.as_deref() == Some("model")
    }
}
