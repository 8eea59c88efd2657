//! Ridge regression by conjugate gradients.

use super::features::{BUCKETS, Features, dot};
use super::neighbourhood::{Neighbourhood, View, Vote};

/// The most steps; 30 to 60 reach the tolerance on the outcome pools.
const MAX_STEPS: usize = 100;
/// The squared residual, relative to the first, at which it is good enough.
const TOLERANCE: f64 = 1e-7;

/// Weights of each feature for every model, those of a feature side by side.
#[derive(Clone, Debug)]
pub(super) struct Ridge {
    view: View,
    models: usize,
    weights: Vec<f32>,
}

impl Ridge {
    /// Fits every model to what its lessons say:
    /// min Σ w (x·β − y)² + α |β|².
    pub(super) fn fit<'a>(
        view: View,
        seen: &Neighbourhood,
        votes: impl ExactSizeIterator<Item = &'a [Vote]>,
    ) -> Self {
        // Taken from the field's measurements on the outcome pools.
        let (alpha, width) = match view {
            View::Dense => (3.0, seen.dimension()),
            View::Words => (1.0, BUCKETS),
        };
        let models = votes.len();
        let mut weights = vec![0.0; width * models];
        for (model, votes) in votes.enumerate() {
            let rows: Vec<Row<'_>> = votes
                .iter()
                .filter_map(|vote| Row::of(view, seen, vote))
                .collect();
            let own = solve(&rows, width, alpha);
            let column = weights.iter_mut().skip(model).step_by(models.max(1));
            for (slot, weight) in column.zip(own) {
                *slot = weight;
            }
        }
        Self {
            view,
            models,
            weights,
        }
    }

    /// Returns what it expects of each model.
    pub(super) fn expect(&self, seen: &Neighbourhood, features: &Features) -> Vec<f32> {
        let mut sums = vec![0.0; self.models];
        let mut add = |feature: usize, value: f32| {
            let from = feature * self.models;
            let weights = self.weights.get(from..from + self.models);
            for (sum, weight) in sums.iter_mut().zip(weights.unwrap_or_default()) {
                *sum += value * weight;
            }
        };
        match self.view {
            View::Dense => {
                let vector = seen.embedding_of(features).unwrap_or_default();
                for (feature, value) in vector.iter().enumerate() {
                    add(feature, *value);
                }
            }
            View::Words => {
                for (bucket, value) in features.words() {
                    add(usize::from(*bucket), *value);
                }
            }
        }
        sums
    }
}

enum Values<'a> {
    Dense(&'a [f32]),
    Sparse(&'a [(u16, f32)]),
}

struct Row<'a> {
    values: Values<'a>,
    target: f32,
    weight: f32,
}

impl<'a> Row<'a> {
    fn of(view: View, seen: &'a Neighbourhood, vote: &Vote) -> Option<Self> {
        let prompt = seen.prompts().get(vote.prompt as usize)?;
        let values = match view {
            View::Dense => Values::Dense(seen.embedding_of(prompt)?),
            View::Words => Values::Sparse(prompt.words()),
        };
        Some(Self {
            values,
            target: vote.value,
            weight: vote.weight,
        })
    }

    fn times(&self, vector: &[f32]) -> f32 {
        match self.values {
            Values::Dense(values) => dot(values, vector),
            Values::Sparse(values) => {
                let at = |bucket: u16| vector.get(usize::from(bucket)).copied();
                let products = values
                    .iter()
                    .map(|(bucket, value)| value * at(*bucket).unwrap_or_default());
                products.sum()
            }
        }
    }

    fn add_to(&self, sum: &mut [f32], scale: f32) {
        match self.values {
            Values::Dense(values) => {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += scale * value;
                }
            }
            Values::Sparse(values) => {
                for (bucket, value) in values {
                    if let Some(sum) = sum.get_mut(usize::from(*bucket)) {
                        *sum += scale * value;
                    }
                }
            }
        }
    }
}

/// Solves (XᵀWX + αI) β = XᵀWy (Hestenes and Stiefel, 1952).
fn solve(rows: &[Row<'_>], width: usize, alpha: f32) -> Vec<f32> {
    let mut solution = vec![0.0; width];
    let mut residual = vec![0.0; width];
    for row in rows {
        row.add_to(&mut residual, row.weight * row.target);
    }
    let mut direction = residual.clone();
    let mut squares = f64::from(dot(&residual, &residual));
    let enough = squares * TOLERANCE;
    for _ in 0..MAX_STEPS {
        if squares <= enough {
            break;
        }
        let mut image: Vec<f32> = direction.iter().map(|value| alpha * value).collect();
        for row in rows {
            row.add_to(&mut image, row.weight * row.times(&direction));
        }
        let step = (squares / f64::from(dot(&direction, &image))) as f32;
        // The matrix is positive, but numbers end.
        if !step.is_finite() {
            break;
        }
        for (at, along) in solution.iter_mut().zip(&direction) {
            *at += step * along;
        }
        for (left, along) in residual.iter_mut().zip(&image) {
            *left -= step * along;
        }
        let before = squares;
        squares = f64::from(dot(&residual, &residual));
        let keep = (squares / before) as f32;
        for (along, left) in direction.iter_mut().zip(&residual) {
            *along = left + keep * *along;
        }
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_is_that_of_the_normal_equations() {
        let (first, second) = ([1.0, 2.0], [1.0, -1.0]);
        let row = |values, target| Row {
            values: Values::Dense(values),
            target,
            weight: 0.5,
        };

        let found = solve(&[row(&first, 3.0), row(&second, 0.5)], 2, 1.0);

        // (XᵀWX + I) = [[2, .5], [.5, 3.5]], XᵀWy = [1.75, 2.75].
        let expected = [4.75 / 6.75, 4.625 / 6.75];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}");
        }
    }
}
