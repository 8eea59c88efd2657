//! How well each model will answer a prompt, learned from feedback.
//!
//! q̂ = clip(prior + s · (table − prior + Δ)): from what is known of a model
//! in advance, over the mean of its feedback on such work, to what nearby
//! prompts tell; all as far as the prompt is like those that were seen. Where
//! nothing like it was seen, s is 0 and the models stand exactly as without
//! any feedback. Ungated, every learner did worse than that on unseen families
//! of prompts, the table by task included (pool lr9, each dataset from the
//! other twelve: best quality −.016 with the table alone).

mod clusters;
mod features;
mod mix;
mod neighbourhood;
mod packed;
mod ridge;

use std::collections::HashMap;
use std::sync::Arc;

pub use features::Features;
pub use mix::TaskMix;
pub use neighbourhood::{Near, Neighbourhood};

use clusters::{CENTRES, Clusters};
use mix::TASKS;
use neighbourhood::{View, Vote};
use ridge::Ridge;

use super::task;
use crate::domain::TaskLabel;

/// Feedback that has faded below this says nothing any more.
const LEAST_WEIGHT: f32 = 0.01;
/// As many lessons without a deviation pull each group of prompts to 0.
const GROUP_DOUBT: f64 = 5.0;

/// Feedback on one completion.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The prompt. Lessons on one prompt should share it: it is compared once.
    pub features: Arc<Features>,
    /// What it was taken for.
    pub task: TaskLabel,
    /// The model that answered: its place among the priors.
    pub model: usize,
    /// How good the answer was, 0 to 1.
    pub reward: f32,
    /// How much it counts, 0 to 1: it fades with time.
    pub weight: f32,
}

/// What is believed of a model before any feedback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The quality, 0 to 1.
    pub quality: f64,
    /// How many lessons the belief is worth (κ); 8 by default.
    pub weight: f64,
}

impl Prior {
    /// How many lessons a belief is worth unless there is reason to differ.
    pub const WEIGHT: f64 = 8.0;

    /// Takes a quality at the usual weight.
    pub const fn new(quality: f64) -> Self {
        Self {
            quality,
            weight: Self::WEIGHT,
        }
    }
}

/// What is expected of a model, and why.
/// `value = clip(prior + support · (table − prior + delta))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The expectation, 0 to 1.
    pub value: f64,
    /// What was believed before any feedback.
    pub prior: f64,
    /// The mean of the model's feedback on such work, shrunk to the prior.
    pub table: f64,
    /// What feedback on nearby prompts adds to it.
    pub delta: f64,
    /// How much like this prompt the model's lessons are, 0 to 1.
    pub support: f64,
    /// How many lessons the model has.
    pub lessons: usize,
}

/// What feedback has taught about some models. A snapshot: fit another one
/// when there is more.
///
/// Takes, besides the features that it shares with its lessons, 12 bytes a
/// lesson, 2 for each dimension of a prompt and, a model, 16 kB for the words
/// and 4 bytes for each dimension: 2.4 MB for 46 models and 2,000 lessons on
/// as many prompts, whose features take about 8 MB.
#[derive(Clone, Debug)]
pub struct QualityModel {
    seen: Neighbourhood,
    clusters: Clusters,
    models: Vec<Learned>,
    dense: Ridge,
    words: Ridge,
}

/// What was learned about one model.
#[derive(Clone, Debug)]
struct Learned {
    prior: f64,
    /// The mean of all its feedback, shrunk to the prior.
    level: f64,
    table: [f64; TASKS],
    /// What each lesson gave beyond `level`.
    votes: Vec<Vote>,
    /// The mean of these in each group of prompts.
    groups: [f64; CENTRES],
    /// Whether most of its lessons have an embedding.
    is_dense: bool,
}

impl QualityModel {
    /// Learns from `lessons` about the models of `priors`.
    ///
    /// Lessons of unknown models and with numbers that are none are left out;
    /// a prior that is no number counts as 0. The same lessons in the same
    /// order give the same model. Takes some milliseconds for each hundred
    /// lessons.
    pub fn fit(lessons: &[Lesson], priors: &[Prior]) -> Self {
        let mut places = HashMap::new();
        let mut prompts = Vec::new();
        let mut own: Vec<Vec<(u32, &Lesson)>> = vec![Vec::new(); priors.len()];
        for lesson in lessons {
            let is_usable = lesson.reward.is_finite() && lesson.weight >= LEAST_WEIGHT;
            let Some(own) = own.get_mut(lesson.model).filter(|_| is_usable) else {
                continue;
            };
            let place = places
                .entry(Arc::as_ptr(&lesson.features))
                .or_insert_with(|| {
                    prompts.push(Arc::clone(&lesson.features));
                    u32::try_from(prompts.len() - 1).unwrap_or(u32::MAX)
                });
            own.push((*place, lesson));
        }
        let seen = Neighbourhood::new(prompts);
        let clusters = Clusters::fit(&seen);
        let groups: Vec<Option<usize>> = seen
            .prompts()
            .iter()
            .map(|prompt| clusters.find(&seen, prompt))
            .collect();
        let models = priors.iter().zip(&own);
        let models: Vec<Learned> = models
            .map(|(prior, own)| Learned::of(*prior, own, &groups))
            .collect();
        let votes = || models.iter().map(|model| model.votes.as_slice());
        Self {
            dense: Ridge::fit(View::Dense, &seen, votes()),
            words: Ridge::fit(View::Words, &seen, votes()),
            seen,
            clusters,
            models,
        }
    }

    /// Returns what is expected of each model, in the order of the priors.
    pub fn estimate(&self, task: &TaskMix, features: &Features) -> Vec<Quality> {
        let dense = self.seen.dense(features);
        let needs_words = |model: &Learned| dense.is_none() || !model.is_dense;
        let words = self
            .models
            .iter()
            .any(|model| !model.votes.is_empty() && needs_words(model));
        let words = words.then(|| self.seen.words(features)).flatten();
        let by_words = self.words.expect(&self.seen, features);
        let by_dense = self.dense.expect(&self.seen, features);
        let group = self.clusters.find(&self.seen, features);
        let expected = by_words.iter().zip(&by_dense);
        let models = self.models.iter().zip(expected);
        let qualities = models.map(|(model, (by_words, by_dense))| {
            let cosines = dense.as_ref().filter(|_| model.is_dense).or(words.as_ref());
            let table = task.read(&model.table);
            let mut quality = model.without_support(table);
            let Some(cosines) = cosines.filter(|_| !model.votes.is_empty()) else {
                return quality;
            };
            let votes = model.votes.iter().map(|vote| (vote.prompt, *vote));
            let near = cosines.select(votes);
            let by_words = f64::from(*by_words);
            let beyond = match cosines.view {
                View::Dense => {
                    let group = group.and_then(|group| model.groups.get(group));
                    let group = group.copied().unwrap_or_default();
                    Blend {
                        nearest: near
                            .mean(|_, vote| (f64::from(vote.value), f64::from(vote.weight))),
                        by_dense: f64::from(*by_dense),
                        by_words,
                        group,
                        table: table - model.level,
                    }
                    .mean()
                }
                View::Words => by_words,
            };
            quality.delta = model.level + beyond - table;
            quality.support = near.support;
            quality.settle();
            quality
        });
        qualities.collect()
    }
}

/// Deviations from a model's level, as each learner sees them.
struct Blend {
    nearest: f64,
    by_dense: f64,
    by_words: f64,
    group: f64,
    table: f64,
}

impl Blend {
    /// Returns their mean, the group's counted six times and the table's three
    /// times: the coarser a learner, the less it is mistaken about families of
    /// prompts that were never seen. Chosen by leave-one-dataset-out on five
    /// splits of pool lr9 (docs/routing.md has the figures).
    fn mean(&self) -> f64 {
        let fine = self.nearest + self.by_dense + self.by_words;
        (fine + 6.0 * self.group + 3.0 * self.table) / 12.0
    }
}

impl Quality {
    /// Works out the value; the prior's where it is no number.
    fn settle(&mut self) {
        let local = self.table - self.prior + self.delta;
        let value = self.prior + self.support * local;
        let value = if value.is_finite() { value } else { self.prior };
        self.value = value.clamp(0.0, 1.0);
    }
}

impl Learned {
    fn of(prior: Prior, lessons: &[(u32, &Lesson)], groups: &[Option<usize>]) -> Self {
        let is_number = prior.quality.is_finite();
        let belief = if is_number {
            prior.quality.clamp(0.0, 1.0)
        } else {
            0.0
        };
        let doubt = if prior.weight >= 0.0 {
            prior.weight.min(1e6)
        } else {
            Prior::WEIGHT
        };
        let mut sums = [Mean::default(); TASKS];
        let mut all = Mean::default();
        for (_, lesson) in lessons {
            let weight = f64::from(lesson.weight.min(1.0));
            let reward = f64::from(lesson.reward.clamp(0.0, 1.0));
            all.add(reward, weight);
            if let Some(sum) = sums.get_mut(task::place(lesson.task)) {
                sum.add(reward, weight);
            }
        }
        let level = all.shrunk(belief, doubt);
        let votes = lessons.iter().map(|(prompt, lesson)| Vote {
            prompt: *prompt,
            value: lesson.reward.clamp(0.0, 1.0) - level as f32,
            weight: lesson.weight.min(1.0),
        });
        let votes: Vec<Vote> = votes.collect();
        let mut in_groups = [Mean::default(); CENTRES];
        let mut embedded = 0;
        for vote in &votes {
            let group = groups.get(vote.prompt as usize).copied().flatten();
            if let Some(mean) = group.and_then(|group| in_groups.get_mut(group)) {
                embedded += 1;
                mean.add(f64::from(vote.value), f64::from(vote.weight));
            }
        }
        Self {
            prior: belief,
            level,
            table: sums.map(|sum| sum.shrunk(belief, doubt)),
            groups: in_groups.map(|mean| mean.shrunk(0.0, GROUP_DOUBT)),
            is_dense: 2 * embedded > votes.len(),
            votes,
        }
    }

    fn without_support(&self, table: f64) -> Quality {
        Quality {
            value: self.prior,
            prior: self.prior,
            table,
            delta: 0.0,
            support: 0.0,
            lessons: self.votes.len(),
        }
    }
}

/// A weighted mean that is still being made.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: f64, weight: f64) {
        self.sum += weight * value;
        self.weight += weight;
    }

    /// Returns (Σwr + κ·towards) / (Σw + κ).
    fn shrunk(self, towards: f64, doubt: f64) -> f64 {
        let weight = self.weight + doubt;
        if weight > 0.0 {
            (self.sum + doubt * towards) / weight
        } else {
            towards
        }
    }
}

#[cfg(test)]
mod tests;
