//! What kind of work a prompt is, and how sure that is.
//!
//! A language rule takes what is not English and what asks for a translation;
//! a linear head over hashed words and, if the prompt is embedded already,
//! one over its embedding answer for the rest. Their weights are trained by
//! `models/task/train.py`, which computes the same features;
//! `models/task/golden.jsonl` pins both to the same numbers. Work is bounded:
//! nothing looks beyond the first 2,000 characters and the last 400.

mod combine;
mod heads;
mod language;
mod names;
mod ngrams;
mod shape;
mod text;

pub use heads::WeightsError;
pub use language::{Language, LanguageFinding};
pub(super) use ngrams::Buckets;

use heads::{Heads, LABEL_COUNT};
use language::LanguageRule;

use crate::domain::TaskLabel;

/// The order of [`TaskEstimate::probabilities`].
pub const LABELS: [TaskLabel; LABEL_COUNT] = [
    TaskLabel::Code,
    TaskLabel::Creative,
    TaskLabel::Reasoning,
    TaskLabel::Analysis,
    TaskLabel::Multilingual,
    TaskLabel::General,
];

/// Where [`TaskLabel::Multilingual`] stands in [`LABELS`].
const MULTILINGUAL: usize = 4;

/// Returns where a label stands in [`LABELS`].
pub(super) fn place(label: TaskLabel) -> usize {
    let place = LABELS.iter().position(|other| *other == label);
    place.unwrap_or(LABEL_COUNT - 1)
}

/// What decided a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSource {
    /// The language rule.
    Rule,
    /// The head over words alone.
    Linear,
    /// Both heads.
    Ensemble,
    /// The caller's own word.
    Caller,
}

impl TaskSource {
    /// Returns the source's name in an explanation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Linear => "linear",
            Self::Ensemble => "ensemble",
            Self::Caller => "caller",
        }
    }
}

/// What a prompt is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskEstimate {
    /// The likeliest kind of work.
    pub label: TaskLabel,
    /// The chance that `label` is right, 0 to 1; calibrated on natural prompts.
    pub confidence: f64,
    /// The second likeliest. Of a multilingual prompt: the work itself.
    pub runner_up: TaskLabel,
    /// The chance of each of [`LABELS`]; they sum to 1.
    pub probabilities: [f64; LABEL_COUNT],
    /// What decided.
    pub source: TaskSource,
    /// The language, if the language rule found one other than English.
    pub language: Option<LanguageFinding>,
}

impl TaskEstimate {
    /// Of a prompt that nobody has seen.
    pub fn unknown() -> Self {
        Self {
            label: TaskLabel::General,
            confidence: 0.0,
            runner_up: TaskLabel::General,
            probabilities: [1.0 / LABEL_COUNT as f64; LABEL_COUNT],
            source: TaskSource::Caller,
            language: None,
        }
    }

    /// Takes the caller's word for it.
    pub fn told(label: TaskLabel) -> Self {
        Self {
            label,
            confidence: 1.0,
            runner_up: label,
            probabilities: LABELS.map(|each| f64::from(u8::from(each == label))),
            source: TaskSource::Caller,
            language: None,
        }
    }
}

/// Classifies prompts. Build it once and share it.
#[derive(Debug)]
pub struct TaskClassifier {
    heads: Heads,
    rule: LanguageRule,
}

impl TaskClassifier {
    /// Builds the classifier from the weights that are compiled in.
    ///
    /// # Errors
    ///
    /// If the file of the weights is not what this build expects.
    pub fn built_in() -> Result<Self, WeightsError> {
        Self::try_new(include_bytes!("../../models/task/weights.bin"))
    }

    /// Builds the classifier from a file of weights.
    ///
    /// # Errors
    ///
    /// If the file is cut, damaged or of another version.
    pub fn try_new(weights: &'static [u8]) -> Result<Self, WeightsError> {
        Ok(Self {
            heads: Heads::try_new(weights)?,
            rule: LanguageRule::new(),
        })
    }

    /// Estimates what kind of work `prompt` is.
    ///
    /// `embedding` is that of the prompt's first 1,500 characters, of unit
    /// norm; one of the wrong length or not finite counts as none.
    pub fn classify(&self, prompt: &str, embedding: Option<&[f32]>) -> TaskEstimate {
        let shape = shape::features(prompt);
        let linear = self.heads.linear(prompt, &shape);
        let dense = embedding.and_then(|vector| self.heads.dense(vector, &shape));
        let calibration = self.heads.calibration();
        let mut probabilities = match dense {
            Some(dense) => combine::both(&linear, &dense, calibration),
            None => combine::alone(&linear, calibration),
        };
        let language = self.rule.find(prompt);
        if language.is_some() {
            combine::fix(&mut probabilities, MULTILINGUAL, calibration.rule_share);
        }
        let (first, second) = combine::best_two(&probabilities);
        let source = match (language.is_some(), dense.is_some()) {
            (true, _) => TaskSource::Rule,
            (false, true) => TaskSource::Ensemble,
            (false, false) => TaskSource::Linear,
        };
        TaskEstimate {
            label: label(first),
            confidence: probabilities.get(first).copied().unwrap_or_default(),
            runner_up: label(second),
            probabilities,
            source,
            language,
        }
    }
}

fn label(index: usize) -> TaskLabel {
    LABELS.get(index).copied().unwrap_or(TaskLabel::General)
}

#[cfg(test)]
mod tests;
