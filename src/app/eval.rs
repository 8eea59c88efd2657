//! Scores what ships, offline: `ai-gateway-mcp eval …`.
//!
//! Reads JSONL, writes predictions, one line for each row in its order, and
//! tells people the rest elsewhere. Needs no key, network, port, store or
//! configuration; the same build and input give the same bytes.

mod cache;
mod cost;
mod curve;
mod draws;
mod mend;
mod outcomes;
mod pool;
mod rows;
mod savings;
mod summary;
mod task;
mod vectors;

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use vectors::Vectors;

/// What to evaluate.
#[derive(Clone, Debug)]
pub enum Evaluation {
    /// What the classifier takes prompts for.
    Task {
        /// Files of prompts.
        files: Vec<PathBuf>,
        /// Whether embeddings take part.
        with_embedding: bool,
    },
    /// What the estimator expects of models that it learned about.
    Outcomes {
        /// The file to learn from.
        dev: PathBuf,
        /// The file to predict.
        holdout: PathBuf,
        /// The field whose values are left out in turn.
        leave_out: Option<String>,
        /// Whether embeddings take part.
        with_embedding: bool,
    },
    /// Which prompts the answer cache serves.
    Cache {
        /// A file of pairs or of a stream.
        file: PathBuf,
    },
}

/// Why an evaluation ends without a prediction for every row.
#[derive(Debug, Error)]
pub enum EvalError {
    /// A row, a file or an argument is not what it has to be.
    #[error("{0}")]
    Input(String),
    /// Predictions cannot be written.
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
    /// A part of the product does not work.
    #[error("{0}")]
    Broken(String),
}

/// Where predictions go, and where what people read.
pub struct Report<'a> {
    /// Takes predictions alone.
    pub predictions: &'a mut dyn Write,
    /// Takes summaries, progress and warnings, line by line.
    pub say: &'a (dyn Fn(&str) + Sync),
}

impl Report<'_> {
    fn predict(&mut self, prediction: &impl Serialize) -> Result<(), EvalError> {
        serde_json::to_writer(&mut *self.predictions, prediction).map_err(io::Error::from)?;
        self.predictions.write_all(b"\n")?;
        Ok(())
    }
}

impl Evaluation {
    /// Evaluates. `library` is ONNX Runtime's, if somebody named it
    /// (`ORT_DYLIB_PATH`); it is looked for as the server does otherwise.
    ///
    /// # Errors
    /// [`EvalError::Input`] before the first prediction, the others at any
    /// time.
    pub async fn run(
        self,
        library: Option<PathBuf>,
        report: &mut Report<'_>,
    ) -> Result<(), EvalError> {
        match self {
            Self::Task {
                files,
                with_embedding,
            } => {
                let rows = task::read(&files)?;
                let vectors = Vectors::open(library, with_embedding, report.say).await;
                task::run(&rows, &vectors, report).await?;
            }
            Self::Outcomes {
                dev,
                holdout,
                leave_out,
                with_embedding,
            } => {
                let (pool, sealed) = pool::read(&dev, &holdout, leave_out.as_deref())?;
                let vectors = Vectors::open(library, with_embedding, report.say).await;
                let forecasts = outcomes::predict(&pool, &vectors, report).await?;
                report.predictions.flush()?;
                // Nothing that is predicted can have looked at the truth.
                let truths = sealed.open(&forecasts.models);
                for line in savings::summary(&forecasts, &truths) {
                    (report.say)(&line);
                }
            }
            Self::Cache { file } => {
                let rows = cache::read(&file)?;
                let vectors = Vectors::open(library, true, report.say).await;
                cache::run(&rows, &vectors, report).await?;
            }
        }
        report.predictions.flush()?;
        Ok(())
    }
}
