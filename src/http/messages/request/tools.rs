//! Reads tools and the choice between them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::{Error, Tool, ToolChoice};
use crate::http::cache_mark::CacheMark;

/// A tool of the client's own, or one that Anthropic runs.
#[derive(Deserialize)]
pub(super) struct AnyTool {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: String,
    description: Option<String>,
    input_schema: Option<Map<String, Value>>,
    strict: Option<bool>,
    cache_control: Option<CacheMark>,
}

impl AnyTool {
    /// Reads the tool at `index`.
    ///
    /// # Errors
    /// `caller_invalid_request` for a tool that its vendor would run.
    pub(super) fn read(self, index: usize) -> Result<Tool, Error> {
        let kind = self.kind.unwrap_or_else(|| "custom".to_owned());
        if kind != "custom" {
            let kind: String = kind.chars().take(40).collect();
            let reason = format!("{kind:?} is a tool that Anthropic runs; only custom ones go");
            return Err(Error::invalid(format!("tools[{index}].type: {reason}")));
        }
        Ok(Tool {
            name: self.name,
            description: self.description,
            parameters: self.input_schema.map_or_else(
                || json!({"type": "object", "properties": {}}),
                Value::Object,
            ),
            strict: self.strict == Some(true),
            kept: self.cache_control.map(CacheMark::kept),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    #[serde(rename = "type")]
    kind: Kind,
    name: Option<String>,
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Auto,
    Any,
    Tool,
    None,
}

impl Choice {
    /// Tells whether the model may call several tools at once, if that is
    /// said.
    pub(super) fn is_parallel(&self) -> Option<bool> {
        self.disable_parallel_tool_use.map(|one| !one)
    }

    /// Reads the choice.
    ///
    /// # Errors
    /// `caller_invalid_request` if it names no tool and should.
    pub(super) fn read(self) -> Result<ToolChoice, Error> {
        let missing = || Error::invalid("tool_choice.name: missing");
        Ok(match self.kind {
            Kind::Auto => ToolChoice::Auto,
            Kind::Any => ToolChoice::Required,
            Kind::None => ToolChoice::None,
            Kind::Tool => ToolChoice::Named(self.name.ok_or_else(missing)?),
        })
    }
}
