//! Answers in a form: for models whose vendor does not hold them to a schema,
//! the schema is put into words, the answer checked, and once mended.

use std::fmt::Write as _;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

use crate::domain::{
    Capability, CompletionRequest, ContentPart, Error, FinishReason, Message, ModelSpec,
    ProviderAnswer, ProviderError, ProviderErrorKind, ResponseFormat, Role,
};

/// How many faults a model is told of.
const SHOWN_FAULTS: usize = 5;
/// How long one of them may be, in characters.
const FAULT_CHARS: usize = 200;

/// How often a pattern may turn back in one text: enough for any that people
/// write (chosen), and milliseconds of work at most.
const MAX_TURNS: usize = 50_000;

/// A schema that an answer must keep to.
#[derive(Debug)]
pub(super) struct Form<'a> {
    schema: &'a Value,
    validator: Validator,
}

/// An answer that does not keep to its schema.
#[derive(Debug)]
pub(super) struct Flaw {
    /// What the model said.
    text: String,
    /// What is wrong with it.
    faults: String,
}

impl<'a> Form<'a> {
    /// Returns the schema that the gateway itself must hold a model to;
    /// `None` if there is none, or the vendor does it.
    ///
    /// # Errors
    /// `caller_invalid_request` for what is no schema.
    pub(super) fn of(
        request: &'a CompletionRequest,
        spec: &ModelSpec,
    ) -> Result<Option<Self>, Error> {
        let ResponseFormat::JsonSchema { schema, .. } = &request.response_format else {
            return Ok(None);
        };
        let is_free = request.tools.is_empty() || spec.request.allows_format_with_tools;
        if is_free && spec.capabilities.contains(Capability::JsonSchema) {
            return Ok(None);
        }
        // Nothing is fetched.
        let patterns = PatternOptions::fancy_regex().backtrack_limit(MAX_TURNS);
        let options = jsonschema::options().with_pattern_options(patterns);
        let validator = options.build(schema).or_else(|_| {
            // Patterns that this engine does not know are not held to.
            options.build(&without_patterns(schema))
        });
        let validator = validator.map_err(|fault| {
            let place = "response_format.json_schema.schema";
            Error::invalid(format!("{place}: {}", shortened(&fault.to_string())))
        })?;
        Ok(Some(Self { schema, validator }))
    }

    /// Puts the schema into words.
    pub(super) fn ask(&self, request: &CompletionRequest) -> CompletionRequest {
        let words = format!(
            "Answer with one JSON document and nothing else. It must be valid against this JSON \
             schema: {}",
            self.schema
        );
        let mut asked = request.clone();
        asked.response_format = ResponseFormat::Text;
        // Behind the caller's own instructions, before the conversation.
        let place = asked
            .messages
            .iter()
            .take_while(|message| message.role == Role::System);
        let place = place.count();
        asked
            .messages
            .insert(place, Message::text(Role::System, words));
        asked
    }

    /// Asks for the answer once more, with its faults named.
    pub(super) fn ask_again(asked: &CompletionRequest, flaw: &Flaw) -> CompletionRequest {
        let mut again = asked.clone();
        let said = if flaw.text.trim().is_empty() {
            "(nothing)"
        } else {
            flaw.text.as_str()
        };
        again.messages.push(Message::text(Role::Assistant, said));
        let words = format!(
            "That is not valid: {}. Answer with the corrected JSON document and nothing else.",
            flaw.faults
        );
        again.messages.push(Message::text(Role::User, words));
        again
    }

    /// Checks an answer, and leaves the document alone in it. One that was
    /// cut, refused, or calls tools is not held to the schema.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, answer: &mut ProviderAnswer) -> Result<(), Flaw> {
        let has_call = |part: &ContentPart| matches!(part, ContentPart::ToolCall(_));
        if answer.finish != FinishReason::Stop || answer.content.iter().any(has_call) {
            return Ok(());
        }
        let text = answer.text();
        let document = document(&text);
        match self.faults(document) {
            None => {
                let document = document.to_owned();
                answer
                    .content
                    .retain(|part| !matches!(part, ContentPart::Text(_)));
                answer.content.push(ContentPart::Text(document));
                Ok(())
            }
            Some(faults) => Err(Flaw { text, faults }),
        }
    }

    fn faults(&self, document: &str) -> Option<String> {
        let document: Value = match serde_json::from_str(document) {
            Ok(document) => document,
            Err(fault) => return Some(format!("it is no JSON document ({fault})")),
        };
        let mut faults = String::new();
        for fault in self.validator.iter_errors(&document).take(SHOWN_FAULTS) {
            let separator = if faults.is_empty() { "" } else { "; " };
            let place = fault.instance_path().to_string();
            let place = if place.is_empty() { "/" } else { &place };
            let words = shortened(&fault.to_string());
            let _ = write!(faults, "{separator}at {place}: {words}");
        }
        (!faults.is_empty()).then_some(faults)
    }
}

impl Flaw {
    /// Makes the failure of an attempt: the vendor answered, and bills it.
    pub(super) fn error(&self, answer: &ProviderAnswer) -> ProviderError {
        let message = "the answer does not keep to the schema";
        let mut error = ProviderError::new(ProviderErrorKind::Broken, message);
        error.usage = answer.usage;
        error.may_be_billed = true;
        error.of_model(answer.model.clone())
    }
}

/// Copies a schema without its patterns, and without what depends on them.
fn without_patterns(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let has_patterns = members.contains_key("patternProperties");
            let is_kept = |name: &str, value: &Value| match name {
                "pattern" => !value.is_string(),
                "patternProperties" => false,
                "additionalProperties" | "unevaluatedProperties" => !has_patterns,
                _ => true,
            };
            let kept = members
                .iter()
                .filter(|(name, value)| is_kept(name, value))
                .map(|(name, value)| (name.clone(), without_patterns(value)));
            Value::Object(kept.collect::<Map<String, Value>>())
        }
        Value::Array(items) => items.iter().map(without_patterns).collect(),
        plain => plain.clone(),
    }
}

/// Takes the fence off a document: small models cannot leave it.
fn document(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```") else {
        return text;
    };
    let inner = inner.strip_suffix("```").unwrap_or(inner);
    // The rest of the first line names the language.
    inner
        .split_once('\n')
        .map_or(inner, |(_, rest)| rest)
        .trim()
}

fn shortened(text: &str) -> String {
    text.chars().take(FAULT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_no_part_of_the_document() {
        assert_eq!(document("```json\n{\"a\": 1}\n```\n"), "{\"a\": 1}");
        assert_eq!(document("```\n[]\n```"), "[]");
        assert_eq!(document(" {} "), "{}");
    }
}
