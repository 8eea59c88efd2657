//! What Google counts.

use serde_json::{Value, json};

use super::api::Api;
use super::request::{Content, FunctionDeclaration, Part, Request};
use crate::bill::{BilledTokens, CacheWrites};
use crate::tokens::{ATTACHMENT_TOKENS, MESSAGE_TOKENS, token_count};

/// The input of a request, by what it is made of.
#[derive(Clone, Copy, Default)]
pub(super) struct InputTokens {
    text: u64,
    image: u64,
    audio: u64,
    video: u64,
    document: u64,
    /// Results of functions in the last content. The real servers count only
    /// their own tools' results so; no reader of usage shall pass by leaving
    /// the class out.
    tool_use: u64,
}

impl InputTokens {
    pub(super) fn total(self) -> u64 {
        self.prompt() + self.tool_use
    }

    fn prompt(self) -> u64 {
        self.text + self.image + self.audio + self.video + self.document
    }

    /// Splits the input as the bill does.
    pub(super) fn split(self) -> BilledTokens {
        let mut tokens = BilledTokens::of_input(self.prompt(), CacheWrites::None);
        tokens.input += self.tool_use;
        tokens
    }

    fn attach(&mut self, mime_type: &str) {
        let class = match mime_type.split('/').next() {
            Some("image") => &mut self.image,
            Some("audio") => &mut self.audio,
            Some("video") => &mut self.video,
            _ => &mut self.document,
        };
        *class += ATTACHMENT_TOKENS;
    }

    /// Writes the classes that are not empty.
    pub(super) fn details(self) -> Value {
        let classes = [
            ("TEXT", self.text),
            ("IMAGE", self.image),
            ("AUDIO", self.audio),
            ("VIDEO", self.video),
            ("DOCUMENT", self.document),
        ];
        let told = classes.iter().filter(|(_, count)| *count > 0);
        told.map(|(modality, count)| json!({"modality": modality, "tokenCount": count}))
            .collect()
    }
}

/// Counts texts, attachments, functions, their calls and their results.
pub(super) fn input_tokens(request: &Request) -> InputTokens {
    let mut tokens = InputTokens::default();
    let last = request.contents.len().saturating_sub(1);
    if let Some(instruction) = &request.system_instruction {
        tokens.text += instruction.parts.iter().map(text_tokens).sum::<u64>();
    }
    for (index, content) in request.contents.iter().enumerate() {
        tokens.text += MESSAGE_TOKENS;
        for part in &content.parts {
            count_part(part, index == last, &mut tokens);
        }
    }
    tokens.text += request.functions().map(function_tokens).sum::<u64>();
    tokens
}

fn count_part(part: &Part, is_last: bool, tokens: &mut InputTokens) {
    tokens.text += text_tokens(part);
    if let Some(blob) = &part.inline_data {
        tokens.attach(&blob.mime_type);
    }
    if let Some(file) = &part.file_data {
        tokens.attach(&file.mime_type);
    }
    if let Some(call) = &part.function_call {
        let arguments = Value::Object(call.args.clone()).to_string();
        tokens.text += token_count(&call.name) + token_count(&arguments);
    }
    if let Some(result) = &part.function_response {
        let content = json!(result.response).to_string();
        let attached = ATTACHMENT_TOKENS * result.parts.len() as u64;
        let count = token_count(&result.name) + token_count(&content) + attached;
        if is_last {
            tokens.tool_use += count;
        } else {
            tokens.text += count;
        }
    }
}

/// Thoughts of earlier turns are taken out before the model reads.
fn text_tokens(part: &Part) -> u64 {
    let text = part.text.as_deref().filter(|_| !part.thought);
    text.map_or(0, token_count)
}

fn function_tokens(function: &FunctionDeclaration) -> u64 {
    let schema = function
        .parameters
        .as_ref()
        .or(function.parameters_json_schema.as_ref());
    let schema = schema.map(Value::to_string).unwrap_or_default();
    token_count(&function.name) + token_count(&function.description) + token_count(&schema)
}

/// Returns the text that the answer is about: the user's last.
pub(super) fn last_user_text(request: &Request) -> &str {
    let users = request.contents.iter().rev().filter(|c| !c.is_of_model());
    let mut texts = users.filter_map(|content| {
        let mut texts = content.parts.iter().rev();
        texts.find_map(|part| part.text.as_deref())
    });
    texts.next().unwrap_or_default()
}

/// Tells whether the conversation ends with a function's result.
pub(super) fn ends_with_result(request: &Request) -> bool {
    request.contents.last().is_some_and(Content::has_results)
}

/// Writes `usageMetadata`. Cached tokens are part of the prompt's, thoughts
/// are not part of the candidates'; what is 0 is left out, as in all protocol
/// buffers.
pub(super) fn document(tokens: &BilledTokens, input: InputTokens, api: Api) -> Value {
    let mut usage = json!({
        "promptTokenCount": input.prompt(),
        "totalTokenCount": tokens.total_input() + tokens.total_output(),
        "promptTokensDetails": input.details(),
    });
    let Some(members) = usage.as_object_mut() else {
        return usage;
    };
    let of_text = |count: u64| json!([{"modality": "TEXT", "tokenCount": count}]);
    for (name, details, count) in [
        ("candidatesTokenCount", None, tokens.output),
        (
            "cachedContentTokenCount",
            Some("cacheTokensDetails"),
            tokens.cache_read,
        ),
        (
            "toolUsePromptTokenCount",
            Some("toolUsePromptTokensDetails"),
            input.tool_use,
        ),
        ("thoughtsTokenCount", None, tokens.reasoning),
    ] {
        if count == 0 {
            continue;
        }
        members.insert(name.to_owned(), json!(count));
        if let Some(details) = details {
            members.insert(details.to_owned(), of_text(count));
        }
    }
    if api.is_vertex() {
        members.insert("trafficType".to_owned(), json!("ON_DEMAND"));
        members.insert("candidatesTokensDetails".to_owned(), of_text(tokens.output));
    }
    usage
}
