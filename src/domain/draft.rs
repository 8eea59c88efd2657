//! From what a caller sent to a request that is known to be good.

mod dialogue;
mod faults;
mod lists;
mod turns;
mod whole_number;
mod wishes;

use std::time::Duration;

use faults::Faults;
use lists::stops;
pub use turns::Manners;
use turns::check_messages;
pub use whole_number::whole_number;
pub use wishes::{CacheWish, WishedWeights, Wishes};

use super::{
    CacheMode, CompletionRequest, Effort, Error, Message, ModelSelector, PromptCache, Ratio,
    ResponseFormat, Role, Sampling, Temperature, Tool, ToolChoice,
};

/// The longest visible answer that can be asked for, in tokens.
pub const MAX_TOKENS: u32 = 32_000;
/// The visible answer that is asked for when the caller says nothing.
pub const DEFAULT_MAX_TOKENS: u32 = 1_000;
/// The longest wait that can be asked for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(600);
const MAX_NAME_BYTES: usize = 256;
/// The longest idempotency key, in bytes (as Stripe's).
const MAX_KEY_BYTES: usize = 255;

/// A request as it was sent: every field optional, nothing checked.
///
/// Both doors fill one in, so that both hold callers to the same bounds.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// How much of what vendors let pass is let pass.
    pub manners: Manners,
    /// A single question; instead of `messages`.
    pub prompt: Option<String>,
    /// A conversation; instead of `prompt`.
    pub messages: Option<Vec<Message>>,
    /// Instructions that stand above the conversation.
    pub system: Option<String>,
    /// `auto`, an id, an alias or `provider/id`.
    pub model: Option<String>,
    /// 1 to [`MAX_TOKENS`]; more counts as that much where manners are
    /// [`Manners::Vendors`].
    pub max_tokens: Option<u64>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Any integer.
    pub seed: Option<i64>,
    /// 0 or more.
    pub top_k: Option<u64>,
    /// At most 4 texts of 1 to 256 bytes, or 16 where manners are
    /// [`Manners::Vendors`].
    pub stop: Vec<String>,
    /// The thinking allowed.
    pub effort: Option<Effort>,
    /// The model may think where it is not used to.
    pub may_think: bool,
    /// Functions that the model may ask for.
    pub tools: Vec<Tool>,
    /// Which of them it may or must use.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may ask for several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer.
    pub response_format: Option<ResponseFormat>,
    /// Asks the vendor to keep the prompt.
    pub prompt_cache: Option<PromptCache>,
    /// How the cache takes part.
    pub cache: CacheMode,
    /// 1 to 600 000.
    pub timeout_ms: Option<u64>,
    /// 1 to 255 printable ASCII characters.
    pub idempotency_key: Option<String>,
    /// Only explain.
    pub route_only: bool,
    /// What is asked of the routing.
    pub requirements: Wishes,
}

impl Draft {
    /// Checks every bound of the contract.
    ///
    /// # Errors
    /// `caller_invalid_request` that names each argument at fault.
    pub fn check(mut self, default_timeout: Duration) -> Result<CompletionRequest, Error> {
        let mut faults = Faults::default();
        let manners = self.manners;
        let messages = conversation(&mut faults, &mut self);
        dialogue::check_parts(&mut faults, &messages);
        dialogue::check_tools(&mut faults, &self.tools, self.tool_choice.as_ref());
        let response_format = self.response_format.unwrap_or_default();
        dialogue::check_format(&mut faults, &response_format);
        let request = CompletionRequest {
            messages,
            model: model(&mut faults, self.model),
            max_tokens: max_tokens(&mut faults, self.max_tokens, manners),
            sampling: Sampling {
                temperature: faults.take("temperature", self.temperature, Temperature::try_from),
                top_p: faults.take("top_p", self.top_p, Ratio::try_from),
                top_k: self.top_k,
                seed: self.seed,
                stop: stops(&mut faults, self.stop, manners),
            },
            effort: self.effort,
            may_think: self.may_think,
            tools: self.tools,
            tool_choice: self.tool_choice.unwrap_or(ToolChoice::Auto),
            parallel_tool_calls: self.parallel_tool_calls,
            response_format,
            cache: self.cache,
            prompt_cache: self.prompt_cache,
            requirements: self.requirements.check(&mut faults),
            timeout: timeout(&mut faults, self.timeout_ms).unwrap_or(default_timeout),
            idempotency_key: idempotency_key(&mut faults, self.idempotency_key),
            route_only: self.route_only,
        };
        faults.into_result(request)
    }
}

fn conversation(faults: &mut Faults, draft: &mut Draft) -> Vec<Message> {
    let mut conversation = Vec::new();
    if let Some(system) = draft.system.take() {
        if system.trim().is_empty() {
            faults.add("system", "is empty");
        }
        conversation.push(Message::text(Role::System, system));
    }
    match (draft.prompt.take(), draft.messages.take()) {
        (Some(_), Some(_)) => faults.add("prompt", "and messages exclude each other; send one"),
        (None, None) => faults.add("prompt", "is missing; send prompt or messages"),
        (Some(prompt), None) => {
            if prompt.trim().is_empty() {
                faults.add("prompt", "is empty");
            }
            conversation.push(Message::text(Role::User, prompt));
        }
        (None, Some(messages)) => {
            conversation.extend(check_messages(faults, messages, draft.manners));
        }
    }
    conversation
}

fn model(faults: &mut Faults, name: Option<String>) -> ModelSelector {
    match name {
        None => ModelSelector::Auto,
        Some(name) if name == "auto" => ModelSelector::Auto,
        Some(name) => {
            if name.trim().is_empty() {
                faults.add("model", "is empty; leave it out or send \"auto\"");
            } else if name.len() > MAX_NAME_BYTES {
                faults.add("model", format!("is longer than {MAX_NAME_BYTES} bytes"));
            }
            ModelSelector::Named(name)
        }
    }
}

fn max_tokens(faults: &mut Faults, asked: Option<u64>, manners: Manners) -> u32 {
    let Some(mut asked) = asked else {
        return DEFAULT_MAX_TOKENS;
    };
    if manners == Manners::Vendors {
        asked = asked.min(u64::from(MAX_TOKENS));
    }
    match u32::try_from(asked) {
        Ok(tokens) if (1..=MAX_TOKENS).contains(&tokens) => tokens,
        _ => {
            faults.add(
                "max_tokens",
                format!("{asked} is not within 1..={MAX_TOKENS}"),
            );
            DEFAULT_MAX_TOKENS
        }
    }
}

fn timeout(faults: &mut Faults, asked_ms: Option<u64>) -> Option<Duration> {
    let asked = Duration::from_millis(asked_ms?);
    if asked.is_zero() || asked > MAX_TIMEOUT {
        let most = MAX_TIMEOUT.as_millis();
        faults.add(
            "timeout_ms",
            format!("{} is not within 1..={most}", asked.as_millis()),
        );
    }
    Some(asked)
}

fn idempotency_key(faults: &mut Faults, key: Option<String>) -> Option<String> {
    let key = key?;
    let is_short = (1..=MAX_KEY_BYTES).contains(&key.len());
    if !is_short || !key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let words = format!("is not 1 to {MAX_KEY_BYTES} printable ASCII characters");
        faults.add("idempotency_key", words);
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(draft: Draft) -> String {
        draft.check(Duration::from_secs(50)).unwrap_err().message
    }

    fn asking() -> Draft {
        Draft {
            prompt: Some("hello".to_owned()),
            ..Draft::default()
        }
    }

    #[test]
    fn a_prompt_alone_gets_the_defaults() {
        let request = asking().check(Duration::from_secs(50)).unwrap();

        assert_eq!(request.messages, [Message::text(Role::User, "hello")]);
        assert_eq!(request.model, ModelSelector::Auto);
        assert_eq!(request.max_tokens, 1_000);
        assert_eq!(request.sampling, Sampling::default());
        assert_eq!(request.timeout, Duration::from_secs(50));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let draft = Draft {
            max_tokens: Some(0),
            temperature: Some(9.0),
            top_p: Some(-0.5),
            timeout_ms: Some(0),
            ..Draft::default()
        };

        assert_eq!(
            fault(draft),
            "prompt is missing; send prompt or messages; max_tokens 0 is not within 1..=32000; \
             temperature 9 is not within 0..=2; top_p -0.5 is not within 0..=1; \
             timeout_ms 0 is not within 1..=600000"
        );
    }

    #[test]
    fn a_conversation_ends_with_the_user() {
        let messages = vec![
            Message::text(Role::User, "a"),
            Message::text(Role::Assistant, "b"),
        ];
        let draft = Draft {
            messages: Some(messages),
            ..Draft::default()
        };

        assert_eq!(
            fault(draft),
            "messages must end with a message of role user"
        );
    }

    #[test]
    fn a_list_of_faults_stays_short() {
        let messages = vec![Message::text(Role::User, ""); 1_000];
        let draft = Draft {
            messages: Some(messages),
            ..Draft::default()
        };

        assert!(fault(draft).len() < 500);
    }

    #[test]
    fn an_unknown_provider_is_answered_with_the_known_ones() {
        let requirements = Wishes {
            providers: Some(vec!["opnai".to_owned()]),
            ..Default::default()
        };

        assert_eq!(
            fault(Draft {
                requirements,
                ..asking()
            }),
            "requirements.providers \"opnai\" is none of openai, anthropic, google, mistral, \
             groq, local"
        );
    }
}
