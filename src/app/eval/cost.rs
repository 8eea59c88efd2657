//! What a completion of each model costs, by the length of its prompt and by
//! what alike ones cost.

use std::collections::BTreeMap;

use crate::routing::{Features, Neighbourhood};

/// The least cost is this share of the least that was seen: less is not
/// credible, and zero would be free.
const LEAST: f64 = 0.5;

/// What a prompt that was seen cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill<'a> {
    /// Estimated input tokens.
    pub(super) tokens: f64,
    /// In US dollars, by model.
    pub(super) costs: &'a BTreeMap<String, f64>,
}

/// Expects costs of models.
#[derive(Debug)]
pub(super) struct CostModel<'a> {
    models: Vec<(&'a str, Line)>,
}

/// A cost of `base + per_token · tokens`.
#[derive(Debug)]
struct Line {
    base: f64,
    per_token: f64,
    least: f64,
    /// What each prompt that was seen cost beyond the line; `None` where the
    /// model did not answer.
    beyond: Vec<Option<f64>>,
}

impl<'a> CostModel<'a> {
    /// Learns from bills that stand in the order of a neighbourhood's prompts.
    pub(super) fn fit(models: &[&'a str], bills: &[Bill<'_>]) -> Self {
        let known: Vec<f64> = bills
            .iter()
            .flat_map(|bill| bill.costs.values().copied())
            .collect();
        if known.is_empty() {
            return Self { models: Vec::new() };
        }
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let line = |model: &&'a str| {
            // A model without a bill is taken to cost what the others do.
            let line = Line::fit(model, bills).unwrap_or_else(|| Line::flat(mean));
            (*model, line)
        };
        Self {
            models: models.iter().map(line).collect(),
        }
    }

    /// Returns the expected cost in US dollars of each model that has any.
    pub(super) fn expect(
        &self,
        seen: &Neighbourhood,
        features: &Features,
        tokens: f64,
    ) -> BTreeMap<&'a str, f64> {
        let near = seen.near(features);
        let expected = self.models.iter().map(|(model, line)| {
            let beyond = near.mean(|place, ()| {
                let beyond = line.beyond.get(place).copied().flatten();
                beyond.map_or((0.0, 0.0), |beyond| (beyond, 1.0))
            });
            let cost = line.at(tokens) + near.support * beyond;
            (*model, cost.max(line.least))
        });
        expected.collect()
    }
}

impl Line {
    /// Fits least squares with neither part below zero.
    fn fit(model: &str, bills: &[Bill<'_>]) -> Option<Self> {
        let points: Vec<Option<(f64, f64)>> = bills
            .iter()
            .map(|bill| Some((bill.tokens, *bill.costs.get(model)?)))
            .collect();
        let known = || points.iter().flatten();
        let count = known().count();
        if count == 0 {
            return None;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| known().map(of).sum::<f64>() / count as f64;
        let (tokens, cost) = (mean(|point| point.0), mean(|point| point.1));
        let spread = mean(|point| point.0 * point.0) - tokens * tokens;
        let together = mean(|point| point.0 * point.1) - tokens * cost;
        let slope = if spread > 0.0 {
            (together / spread).max(0.0)
        } else {
            0.0
        };
        let (base, per_token) = if cost < slope * tokens {
            let through_zero = mean(|point| point.0 * point.1) / mean(|point| point.0 * point.0);
            (0.0, through_zero)
        } else {
            (cost - slope * tokens, slope)
        };
        let least = known().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let mut line = Self {
            base,
            per_token,
            least: LEAST * least,
            beyond: Vec::new(),
        };
        let beyond = points.iter();
        line.beyond = beyond
            .map(|point| point.map(|(tokens, cost)| cost - line.at(tokens)))
            .collect();
        Some(line)
    }

    const fn flat(cost: f64) -> Self {
        Self {
            base: cost,
            per_token: 0.0,
            least: cost,
            beyond: Vec::new(),
        }
    }

    fn at(&self, tokens: f64) -> f64 {
        self.base + self.per_token * tokens
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn costs(model: &str, cost: f64) -> BTreeMap<String, f64> {
        BTreeMap::from([(model.to_owned(), cost)])
    }

    fn fitted(points: &[(f64, f64)]) -> Line {
        let costs: Vec<_> = points.iter().map(|point| costs("m", point.1)).collect();
        let bills: Vec<_> = points
            .iter()
            .zip(&costs)
            .map(|(point, costs)| Bill {
                tokens: point.0,
                costs,
            })
            .collect();
        Line::fit("m", &bills).unwrap()
    }

    #[test]
    fn costs_grow_with_length_and_are_never_negative() {
        let line = fitted(&[(10.0, 3.0), (20.0, 5.0), (30.0, 7.0)]);
        assert!((line.base - 1.0).abs() < 1e-9 && (line.per_token - 0.2).abs() < 1e-9);

        let falling = fitted(&[(10.0, 5.0), (30.0, 1.0)]);
        assert_eq!((falling.base, falling.per_token), (3.0, 0.0));

        let steep = fitted(&[(10.0, 0.0), (20.0, 10.0)]);
        assert_eq!((steep.base, steep.per_token), (0.0, 0.4));

        let one = fitted(&[(0.0, 2.0)]);
        assert_eq!((one.at(0.0), one.at(1e9)), (2.0, 2.0));
    }

    #[test]
    fn alike_prompts_correct_the_line_and_others_do_not() {
        let prompt = |text: &str, vector: [f32; 2]| Arc::new(Features::read(text, Some(&vector)));
        let texts = (0..40).map(|i| {
            let vector = if i % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
            prompt(&format!("p{i}"), vector)
        });
        let seen = Neighbourhood::new(texts.collect());
        let costs: Vec<_> = (0..40).map(|i| costs("m", f64::from(1 + i % 2))).collect();
        let bills: Vec<_> = costs
            .iter()
            .map(|costs| Bill {
                tokens: 10.0,
                costs,
            })
            .collect();
        let model = CostModel::fit(&["m", "unknown"], &bills);

        let at = |vector| model.expect(&seen, &prompt("q", vector), 10.0)["m"];

        assert!(at([1.0, 0.0]) < 1.1 && at([0.0, 1.0]) > 1.9);
        assert!((at([-1.0, -1.0]) - 1.5).abs() < 1e-9);
        // Nobody has seen a bill of it.
        let unknown = model.expect(&seen, &prompt("q", [1.0, 0.0]), 10.0)["unknown"];
        assert!((unknown - 1.5).abs() < 1e-9, "{unknown}");
    }
}
