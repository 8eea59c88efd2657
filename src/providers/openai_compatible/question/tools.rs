//! Writes tools, calls and the choice between them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;
use serde_json::Value;

use super::super::dialect::CallIds;
use crate::domain::{Tool, ToolCall, ToolChoice};

#[derive(Serialize)]
pub(super) struct ChatTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> ChatTool<'a> {
    pub(super) fn new(tool: &'a Tool) -> Self {
        Self {
            kind: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.parameters,
                strict: tool.strict.then_some(true),
            },
        }
    }
}

/// A call that the model made earlier; the arguments are a string.
#[derive(Serialize)]
pub(super) struct ChatCall<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: String,
}

impl<'a> ChatCall<'a> {
    pub(super) fn new(call: &'a ToolCall, ids: CallIds) -> Self {
        Self {
            id: id(&call.id, ids),
            kind: "function",
            function: CalledFunction {
                name: &call.name,
                arguments: call.arguments.to_string(),
            },
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named(NamedChoice<'a>),
}

#[derive(Serialize)]
pub(super) struct NamedChoice<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Name<'a>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

/// Writes the choice; `None` where it is the vendor's own default.
pub(super) fn choice(choice: &ToolChoice) -> Option<Choice<'_>> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(Choice::Word("none")),
        ToolChoice::Required => Some(Choice::Word("required")),
        ToolChoice::Named(name) => Some(Choice::Named(NamedChoice {
            kind: "function",
            function: Name { name },
        })),
    }
}

/// Writes the id of a call in the form that the vendor takes: the same id
/// always gives the same one, so that a result finds its call.
pub(super) fn id(id: &str, ids: CallIds) -> String {
    const SIGNS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let fits = id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if ids == CallIds::Any || fits {
        return id.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mut rest = hasher.finish();
    let sign = |_| {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        rest /= 62;
        SIGNS.get(digit).map_or('0', |sign| char::from(*sign))
    };
    (0..9).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shortened_the_same_way_each_time() {
        let short = id("toolu_01A09q90qw90lq917835lq9", CallIds::NineSigns);

        assert_eq!(short.len(), 9);
        assert!(short.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(
            short,
            id("toolu_01A09q90qw90lq917835lq9", CallIds::NineSigns)
        );
        assert_eq!(id("a1B2c3D4e", CallIds::NineSigns), "a1B2c3D4e");
        assert_eq!(id("call_x", CallIds::Any), "call_x");
    }
}
