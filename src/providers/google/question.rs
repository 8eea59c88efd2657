//! Writes a request to generate content.

use bytes::Bytes;
use serde::Serialize;

use crate::domain::{Effort, EffortForm, Message, ProviderCall, ProviderError, Role};
use crate::providers::failure;
use crate::providers::parameters::Parameters;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Instruction<'a>>,
    contents: Vec<Content<'a>>,
    generation_config: Config<'a>,
}

#[derive(Serialize)]
struct Instruction<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    max_output_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

/// A level since Gemini 3, a budget in tokens before; both are refused.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Thinking {
    ThinkingLevel(&'static str),
    ThinkingBudget(u32),
}

/// Writes the body of a request, and lists what the model does not take.
///
/// # Errors
/// `InvalidRequest` for content that this adapter does not carry.
pub(super) fn write(call: &ProviderCall<'_>) -> Result<(Bytes, Vec<&'static str>), ProviderError> {
    failure::refuse_what_is_not_carried(call.request)?;
    let mut parameters = Parameters::new(call);
    let seed = parameters.seed.and_then(|seed| i32::try_from(seed).ok());
    if seed.is_none() && parameters.seed.is_some() {
        parameters.dropped.push("seed");
    }
    let (system, turns): (Vec<&Message>, Vec<&Message>) = call
        .request
        .messages
        .iter()
        .partition(|message| message.role == Role::System);
    let instruction: Vec<Part<'_>> = system.into_iter().flat_map(parts).collect();
    let question = Question {
        system_instruction: (!instruction.is_empty()).then_some(Instruction { parts: instruction }),
        contents: contents(&turns),
        generation_config: Config {
            max_output_tokens: parameters.output_limit,
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            stop_sequences: parameters.stop,
            seed,
            thinking_config: parameters.effort.and_then(|effort| thinking(call, effort)),
        },
    };
    let body =
        serde_json::to_vec(&question).map_err(|fault| failure::unsendable(fault.to_string()))?;
    Ok((body.into(), parameters.dropped))
}

fn thinking(call: &ProviderCall<'_>, effort: Effort) -> Option<Thinking> {
    let policy = &call.spec.request;
    match policy.effort_form {
        EffortForm::Budget => Some(Thinking::ThinkingBudget(policy.allowance(Some(effort)))),
        EffortForm::Name => level(effort).map(Thinking::ThinkingLevel),
    }
}

/// Names a level as the API does; `None` where it has no name for it.
const fn level(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::Minimal => Some("MINIMAL"),
        Effort::Low => Some("LOW"),
        Effort::Medium => Some("MEDIUM"),
        Effort::High => Some("HIGH"),
        Effort::Xhigh | Effort::Max => Some("XHIGH"),
        Effort::None => None,
    }
}

/// Writes the turns so that user and model take turns, the user first, as
/// the vendor wants it: neighbours of one role become one.
fn contents<'a>(turns: &[&'a Message]) -> Vec<Content<'a>> {
    let mut contents: Vec<Content<'a>> = Vec::new();
    for message in turns {
        let role = match message.role {
            Role::Assistant => "model",
            Role::System | Role::User | Role::Tool => "user",
        };
        if contents.is_empty() && role == "model" {
            let text = "(the conversation begins)";
            let parts = vec![Part { text }];
            contents.push(Content {
                role: "user",
                parts,
            });
        }
        match contents.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts(message)),
            _ => contents.push(Content {
                role,
                parts: parts(message).collect(),
            }),
        }
    }
    contents
}

/// Lists the texts of a message; the vendor refuses empty ones.
fn parts(message: &Message) -> impl Iterator<Item = Part<'_>> {
    let texts = message.texts().filter(|text| !text.trim().is_empty());
    texts.map(|text| Part { text })
}
