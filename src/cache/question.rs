//! From a request to the scope and the key under which its answer is kept.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Hit;
use super::answer::{Answer, Entry};
use super::canonical::canonical_key;
use super::digest::Digest;
use super::eligible::{History, Tier, tier};
use super::settings::{Door, Share};
use crate::domain::{
    CacheKey, CacheMode, CacheScope, CacheStatus, Caller, CompletionRequest, ContentPart, Message,
    ModelSpec, Requirements, ResponseFormat, Role,
};

/// Changes with the meaning of scopes and keys, so that old answers rest.
const FORM: &str = "answer-3";

/// Above it the caller asks for variety, not for the same answer again.
const MAX_TEMPERATURE: f64 = 0.7;

/// A request with more text than this is not looked at.
const MAX_TEXT_BYTES: usize = 256 << 10;

/// A request, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What is asked.
    pub request: &'a CompletionRequest,
    /// Who asks.
    pub caller: &'a Caller,
    /// The group that the caller belongs to.
    pub group: Option<&'a str>,
    /// The model that the request names; `None` for `auto`.
    pub named: Option<&'a ModelSpec>,
    /// Where it came in.
    pub door: Door,
}

/// What the cache needs of a request.
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) scope: CacheScope,
    pub(super) key: CacheKey,
    pub(super) owner: Caller,
    /// The last message.
    pub(super) prompt: String,
    /// The tiers that may answer it.
    pub(super) tier: Tier,
    /// Whether what is stored is looked at.
    pub(super) reads: bool,
    /// The least confidence that the caller wants of a semantic hit.
    pub(super) min_confidence: f64,
    /// How old an answer the caller takes.
    pub(super) max_age: Option<Duration>,
    /// The model that must have answered it; `None` if any may.
    pub(super) named: Option<String>,
    /// The last message as a vector, once it was made.
    pub(super) vector: Option<Arc<[f32]>>,
}

impl Question {
    /// Reads a request; `None` if its answer may be neither stored nor served.
    pub(super) fn read(asked: &Asked<'_>, share: Share, doors: &[Door]) -> Option<Self> {
        let Asked {
            request,
            caller,
            door,
            ..
        } = *asked;
        let is_steady = request
            .sampling
            .temperature
            .is_none_or(|temperature| temperature.get() <= MAX_TEMPERATURE);
        let may_serve = match request.cache {
            CacheMode::Bypass => false,
            CacheMode::Auto | CacheMode::Refresh => is_steady,
            CacheMode::Exact => true,
        };
        if !may_serve || !request.tools.is_empty() || !is_plain(&request.messages) {
            return None;
        }
        let (last, before) = request.messages.split_last()?;
        if last.role != Role::User {
            return None;
        }
        // The vendor gets parts apart: "1" and "2 prime" are not "12 prime".
        let prompt = last.texts().collect::<Vec<_>>().join("\n");
        let history = if before.iter().any(|message| message.role != Role::System) {
            History::Some
        } else {
            History::None
        };
        let tier = match tier(&prompt, history) {
            Tier::None => return None,
            Tier::Semantic if request.cache == CacheMode::Exact || !doors.contains(&door) => {
                Tier::Exact
            }
            tier => tier,
        };
        let key = Digest::new(FORM).text(&canonical_key(&prompt));
        Some(Self {
            scope: CacheScope(scope(asked, before, share)),
            key: CacheKey(key.end()),
            owner: caller.clone(),
            prompt,
            tier,
            reads: request.cache != CacheMode::Refresh,
            min_confidence: request
                .requirements
                .cache_min_confidence
                .map_or(0.0, |least| least.get()),
            max_age: request.requirements.cache_max_age,
            named: asked.named.map(ModelSpec::canonical),
            vector: None,
        })
    }

    /// Returns where its answer lies.
    #[must_use]
    pub fn place(&self) -> (CacheScope, CacheKey) {
        (self.scope, self.key)
    }

    /// Returns the last message as a vector, once it was made.
    #[must_use]
    pub fn vector(&self) -> Option<Arc<[f32]>> {
        self.vector.clone()
    }

    /// Tells whether similar questions are looked at.
    #[must_use]
    pub fn is_looked_up_by_meaning(&self) -> bool {
        self.tier == Tier::Semantic && self.reads
    }

    /// Tells whether who asks takes a hit that another found.
    #[must_use]
    pub fn accepts(&self, hit: &Hit, now: Timestamp) -> bool {
        let is_sure = match hit.status {
            CacheStatus::Semantic { confidence, .. } => {
                self.tier == Tier::Semantic && f64::from(confidence) >= self.min_confidence
            }
            CacheStatus::Exact => true,
            CacheStatus::Miss | CacheStatus::Bypass => false,
        };
        self.reads && is_sure && self.takes(&hit.entry, now)
    }

    /// Tells whether an answer is young enough for who asks.
    pub(super) fn takes(&self, entry: &Entry, now: Timestamp) -> bool {
        let age = now.duration_since(entry.stored_at);
        self.max_age
            .is_none_or(|most| Duration::try_from(age).unwrap_or_default() <= most)
    }

    /// Tells whether an answer is by the model that was asked, not by one that
    /// stood in for it.
    pub(super) fn is_answered_by(&self, answer: &Answer) -> bool {
        let target = &answer.target;
        self.named.as_ref().is_none_or(|named| {
            named
                .strip_prefix(target.provider.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                == Some(target.model.as_str())
        })
    }
}

/// Tells whether a conversation is text alone, and not too much of it.
fn is_plain(messages: &[Message]) -> bool {
    let mut bytes = 0_usize;
    messages.iter().all(|message| {
        message.role != Role::Tool
            && message.content.iter().all(|part| match part {
                ContentPart::Text(text) | ContentPart::Reasoning { text, .. } => {
                    bytes = bytes.saturating_add(text.len());
                    bytes <= MAX_TEXT_BYTES
                }
                ContentPart::CacheMark(_) => true,
                ContentPart::Image(_) | ContentPart::ToolCall(_) | ContentPart::ToolResult(_) => {
                    false
                }
            })
    })
}

/// Hashes who may see the answer and all that shapes it, save the last
/// message.
fn scope(asked: &Asked<'_>, before: &[Message], share: Share) -> [u8; 32] {
    // A field that is new in a request does not compile here before somebody
    // has decided about it.
    let CompletionRequest {
        messages: _,
        model: _,
        max_tokens,
        sampling,
        effort,
        may_think,
        tools: _,
        tool_choice: _,
        parallel_tool_calls: _,
        response_format,
        cache: _,
        requirements,
        prompt_cache: _,
        timeout: _,
        idempotency_key: _,
        route_only: _,
    } = asked.request;
    let digest = Digest::new(FORM);
    let digest = match (share, asked.group) {
        (Share::Everyone, _) => digest.text("everyone"),
        (Share::Group, Some(group)) => digest.text("group").text(group),
        (Share::Group, None) | (Share::Caller, _) => {
            digest.text("caller").text(asked.caller.as_str())
        }
    };
    let digest = match asked.named {
        Some(spec) => digest.text("model").text(&spec.canonical()),
        None => digest.text("auto"),
    };
    let digest = requirements_of(digest, requirements);
    let digest = before
        .iter()
        .fold(digest.text("messages").number(before.len() as u64), said);
    let temperature = sampling.temperature.map(|temperature| temperature.get());
    let digest = digest
        .text("sampling")
        .number(u64::from(*max_tokens))
        .number(bucket(temperature))
        .maybe(sampling.top_p.map(|share| (share.get() + 0.0).to_bits()))
        .maybe(sampling.top_k)
        .maybe(sampling.seed.map(i64::cast_unsigned))
        .number(sampling.stop.len() as u64);
    let digest = sampling
        .stop
        .iter()
        .fold(digest, |digest, stop| digest.text(stop));
    let digest = digest
        .maybe_text(effort.map(|effort| effort.as_str()))
        .number(u64::from(*may_think));
    match response_format {
        ResponseFormat::Text => digest.text("text"),
        ResponseFormat::JsonObject => digest.text("json_object"),
        ResponseFormat::JsonSchema {
            name,
            schema,
            strict,
        } => digest
            .text("json_schema")
            .text(name)
            .number(u64::from(*strict))
            .json(schema),
    }
    .end()
}

fn requirements_of(digest: Digest, requirements: &Requirements) -> Digest {
    let Requirements {
        low_latency,
        low_cost,
        high_quality,
        weights,
        task,
        max_cost,
        max_latency,
        min_quality,
        providers,
        failover,
        // These choose among answers, and shape none.
        cache_min_confidence: _,
        cache_max_age: _,
    } = requirements;
    let flags = [*low_latency, *low_cost, *high_quality];
    let digest = flags
        .into_iter()
        .fold(digest, |digest, flag| digest.number(u64::from(flag)));
    let weights = weights.and_then(|weights| weights.normalised());
    let weights = weights.map(|weights| {
        [
            weights.quality,
            weights.cost,
            weights.latency,
            weights.reliability,
        ]
    });
    let digest = digest.number(u64::from(weights.is_some()));
    let digest = weights.into_iter().flatten().fold(digest, Digest::fraction);
    let mut providers: Vec<&str> = providers.iter().map(|name| name.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    let digest = digest
        .maybe_text(task.map(|task| task.as_str()))
        .maybe(max_cost.map(|cost| cost.nanos().cast_unsigned()))
        .maybe(max_latency.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
        .maybe(min_quality.map(|share| (share.get() + 0.0).to_bits()))
        .maybe(failover.map(u64::from))
        .number(providers.len() as u64);
    providers.into_iter().fold(digest, Digest::text)
}

fn said(digest: Digest, message: &Message) -> Digest {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let parts = message.content.iter();
    let digest = parts.fold(digest.text(role), |digest, part| match part {
        ContentPart::Text(text) => digest.text("text").text(text),
        ContentPart::Reasoning { text, signature } => digest
            .text("reasoning")
            .text(text)
            .maybe_text(signature.as_deref()),
        // Whoever has these is not cached; a mark changes no answer.
        ContentPart::CacheMark(_)
        | ContentPart::Image(_)
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResult(_) => digest,
    });
    digest.text("end")
}

/// Temperatures that are about the same: none given, 0, to .3, to .7, above.
fn bucket(temperature: Option<f64>) -> u64 {
    match temperature {
        None => 0,
        Some(temperature) if temperature <= 0.0 => 1,
        Some(temperature) if temperature <= 0.3 => 2,
        Some(temperature) if temperature <= MAX_TEMPERATURE => 3,
        Some(temperature) => 4_u64.wrapping_add((temperature * 100.0) as u64),
    }
}

#[cfg(test)]
mod tests;
