//! Writes functions and the choice between them.

use serde::Serialize;
use serde_json::Value;

use crate::domain::{CompletionRequest, Tool, ToolChoice};

/// All functions stand in one tool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolForm<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    // The vendor wants one.
    description: &'a str,
    parameters_json_schema: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: Calling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Calling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<&'a str>,
}

pub(super) fn tools(tools: &[Tool]) -> Vec<ToolForm<'_>> {
    if tools.is_empty() {
        return Vec::new();
    }
    let declarations = tools.iter().map(|tool| Declaration {
        name: &tool.name,
        description: tool.description.as_deref().unwrap_or(&tool.name),
        parameters_json_schema: &tool.parameters,
    });
    vec![ToolForm {
        function_declarations: declarations.collect(),
    }]
}

/// Writes the choice; `None` where it is the vendor's own default.
pub(super) fn config<'a>(
    request: &CompletionRequest,
    choice: Option<&'a ToolChoice>,
) -> Option<ToolConfig<'a>> {
    let (mode, allowed_function_names) = match choice? {
        _ if request.tools.is_empty() => return None,
        ToolChoice::Auto => return None,
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Named(name) => ("ANY", vec![name.as_str()]),
    };
    Some(ToolConfig {
        function_calling_config: Calling {
            mode,
            allowed_function_names,
        },
    })
}
