//! An answer as the cache keeps it, and its form in a store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    CacheKey, CacheScope, Caller, Completion, Effort, FinishReason, ModelId, ProviderName,
    StoredAnswer, StoredVector, Target, TaskGuess, TaskLabel, TokenUsage, Usage, UsageSource,
};

/// Changes with [`Body`].
const FORM: u32 = 1;

/// What an entry takes in memory beside its texts, about, in bytes.
const FRAME_BYTES: usize = 700;

/// An answer without the circumstances of the call that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The visible text.
    pub text: String,
    /// Who was asked.
    pub target: Target,
    /// The model that answered, by its vendor's word.
    pub model: ModelId,
    /// The stop sequence that ended it, where the vendor told.
    pub stop_sequence: Option<String>,
    /// The tokens that it took.
    pub usage: Usage,
    /// What the model did not take of the request.
    pub dropped_parameters: Vec<&'static str>,
    /// What the question was taken for.
    pub task: TaskGuess,
}

impl Answer {
    /// Takes the answer out of a completion; `None` if it is not a whole one
    /// of text alone.
    pub(super) fn of(completion: &Completion) -> Option<Self> {
        let is_whole =
            completion.finish == Some(FinishReason::Stop) && !completion.finish_is_unknown;
        // The winner stands first.
        let winner = completion.routing.candidates.first()?;
        let text = completion.text();
        (is_whole && !text.trim().is_empty()).then(|| Self {
            text,
            target: winner.target.clone(),
            model: completion.model.clone(),
            stop_sequence: completion.stop_sequence.clone(),
            usage: completion.usage,
            dropped_parameters: completion.dropped_parameters.clone(),
            task: completion.routing.task,
        })
    }
}

/// An answer with the question that it was given to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) scope: CacheScope,
    pub(super) key: CacheKey,
    /// The entry that it repeats.
    pub(super) alias_of: Option<CacheKey>,
    pub(super) owner: Caller,
    /// The question, where others may be compared with it.
    pub(super) prompt: Option<String>,
    pub(super) answer: Answer,
    /// No hit at or below this confidence: one was wrong.
    pub(super) bar: f64,
    /// Questions that it was the wrong answer to.
    pub(super) refused: Vec<CacheKey>,
    pub(super) stored_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Entry {
    /// Returns about how much memory it takes, its vector included.
    pub(super) fn bytes(&self) -> usize {
        let prompt = self
            .prompt
            .as_ref()
            .map_or(0, |prompt| prompt.len() + 3_072);
        prompt + self.answer.text.len() + 32 * self.refused.len() + FRAME_BYTES
    }

    /// Brings it into the form that a store keeps.
    pub(super) fn to_stored(&self, vector: Option<StoredVector>) -> Option<StoredAnswer> {
        let tokens = self.answer.usage.tokens;
        let body = Body {
            form: FORM,
            prompt: self.prompt.clone(),
            text: self.answer.text.clone(),
            provider: self.answer.target.provider.to_string(),
            asked: self.answer.target.model.to_string(),
            effort: self.answer.target.effort,
            model: self.answer.model.to_string(),
            stop_sequence: self.answer.stop_sequence.clone(),
            tokens: tokens.classes(),
            is_estimated: self.answer.usage.source == UsageSource::Estimated,
            dropped: self
                .answer
                .dropped_parameters
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            task: self.answer.task.label,
            confidence: self.answer.task.confidence,
            bar: self.bar,
            refused: self.refused.iter().map(|key| key.0).collect(),
        };
        Some(StoredAnswer {
            scope: self.scope,
            key: self.key,
            alias_of: self.alias_of,
            owner: self.owner.clone(),
            body: serde_json::to_vec(&body).ok()?,
            vector,
            stored_at: self.stored_at,
            expires_at: self.expires_at,
        })
    }

    /// Reads what a store kept; `None` if it is damaged or of another form.
    pub(super) fn from_stored(stored: &StoredAnswer) -> Option<Self> {
        let body: Body = serde_json::from_slice(&stored.body).ok()?;
        if body.form != FORM || stored.expires_at <= stored.stored_at {
            return None;
        }
        let [
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
        ] = body.tokens;
        let tokens = TokenUsage {
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning,
        };
        let known = |name: &String| DROPPED.into_iter().find(|known| known == name);
        Some(Self {
            scope: stored.scope,
            key: stored.key,
            alias_of: stored.alias_of,
            owner: stored.owner.clone(),
            prompt: body.prompt,
            answer: Answer {
                text: body.text,
                target: Target {
                    provider: ProviderName::new(body.provider),
                    model: ModelId::new(body.asked),
                    effort: body.effort,
                },
                model: ModelId::new(body.model),
                stop_sequence: body.stop_sequence,
                usage: if body.is_estimated {
                    Usage::estimated(tokens)
                } else {
                    Usage::reported(tokens)
                },
                dropped_parameters: body.dropped.iter().filter_map(known).collect(),
                task: TaskGuess {
                    label: body.task,
                    confidence: body.confidence,
                },
            },
            bar: body.bar,
            refused: body.refused.into_iter().map(CacheKey).collect(),
            stored_at: stored.stored_at,
            expires_at: stored.expires_at,
        })
    }
}

/// The parameters that a model may not take.
const DROPPED: [&str; 9] = [
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "stop",
    "reasoning_effort",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
];

/// An entry in a store, as JSON.
#[derive(Serialize, Deserialize)]
struct Body {
    form: u32,
    prompt: Option<String>,
    text: String,
    provider: String,
    asked: String,
    effort: Option<Effort>,
    model: String,
    stop_sequence: Option<String>,
    tokens: [u64; 6],
    is_estimated: bool,
    dropped: Vec<String>,
    task: TaskLabel,
    confidence: f64,
    bar: f64,
    refused: Vec<[u8; 32]>,
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    pub(in crate::cache) fn answer(text: &str) -> Answer {
        Answer {
            text: text.to_owned(),
            target: Target {
                provider: ProviderName::new("openai"),
                model: ModelId::new("gpt-6-luna"),
                effort: Some(Effort::Low),
            },
            model: ModelId::new("gpt-6-luna-2026-09-01"),
            stop_sequence: Some("END".to_owned()),
            usage: Usage::reported(TokenUsage {
                input: 1,
                cache_read: 2,
                cache_write_5m: 3,
                cache_write_1h: 4,
                output: 5,
                reasoning: 6,
            }),
            dropped_parameters: vec!["seed"],
            task: TaskGuess {
                label: TaskLabel::Code,
                confidence: 0.5,
            },
        }
    }

    fn entry() -> Entry {
        let stored_at: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
        Entry {
            scope: CacheScope([1; 32]),
            key: CacheKey([2; 32]),
            alias_of: None,
            owner: Caller::new("alice"),
            prompt: Some("How do birds fly?".to_owned()),
            answer: answer("They flap. äöü"),
            bar: 0.9,
            refused: vec![CacheKey([7; 32])],
            stored_at,
            expires_at: stored_at + Duration::from_secs(60),
        }
    }

    #[test]
    fn what_was_stored_comes_back_unchanged() {
        let stored = entry().to_stored(None).unwrap();

        assert_eq!(Entry::from_stored(&stored), Some(entry()));
    }

    #[test]
    fn what_is_damaged_is_no_answer() {
        let stored = entry().to_stored(None).unwrap();
        for cut in 0..stored.body.len() {
            let damaged = StoredAnswer {
                body: stored.body[..cut].to_vec(),
                ..stored.clone()
            };
            assert_eq!(Entry::from_stored(&damaged), None);
        }
        let other_form = String::from_utf8(stored.body.clone()).unwrap();
        let other_form = StoredAnswer {
            body: other_form
                .replacen("\"form\":1", "\"form\":2", 1)
                .into_bytes(),
            ..stored
        };
        assert_eq!(Entry::from_stored(&other_form), None);
    }
}
