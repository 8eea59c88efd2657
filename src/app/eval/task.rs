//! `eval router FILE…`: what the classifier takes prompts for.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::rows::{self, Id};
use super::summary::{Guess, summary};
use super::vectors::Vectors;
use super::{EvalError, Report};
use crate::routing::{LABELS, TaskClassifier, TaskEstimate};

/// A prompt, and what it is if somebody labelled it.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    id: Id,
    prompt: String,
    /// For the summary alone, so that one that is odd spoils no prediction.
    #[serde(default, deserialize_with = "rows::text")]
    label: Option<String>,
    #[serde(default, deserialize_with = "rows::text")]
    slice: Option<String>,
}

#[derive(Serialize)]
struct Prediction<'a> {
    id: &'a Id,
    label: &'static str,
    confidence: f64,
    probs: Chances,
}

#[derive(Serialize)]
struct Chances {
    code: f64,
    creative: f64,
    reasoning: f64,
    analysis: f64,
    multilingual: f64,
    general: f64,
}

/// Reads the rows of all files.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Row>, EvalError> {
    let mut all = Vec::new();
    for file in files {
        all.extend(rows::read::<Row>(file)?);
    }
    Ok(all)
}

/// Classifies each row as a completion would be.
pub(super) async fn run(
    rows: &[Row],
    vectors: &Vectors,
    report: &mut Report<'_>,
) -> Result<(), EvalError> {
    let classifier =
        TaskClassifier::built_in().map_err(|fault| EvalError::Broken(fault.to_string()))?;
    let prompts = rows.iter().map(|row| row.prompt.as_str());
    let embedded = vectors.of(prompts, report.say).await;
    let mut guesses = Vec::new();
    for row in rows {
        let vector = embedded.get(row.prompt.as_str());
        let task = classifier.classify(&row.prompt, vector.map(AsRef::as_ref));
        report.predict(&Prediction::of(&row.id, &task))?;
        if let Some(label) = row.label.as_deref() {
            guesses.push(Guess {
                slice: row.slice.as_deref().unwrap_or("?"),
                truth: LABELS.iter().position(|other| other.as_str() == label),
                guess: LABELS.iter().position(|other| *other == task.label),
                confidence: task.confidence,
            });
        }
    }
    (report.say)(&format!(
        "{} prompts classified, embeddings {}",
        rows.len(),
        if vectors.take_part() {
            "took part"
        } else {
            "took no part"
        }
    ));
    for line in summary(&guesses) {
        (report.say)(&line);
    }
    Ok(())
}

impl<'a> Prediction<'a> {
    fn of(id: &'a Id, task: &TaskEstimate) -> Self {
        let [code, creative, reasoning, analysis, multilingual, general] = task.probabilities;
        Self {
            id,
            label: task.label.as_str(),
            confidence: task.confidence,
            probs: Chances {
                code,
                creative,
                reasoning,
                analysis,
                multilingual,
                general,
            },
        }
    }
}
