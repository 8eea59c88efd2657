//! Rows to learn outcomes from, rows to predict, and what became of these.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::EvalError;
use super::curve::Point;
use super::rows::{self, Anything, Id, Place};
use crate::domain::TaskLabel;
use crate::routing::LABELS;

/// Fields that cannot be left out, and why.
const FIXED: [(&str, &str); 4] = [
    ("scores", "a holdout's are not looked at"),
    ("costs", "a holdout's are not looked at"),
    ("id", "each row would have an estimator of its own"),
    ("prompt", "each row would have an estimator of its own"),
];

/// The dearest answer that is credible, in US dollars; sums of more lose
/// cents.
const DEAREST: f64 = 1e9;

/// Outcomes to learn from, and prompts to predict. What became of the prompts
/// is not in it.
#[derive(Debug)]
pub(super) struct Pool {
    /// Never empty, and of one model at least.
    pub(super) dev: Vec<Outcome>,
    pub(super) holdout: Vec<Asked>,
    leave_out: Option<String>,
}

impl Pool {
    /// Says where nothing is left out that should be.
    pub(super) fn warnings(&self) -> Vec<String> {
        let Some(field) = self
            .leave_out
            .as_deref()
            .filter(|_| !self.holdout.is_empty())
        else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        let without = self.holdout.iter().filter(|row| row.family.is_none());
        let without = without.count();
        if without > 0 {
            warnings.push(format!(
                "warning: {without} rows have no {field}, and nothing is left out for them"
            ));
        }
        let families = self.families();
        let is_left_out =
            |row: &Outcome| row.family.is_some() && families.contains(&row.family.as_ref());
        if !self.dev.iter().any(is_left_out) {
            warnings.push(format!(
                "warning: no row of DEV has a {field} of these, and nothing is left out"
            ));
        }
        warnings
    }

    /// Returns each value of the field to leave out that rows to predict have.
    pub(super) fn families(&self) -> Vec<Option<&Value>> {
        let mut families: Vec<Option<&Value>> = Vec::new();
        for row in &self.holdout {
            if !families.contains(&row.family.as_ref()) {
                families.push(row.family.as_ref());
            }
        }
        families
    }
}

/// What models made of a prompt.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) prompt: String,
    pub(super) task: Option<TaskLabel>,
    /// The value of the field to leave out.
    pub(super) family: Option<Value>,
    pub(super) scores: BTreeMap<String, f64>,
    pub(super) costs: BTreeMap<String, f64>,
}

/// A prompt to predict.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: Id,
    pub(super) prompt: String,
    /// The value of the field to leave out.
    pub(super) family: Option<Value>,
}

/// What became of the prompts to predict, unread.
#[derive(Debug)]
pub(super) struct Sealed(Vec<[Option<Anything>; 2]>);

/// What became of the prompts to predict.
#[derive(Debug)]
pub(super) struct Truths {
    /// Of each row, what each model made of it; `None` where that is not known
    /// of all of them.
    pub(super) rows: Vec<Option<Vec<Point>>>,
    /// Models that have scores, and that nothing was learned about.
    pub(super) strangers: BTreeSet<String>,
}

/// Reads both files; of the second one nothing but ids, prompts and the field
/// to leave out.
pub(super) fn read(
    dev: &Path,
    holdout: &Path,
    leave_out: Option<&str>,
) -> Result<(Pool, Sealed), EvalError> {
    if let Some((field, reason)) = FIXED.iter().find(|(field, _)| leave_out == Some(*field)) {
        let reason = format!("--leave-out cannot be {field}: {reason}");
        return Err(EvalError::Input(reason));
    }
    let (dev_path, dev) = (dev, read_dev(dev, leave_out)?);
    let (holdout_path, (holdout, sealed)) = (holdout, read_holdout(holdout, leave_out)?);
    if dev.iter().all(|row| row.scores.is_empty()) {
        let path = dev_path.display();
        let reason = format!("{path}: there is no outcome to learn from");
        return Err(EvalError::Input(reason));
    }
    if let Some(field) = leave_out.filter(|_| !holdout.is_empty())
        && holdout.iter().all(|row| row.family.is_none())
    {
        let path = holdout_path.display();
        let reason = format!("{path}: no row has the field {field} of --leave-out");
        return Err(EvalError::Input(reason));
    }
    let pool = Pool {
        dev,
        holdout,
        leave_out: leave_out.map(str::to_owned),
    };
    Ok((pool, sealed))
}

fn read_dev(path: &Path, leave_out: Option<&str>) -> Result<Vec<Outcome>, EvalError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "id")]
        _id: Id,
        prompt: String,
        #[serde(default, deserialize_with = "rows::text")]
        task: Option<String>,
        scores: BTreeMap<String, Option<f64>>,
        costs: BTreeMap<String, Option<f64>>,
    }
    rows::read_with(path, |row: Row, place| {
        let scores = numbers(row.scores, "score", 1.0, place)?;
        let costs = numbers(row.costs, "cost", DEAREST, place)?;
        if let Some(model) = scores.keys().find(|model| !costs.contains_key(*model)) {
            return Err(place.fault(format!("there is no cost of {model}")));
        }
        Ok(Outcome {
            prompt: row.prompt,
            task: LABELS
                .into_iter()
                .find(|it| Some(it.as_str()) == row.task.as_deref()),
            family: leave_out.and_then(|field| place.field(field)),
            scores,
            costs,
        })
    })
}

fn numbers(
    values: BTreeMap<String, Option<f64>>,
    what: &str,
    most: f64,
    place: Place<'_>,
) -> Result<BTreeMap<String, f64>, EvalError> {
    let check = |(model, value): (String, Option<f64>)| match value {
        Some(value) if (0.0..=most).contains(&value) => Ok((model, value)),
        Some(value) => Err(place.fault(format!(
            "the {what} {value} of {model} is not within 0..={most}"
        ))),
        None => Err(place.fault(format!("the {what} of {model} is not a number"))),
    };
    values.into_iter().map(check).collect()
}

fn read_holdout(path: &Path, leave_out: Option<&str>) -> Result<(Vec<Asked>, Sealed), EvalError> {
    #[derive(Deserialize)]
    struct Row {
        id: Id,
        prompt: String,
        scores: Option<Anything>,
        costs: Option<Anything>,
    }
    let rows = rows::read_with(path, |row: Row, place| {
        let asked = Asked {
            id: row.id,
            prompt: row.prompt,
            family: leave_out.and_then(|field| place.field(field)),
        };
        Ok((asked, [row.scores, row.costs]))
    })?;
    let (asked, sealed) = rows.into_iter().unzip();
    Ok((asked, Sealed(sealed)))
}

impl Sealed {
    /// Looks at what became of the prompts, once they are predicted.
    pub(super) fn open(self, models: &[&str]) -> Truths {
        type Values = BTreeMap<String, Anything>;
        let mut strangers = BTreeSet::new();
        let mut open = |row: [Option<Anything>; 2]| {
            let [scores, costs] = row.map(|it| it.and_then(|values| values.read::<Values>()));
            let (scores, costs) = (scores?, costs?);
            let names = scores
                .keys()
                .filter(|name| !models.contains(&name.as_str()));
            strangers.extend(names.cloned());
            let number = |values: &Values, model: &str, most: f64| {
                let number: Option<f64> = values.get(model)?.read();
                number.filter(|number| (0.0..=most).contains(number))
            };
            let point = |model: &&str| {
                Some(Point {
                    quality: number(&scores, model, 1.0)?,
                    cost: number(&costs, model, DEAREST)?,
                })
            };
            models.iter().map(point).collect()
        };
        let rows = self.0.into_iter().map(&mut open).collect();
        Truths { rows, strangers }
    }
}
