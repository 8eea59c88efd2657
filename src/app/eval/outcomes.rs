//! `eval router --outcomes`: what the estimator expects of models that it
//! knows from outcomes alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use super::cost::{Bill, CostModel};
use super::pool::{Asked, Outcome, Pool};
use super::rows::Id;
use super::vectors::Vectors;
use super::{EvalError, Report};
use crate::routing::{
    Features, Lesson, Neighbourhood, Prior, QualityModel, TaskClassifier, TaskMix,
    estimate_text_tokens,
};

/// The quality of a model of which no outcome is left.
const UNKNOWN: f64 = 0.5;

/// What is expected of all rows.
#[derive(Debug)]
pub(super) struct Forecasts<'a> {
    /// In the order of their names.
    pub(super) models: Vec<&'a str>,
    pub(super) rows: Vec<Forecast<'a>>,
}

/// What is expected of each model on one row.
#[derive(Debug)]
pub(super) struct Forecast<'a> {
    pub(super) prediction: Prediction<'a>,
    /// The quality of each model without a look at the prompt.
    pub(super) means: Arc<[f64]>,
}

/// A line that is written.
#[derive(Debug, Serialize)]
pub(super) struct Prediction<'a> {
    pub(super) id: &'a Id,
    pub(super) q: BTreeMap<&'a str, f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) c: BTreeMap<&'a str, f64>,
}

/// Predicts each row from outcomes, those of its own family left out, and
/// writes the predictions.
pub(super) async fn predict<'a>(
    pool: &'a Pool,
    vectors: &Vectors,
    report: &mut Report<'_>,
) -> Result<Forecasts<'a>, EvalError> {
    let classifier =
        TaskClassifier::built_in().map_err(|fault| EvalError::Broken(fault.to_string()))?;
    for warning in pool.warnings() {
        (report.say)(&warning);
    }
    let prompts = pool.dev.iter().map(|row| &row.prompt);
    let prompts = prompts.chain(pool.holdout.iter().map(|row| &row.prompt));
    let embedded = vectors.of(prompts.map(String::as_str), report.say).await;
    let reader = Reader {
        classifier,
        embedded,
    };
    let seen: Vec<Arc<Features>> = pool
        .dev
        .iter()
        .map(|row| Arc::new(reader.features(&row.prompt)))
        .collect();
    let names = pool.dev.iter().flat_map(|row| row.scores.keys());
    let models: BTreeSet<&str> = names.map(String::as_str).collect();
    let models: Vec<&str> = models.into_iter().collect();
    let mut rows: Vec<Option<Forecast<'_>>> = pool.holdout.iter().map(|_| None).collect();
    let mut known = 0;
    for family in pool.families() {
        let is_kept = |row: &Outcome| family.is_none() || row.family.as_ref() != family;
        let kept = pool.dev.iter().zip(&seen).filter(|(row, _)| is_kept(row));
        let kept: Vec<_> = kept.collect();
        let learned = Learned::of(&models, &kept, &reader);
        (report.say)(&format!(
            "learned from {} outcomes{}",
            kept.len(),
            family.map_or_else(String::new, |family| format!(", all but {family}"))
        ));
        let prompts: HashSet<&str> = kept.iter().map(|(row, _)| row.prompt.as_str()).collect();
        for (slot, row) in rows.iter_mut().zip(&pool.holdout) {
            if row.family.as_ref() == family {
                known += usize::from(prompts.contains(row.prompt.as_str()));
                *slot = Some(learned.forecast(row, &reader));
            }
        }
    }
    let rows: Vec<Forecast<'_>> = rows.into_iter().flatten().collect();
    for row in &rows {
        report.predict(&row.prediction)?;
    }
    (report.say)(&format!(
        "{} prompts predicted, embeddings {}",
        rows.len(),
        if vectors.take_part() {
            "took part"
        } else {
            "took no part"
        }
    ));
    if known > 0 {
        (report.say)(&format!(
            "warning: {known} of them were learned from too, which flatters"
        ));
    }
    Ok(Forecasts { models, rows })
}

/// Reads prompts as a completion does.
struct Reader<'a> {
    classifier: TaskClassifier,
    embedded: HashMap<&'a str, Arc<[f32]>>,
}

impl Reader<'_> {
    fn vector(&self, prompt: &str) -> Option<&[f32]> {
        self.embedded.get(prompt).map(AsRef::as_ref)
    }

    fn features(&self, prompt: &str) -> Features {
        Features::read(prompt, self.vector(prompt))
    }
}

/// What outcomes have taught.
struct Learned<'m, 'a> {
    models: &'m [&'a str],
    means: Arc<[f64]>,
    quality: QualityModel,
    seen: Neighbourhood,
    costs: CostModel<'a>,
}

impl<'m, 'a> Learned<'m, 'a> {
    fn of(models: &'m [&'a str], kept: &[(&Outcome, &Arc<Features>)], reader: &Reader<'_>) -> Self {
        let mut lessons = Vec::new();
        let mut sums = vec![(0.0, 0.0_f64); models.len()];
        for (row, features) in kept {
            let guess = || {
                let vector = reader.vector(&row.prompt);
                reader.classifier.classify(&row.prompt, vector).label
            };
            let task = row.task.unwrap_or_else(guess);
            for ((model, name), sum) in models.iter().enumerate().zip(&mut sums) {
                if let Some(score) = row.scores.get(*name) {
                    *sum = (sum.0 + score, sum.1 + 1.0);
                    lessons.push(Lesson {
                        features: Arc::clone(features),
                        task,
                        model,
                        reward: *score as f32,
                        weight: 1.0,
                    });
                }
            }
        }
        let mean = |(sum, count): &(f64, f64)| if *count > 0.0 { sum / count } else { UNKNOWN };
        let means: Arc<[f64]> = sums.iter().map(mean).collect();
        let priors: Vec<Prior> = means.iter().copied().map(Prior::new).collect();
        let bills: Vec<Bill<'_>> = kept
            .iter()
            .map(|(row, _)| Bill {
                tokens: tokens(&row.prompt),
                costs: &row.costs,
            })
            .collect();
        let prompts = kept.iter().map(|(_, features)| Arc::clone(features));
        Self {
            quality: QualityModel::fit(&lessons, &priors),
            seen: Neighbourhood::new(prompts.collect()),
            costs: CostModel::fit(models, &bills),
            means,
            models,
        }
    }

    fn forecast(&self, row: &'a Asked, reader: &Reader<'_>) -> Forecast<'a> {
        let vector = reader.vector(&row.prompt);
        let task = reader.classifier.classify(&row.prompt, vector);
        let features = reader.features(&row.prompt);
        let qualities = self.quality.estimate(&TaskMix::of(&task), &features);
        let values = qualities.iter().map(|quality| quality.value);
        Forecast {
            prediction: Prediction {
                id: &row.id,
                q: self.models.iter().copied().zip(values).collect(),
                c: self
                    .costs
                    .expect(&self.seen, &features, tokens(&row.prompt)),
            },
            means: Arc::clone(&self.means),
        }
    }
}

fn tokens(prompt: &str) -> f64 {
    estimate_text_tokens(prompt) as f64
}
