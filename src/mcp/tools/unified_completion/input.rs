//! The arguments of `unified_completion`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{CacheWish, Draft, Effort, Message, Role, Wishes, whole_number};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The question. Send this or `messages`.
    prompt: Option<String>,
    /// The conversation, oldest first, ending with the user. Send this or `prompt`.
    messages: Option<Vec<InputMessage>>,
    /// Instructions that stand above the conversation.
    system: Option<String>,
    /// "auto" (default) chooses the best model; or a model id, an alias, or provider/model.
    model: Option<String>,
    /// Longest visible answer in tokens; thinking comes on top. Default 1000.
    #[schemars(range(min = 1, max = 32000))]
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    /// Sent only if given and only to models that take it.
    #[schemars(range(min = 0, max = 2))]
    temperature: Option<f64>,
    /// Sent only if given and only to models that take it.
    #[schemars(range(min = 0, max = 1))]
    top_p: Option<f64>,
    /// How much a reasoning model may think. Default: chosen with the model.
    reasoning_effort: Option<Effort>,
    /// Texts that end the answer, at most 4.
    #[schemars(length(max = 4))]
    stop: Option<Vec<String>>,
    /// Asks for repeatable sampling where the model has it.
    #[serde(default, deserialize_with = "whole_number")]
    seed: Option<i64>,
    /// true: the text also comes as progress while it is made.
    stream: Option<bool>,
    /// false: read nothing from the answer cache and store nothing. Default true.
    cache_enabled: Option<bool>,
    /// auto (default), exact: no hits by meaning, refresh: replace what is stored.
    cache_mode: Option<CacheWish>,
    /// How long to wait in milliseconds, all attempts together. Default 50000.
    #[schemars(range(min = 1, max = 600_000))]
    #[serde(default, deserialize_with = "whole_number")]
    timeout_ms: Option<u64>,
    /// Repeats with this key within 10 minutes get the first one's answer, paid once.
    #[schemars(length(min = 1, max = 255))]
    idempotency_key: Option<String>,
    /// true: only explain which model would answer; costs nothing.
    route_only: Option<bool>,
    /// true: list every candidate model, not only the best three.
    explain: Option<bool>,
    /// What matters for the choice of model.
    requirements: Option<Wishes>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InputMessage {
    role: InputRole,
    content: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum InputRole {
    System,
    User,
    Assistant,
}

impl Input {
    /// Tells whether every candidate is to be listed.
    pub(super) fn wants_explanation(&self) -> bool {
        self.explain == Some(true)
    }

    /// Tells whether the text is to be told while it is made.
    pub(super) fn wants_stream(&self) -> bool {
        self.stream == Some(true)
    }

    pub(super) fn into_draft(self) -> Draft {
        let wishes = self.requirements.unwrap_or_default();
        Draft {
            prompt: self.prompt,
            messages: self
                .messages
                .map(|list| list.into_iter().map(Into::into).collect()),
            system: self.system,
            model: self.model,
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed,
            stop: self.stop.unwrap_or_default(),
            effort: self.reasoning_effort,
            cache: CacheWish::mode(self.cache_mode, self.cache_enabled, &wishes),
            timeout_ms: self.timeout_ms,
            idempotency_key: self.idempotency_key,
            route_only: self.route_only == Some(true),
            requirements: wishes,
            ..Draft::default()
        }
    }
}

impl From<InputMessage> for Message {
    fn from(message: InputMessage) -> Self {
        let role = match message.role {
            InputRole::System => Role::System,
            InputRole::User => Role::User,
            InputRole::Assistant => Role::Assistant,
        };
        Self::text(role, message.content)
    }
}
