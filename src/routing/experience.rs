//! What answers have been like: how long, how usable, and how far the estimate
//! of their input was off.

mod callers;
mod record;

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::record::ModelRecord;
use super::quality::TaskMix;
use crate::domain::{Effort, ModelId, ProviderName, Target, TaskLabel};

pub(super) use self::record::Expected;
pub use self::record::InputFactor;

/// The most models that are remembered. A catalogue has some fifty; what has
/// left it goes when there are more.
const MAX_MODELS: usize = 512;

/// An answer, as far as it teaches something.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLesson<'a> {
    /// Who answered.
    pub target: &'a Target,
    /// The kind of work.
    pub task: TaskLabel,
    /// Who asked, as a hash.
    pub caller: u64,
    /// The tokens that the vendor reported; `None` if it did not.
    pub tokens: Option<ReportedTokens>,
    /// Whether it was neither refused, cut nor in a wrong form; `None` if that
    /// says nothing about the model.
    pub is_usable: Option<bool>,
}

/// What a vendor counted.
#[derive(Clone, Copy, Debug)]
pub struct ReportedTokens {
    /// All input.
    pub input: u64,
    /// What was estimated of it.
    pub estimated_input: u64,
    /// Visible output.
    pub visible: u64,
    /// Hidden reasoning.
    pub thinking: u64,
    /// The answer was cut, so that it would have been longer.
    pub is_cut: bool,
}

/// The record of answers by target and kind of work, of which those of a week
/// ago count half. Bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Experience {
    providers: HashMap<ProviderName, HashMap<ModelId, ModelRecord>>,
}

impl Experience {
    /// Tells whether it counts for all callers that an answer could be used,
    /// or not.
    pub fn counts(&self, lesson: &AnswerLesson<'_>, now: Timestamp) -> bool {
        let target = lesson.target;
        let record = self.of(&target.provider, &target.model);
        record.is_none_or(|record| record.counts(target.effort, lesson.caller, now))
    }

    /// Learns from an answer of now. What [`Experience::counts`] says of all
    /// that is known goes for its parts too.
    pub fn learn(&mut self, lesson: &AnswerLesson<'_>, counts: bool, now: Timestamp) {
        let Target {
            provider,
            model,
            effort,
        } = lesson.target;
        let is_known = self.of(provider, model).is_some();
        if !is_known {
            self.make_room();
        }
        let models = self.providers.entry(provider.clone()).or_default();
        let record = models.entry(model.clone()).or_default();
        record.learn(*effort, (lesson, counts), now);
    }

    /// Adds what another process has seen.
    pub fn merge(&mut self, other: &Self, now: Timestamp) {
        for (provider, models) in &other.providers {
            for (model, record) in models {
                if self.of(provider, model).is_none() {
                    self.make_room();
                }
                let own = self.providers.entry(provider.clone()).or_default();
                own.entry(model.clone()).or_default().merge(record, now);
            }
        }
    }

    /// Tells whether all of it can have been seen: what was read may be damaged.
    pub fn is_sound(&self) -> bool {
        let records = self.providers.values().flat_map(HashMap::values);
        records.into_iter().all(ModelRecord::is_sound)
    }

    /// Tells whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Returns by what to multiply estimates of a model's input.
    pub fn input(&self, provider: &ProviderName, model: &ModelId, now: Timestamp) -> InputFactor {
        self.model(provider, model, now).input()
    }

    /// Returns what is known of a model, as it counts now.
    pub(super) fn model(
        &self,
        provider: &ProviderName,
        model: &ModelId,
        now: Timestamp,
    ) -> View<'_> {
        let record = self.of(provider, model);
        View {
            record,
            kept: record.map_or(0.0, |record| record.kept(now)),
        }
    }

    fn of(&self, provider: &ProviderName, model: &ModelId) -> Option<&ModelRecord> {
        self.providers.get(provider)?.get(model)
    }

    /// Forgets the model that was not heard of for the longest time, if there
    /// are too many.
    fn make_room(&mut self) {
        let count: usize = self.providers.values().map(HashMap::len).sum();
        if count < MAX_MODELS {
            return;
        }
        let models = self.providers.iter().flat_map(|(provider, models)| {
            models
                .iter()
                .map(move |(id, record)| (record.updated_s(), provider, id))
        });
        let oldest = models.min_by(|(one, ..), (other, ..)| one.cmp(other));
        let Some((_, provider, id)) =
            oldest.map(|(at, provider, id)| (at, provider.clone(), id.clone()))
        else {
            return;
        };
        if let Some(models) = self.providers.get_mut(&provider) {
            models.remove(&id);
        }
    }
}

/// What is known of one model.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    record: Option<&'a ModelRecord>,
    /// What an answer of its latest moment counts now.
    kept: f64,
}

impl View<'_> {
    /// Returns what to expect of an answer to a caller at an effort, where
    /// `base` would be expected of a model that nobody has heard.
    pub(super) fn expected(
        &self,
        effort: Option<Effort>,
        asked: (&TaskMix, u64),
        base: Expected,
    ) -> Expected {
        self.record.map_or(base, |record| {
            record.expected(effort, self.kept, asked, base)
        })
    }

    /// Returns by what to multiply estimates of its input.
    pub(super) fn input(&self) -> InputFactor {
        self.record
            .map_or_else(InputFactor::default, |record| record.input(self.kept))
    }
}

#[cfg(test)]
mod tests;
