//! Writes tools and the choice between them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Value, json};

use super::block::CacheControl;
use crate::domain::{CompletionRequest, ContentPart, Tool, ToolChoice};

#[derive(Serialize)]
pub(super) struct ToolForm<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<CacheControl>,
}

impl<'a> ToolForm<'a> {
    fn new(tool: &'a Tool) -> Self {
        Self {
            name: &tool.name,
            description: tool.description.as_deref(),
            input_schema: &tool.parameters,
            strict: tool.strict.then_some(true),
            cache_control: tool.kept.map(CacheControl::from),
        }
    }
}

/// Writes the tools. Where a conversation has calls and the request no tools,
/// those that were called stand in for them: the vendor wants some.
pub(super) fn tools(request: &CompletionRequest) -> Vec<ToolForm<'_>> {
    if !request.tools.is_empty() {
        return request.tools.iter().map(ToolForm::new).collect();
    }
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let names: BTreeSet<&str> = parts
        .filter_map(|part| match part {
            ContentPart::ToolCall(call) => Some(call.name.as_str()),
            _ => None,
        })
        .collect();
    let forms = names.into_iter().map(|name| ToolForm {
        name,
        description: None,
        input_schema: any_object(),
        strict: None,
        cache_control: None,
    });
    forms.collect()
}

fn any_object() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| json!({"type": "object"}));
    &SCHEMA
}

#[derive(Serialize)]
pub(super) struct Choice<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

/// Writes the choice between `forms`; `None` where it is the vendor's own
/// default. What only stands in is not offered.
pub(super) fn choice<'a>(
    request: &CompletionRequest,
    forms: &[ToolForm<'_>],
    choice: Option<&'a ToolChoice>,
) -> Option<Choice<'a>> {
    let choice = match (request.tools.is_empty(), forms) {
        (true, []) => return None,
        (true, _) => Some(&ToolChoice::None),
        (false, _) => choice,
    };
    let one_at_a_time = (request.parallel_tool_calls == Some(false)).then_some(true);
    let (kind, name) = match choice {
        None | Some(ToolChoice::Auto) if one_at_a_time.is_none() => return None,
        None | Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name.as_str())),
    };
    Some(Choice {
        kind,
        name,
        disable_parallel_tool_use: one_at_a_time.filter(|_| kind != "none"),
    })
}
