//! `eval router --outcomes`: what the estimator expects of models that it
//! knows from outcomes alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cost::{Bill, CostModel};
use super::rows::{self, Id};
use super::vectors::Vectors;
use super::{EvalError, Report};
use crate::domain::TaskLabel;
use crate::routing::{
    Features, LABELS, Lesson, Neighbourhood, Prior, QualityModel, TaskClassifier, TaskMix,
    estimate_text_tokens,
};

/// What is read off an outcome and must not be looked at in what is predicted.
const ANSWERS: [&str; 2] = ["scores", "costs"];

/// The quality of a model of which no outcome is left.
const UNKNOWN: f64 = 0.5;

/// Outcomes to learn from, and prompts to predict.
#[derive(Debug)]
pub(super) struct Pool {
    dev: Vec<Outcome>,
    holdout: Vec<Asked>,
}

#[derive(Debug)]
struct Outcome {
    prompt: String,
    task: Option<TaskLabel>,
    family: Option<Value>,
    scores: BTreeMap<String, f64>,
    costs: BTreeMap<String, f64>,
}

#[derive(Debug)]
struct Asked {
    id: Id,
    prompt: String,
    family: Option<Value>,
}

#[derive(Serialize)]
struct Prediction<'a> {
    id: &'a Id,
    q: BTreeMap<&'a str, f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    c: BTreeMap<&'a str, f64>,
}

/// Reads both files; of the second one nothing but ids, prompts and the field
/// to leave out.
pub(super) fn read(dev: &Path, holdout: &Path, leave_out: Option<&str>) -> Result<Pool, EvalError> {
    #[derive(Deserialize)]
    struct DevRow {
        #[serde(rename = "id")]
        _id: Id,
        prompt: String,
        task: Option<Value>,
        scores: BTreeMap<String, f64>,
        costs: BTreeMap<String, f64>,
        #[serde(flatten)]
        others: Map<String, Value>,
    }
    #[derive(Deserialize)]
    struct HoldoutRow {
        id: Id,
        prompt: String,
        #[serde(flatten)]
        others: Map<String, Value>,
    }
    if let Some(field) = leave_out.filter(|field| ANSWERS.contains(field)) {
        let reason = format!("--leave-out cannot be {field}: a holdout's is not looked at");
        return Err(EvalError::Input(reason));
    }
    let family = |others: &mut Map<String, Value>| leave_out.and_then(|name| others.remove(name));
    let dev = rows::read_with(dev, |mut row: DevRow, place| {
        if let Some((model, score)) = row.scores.iter().find(|(_, it)| !(0.0..=1.0).contains(*it)) {
            return Err(place.fault(format!("the score {score} of {model} is not within 0..=1")));
        }
        if let Some((model, cost)) = row.costs.iter().find(|(_, cost)| **cost < 0.0) {
            return Err(place.fault(format!("the cost {cost} of {model} is negative")));
        }
        if let Some(model) = row
            .scores
            .keys()
            .find(|model| !row.costs.contains_key(*model))
        {
            return Err(place.fault(format!("there is no cost of {model}")));
        }
        let name = row.task.as_ref().and_then(Value::as_str);
        let task = LABELS.into_iter().find(|it| Some(it.as_str()) == name);
        if leave_out == Some("task") {
            row.others
                .extend(row.task.map(|task| ("task".to_owned(), task)));
        }
        Ok(Outcome {
            prompt: row.prompt,
            task,
            family: family(&mut row.others),
            scores: row.scores,
            costs: row.costs,
        })
    })?;
    let holdout = rows::read_with(holdout, |mut row: HoldoutRow, _| {
        Ok(Asked {
            id: row.id,
            prompt: row.prompt,
            family: family(&mut row.others),
        })
    })?;
    if dev.is_empty() {
        return Err(EvalError::Input(
            "there is no outcome to learn from".to_owned(),
        ));
    }
    Ok(Pool { dev, holdout })
}

/// Predicts each row from outcomes, those of its own family left out.
pub(super) async fn run(
    pool: &Pool,
    vectors: &Vectors,
    report: &mut Report<'_>,
) -> Result<(), EvalError> {
    let classifier =
        TaskClassifier::built_in().map_err(|fault| EvalError::Broken(fault.to_string()))?;
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
    let mut families: Vec<Option<&Value>> = Vec::new();
    for row in &pool.holdout {
        if !families.contains(&row.family.as_ref()) {
            families.push(row.family.as_ref());
        }
    }
    let names = pool.dev.iter().flat_map(|row| row.scores.keys());
    let models: BTreeSet<&str> = names.map(String::as_str).collect();
    let models: Vec<&str> = models.into_iter().collect();
    let mut lines: Vec<Option<Prediction<'_>>> = pool.holdout.iter().map(|_| None).collect();
    for family in families {
        let is_kept = |row: &Outcome| family.is_none() || row.family.as_ref() != family;
        let kept = pool.dev.iter().zip(&seen).filter(|(row, _)| is_kept(row));
        let kept: Vec<_> = kept.collect();
        let learned = Learned::of(&models, &kept, &reader);
        (report.say)(&format!(
            "learned from {} outcomes{}",
            kept.len(),
            family.map_or_else(String::new, |family| format!(", all but {family}"))
        ));
        for (line, row) in lines.iter_mut().zip(&pool.holdout) {
            if row.family.as_ref() == family {
                *line = Some(learned.predict(row, &reader));
            }
        }
    }
    for line in lines.iter().flatten() {
        report.predict(line)?;
    }
    (report.say)(&format!(
        "{} prompts predicted, embeddings {}",
        pool.holdout.len(),
        if vectors.take_part() {
            "took part"
        } else {
            "took no part"
        }
    ));
    Ok(())
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
struct Learned<'a> {
    models: &'a [&'a str],
    quality: QualityModel,
    seen: Neighbourhood,
    costs: CostModel<'a>,
}

impl<'a> Learned<'a> {
    fn of(
        models: &'a [&'a str],
        kept: &[(&'a Outcome, &Arc<Features>)],
        reader: &Reader<'_>,
    ) -> Self {
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
        let priors = sums.iter().map(|sums| Prior::new(mean(sums)));
        let bills: Vec<Bill<'_>> = kept
            .iter()
            .map(|(row, _)| Bill {
                tokens: tokens(&row.prompt),
                costs: &row.costs,
            })
            .collect();
        let prompts = kept.iter().map(|(_, features)| Arc::clone(features));
        Self {
            quality: QualityModel::fit(&lessons, &priors.collect::<Vec<_>>()),
            seen: Neighbourhood::new(prompts.collect()),
            costs: CostModel::fit(models, &bills),
            models,
        }
    }

    fn predict<'b>(&self, row: &'b Asked, reader: &Reader<'_>) -> Prediction<'b>
    where
        'a: 'b,
    {
        let vector = reader.vector(&row.prompt);
        let task = reader.classifier.classify(&row.prompt, vector);
        let features = reader.features(&row.prompt);
        let qualities = self.quality.estimate(&TaskMix::of(&task), &features);
        let values = qualities.iter().map(|quality| quality.value);
        Prediction {
            id: &row.id,
            q: self.models.iter().copied().zip(values).collect(),
            c: self
                .costs
                .expect(&self.seen, &features, tokens(&row.prompt)),
        }
    }
}

fn tokens(prompt: &str) -> f64 {
    estimate_text_tokens(prompt) as f64
}
