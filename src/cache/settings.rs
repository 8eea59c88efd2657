//! What the operator decides about the cache.

use serde::{Deserialize, Serialize};

/// Settings of the answer cache (`cache` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether anything is cached.
    pub enabled: bool,
    /// Who shares answers.
    pub share: Share,
    /// How long an answer may be served, in seconds, `60..=31_536_000`.
    pub ttl_s: u64,
    /// The most memory that stored answers take, in bytes,
    /// `1_048_576..=1_099_511_627_776`.
    pub max_bytes: u64,
    /// The largest answer that is stored, in bytes, `1_024..=16_777_216`.
    pub max_answer_bytes: u64,
    /// Answers to questions of the same meaning.
    pub semantic: SemanticSettings,
}

/// Settings of the semantic tier (`cache.semantic`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SemanticSettings {
    /// Whether a question may be answered by another's answer.
    pub enabled: bool,
    /// Where.
    pub doors: Vec<Door>,
    /// The least confidence of a hit, `0..=1`. What lies below the verifier's
    /// own threshold changes nothing.
    pub min_confidence: f64,
    /// What it begins with.
    pub start: Start,
    /// The share of wrong hits, `0..=1`, at which the tier closes itself, once
    /// judges have shown that it is higher.
    pub max_wrong_share: f64,
}

/// Who shares answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// Nobody: each caller has its own.
    #[default]
    Caller,
    /// The members of a group; who is in none has its own.
    Group,
    /// Everybody.
    Everyone,
}

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The tools.
    Mcp,
    /// The routes of OpenAI's and Anthropic's dialects.
    V1,
}

/// How much the semantic tier is trusted at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// As much as the measurements of its weights allow.
    #[default]
    Trusted,
    /// Less, until judged hits have shown that it is right.
    Probation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            share: Share::Caller,
            ttl_s: 86_400,
            max_bytes: 64 << 20,
            max_answer_bytes: 256 << 10,
            semantic: SemanticSettings::default(),
        }
    }
}

impl Default for SemanticSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            doors: vec![Door::Mcp],
            min_confidence: 0.0,
            start: Start::Trusted,
            max_wrong_share: 0.01,
        }
    }
}
