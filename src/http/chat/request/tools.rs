//! Reads tools, the choice between them, and the form of the answer.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::{Error, ResponseFormat, Tool, ToolChoice};
use crate::http::cache_mark::CacheMark;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatTool {
    #[serde(rename = "type")]
    kind: FunctionKind,
    function: Function,
    cache_control: Option<CacheMark>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FunctionKind {
    Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    description: Option<String>,
    parameters: Option<Map<String, Value>>,
    strict: Option<bool>,
    cache_control: Option<CacheMark>,
}

impl From<ChatTool> for Tool {
    fn from(tool: ChatTool) -> Self {
        let ChatTool {
            kind: FunctionKind::Function,
            function,
            cache_control,
        } = tool;
        let mark = cache_control.or(function.cache_control);
        let parameters = function.parameters.filter(|schema| !schema.is_empty());
        Self {
            name: function.name,
            description: function.description,
            // A function without arguments; every vendor wants a schema.
            parameters: parameters.map_or_else(
                || json!({"type": "object", "properties": {}}),
                Value::Object,
            ),
            strict: function.strict == Some(true),
            kept: mark.map(CacheMark::kept),
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "tool_choice must be none, auto, required or a function"
)]
pub(super) enum ChatChoice {
    Word(Word),
    Named(Named),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    None,
    Auto,
    Required,
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(rename = "type")]
    _kind: FunctionKind,
    function: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl From<ChatChoice> for ToolChoice {
    fn from(choice: ChatChoice) -> Self {
        match choice {
            ChatChoice::Word(Word::None) => Self::None,
            ChatChoice::Word(Word::Auto) => Self::Auto,
            ChatChoice::Word(Word::Required) => Self::Required,
            ChatChoice::Named(named) => Self::Named(named.function.name),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ChatFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonSchema {
    name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    schema: Option<Map<String, Value>>,
    strict: Option<bool>,
}

impl ChatFormat {
    /// Reads the form of the answer.
    ///
    /// # Errors
    /// `caller_invalid_request` for a schema that is not there.
    pub(super) fn read(self) -> Result<ResponseFormat, Error> {
        let format = match self {
            Self::Text => return Ok(ResponseFormat::Text),
            Self::JsonObject => return Ok(ResponseFormat::JsonObject),
            Self::JsonSchema { json_schema } => json_schema,
        };
        let Some(schema) = format.schema else {
            let place = "response_format.json_schema.schema";
            return Err(Error::invalid(format!("{place}: missing")));
        };
        Ok(ResponseFormat::JsonSchema {
            name: format.name,
            schema: Value::Object(schema),
            strict: format.strict == Some(true),
        })
    }
}
