//! One number to compare targets by.

use std::time::Duration;

use super::settings::{Scale, Settings};
use crate::domain::{Estimate, NanoUsd, Requirements, Terms, Weights};

/// By how much a requirement flag raises its weight.
const FLAG_FACTOR: f64 = 3.0;

/// U = w_q·q + w_c·S(cost) + w_l·S((2 − p)·latency) + w_r·p with Σw = 1.
///
/// q is expected quality, p the chance of success, and S(v; lo, hi) =
/// clip(ln(hi/v) / ln(hi/lo), −1, 1) falls from 1 at `lo` to 0 at `hi`, which
/// are fixed in the settings, and on below 0: what is dear is not all the same. A call that fails is made again elsewhere, which
/// takes about as long once more: hence (2 − p). What the next candidate would
/// take does not come in, or a model that nobody wants could change who leads.
#[derive(Clone, Copy, Debug)]
pub struct UtilityFunction {
    weights: Weights,
    cost_usd: Falling,
    latency_seconds: Falling,
}

impl UtilityFunction {
    /// Chooses the weights for a request: the caller's own, or the settings'
    /// with each requirement flag tripling its own. `cost_pressure`, 0 to 1,
    /// takes that share of all weights and gives it to cost.
    pub fn new(settings: &Settings, requirements: &Requirements, cost_pressure: f64) -> Self {
        let raised = |is_wanted: bool| if is_wanted { FLAG_FACTOR } else { 1.0 };
        let base = Weights {
            quality: settings.weights.quality * raised(requirements.high_quality),
            cost: settings.weights.cost * raised(requirements.low_cost),
            latency: settings.weights.latency * raised(requirements.low_latency),
            reliability: settings.weights.reliability,
        };
        let even = Weights {
            quality: 0.25,
            cost: 0.25,
            latency: 0.25,
            reliability: 0.25,
        };
        let weights = requirements
            .weights
            .unwrap_or(base)
            .normalised()
            .unwrap_or(even);
        let rest = 1.0 - cost_pressure;
        let weights = Weights {
            quality: weights.quality * rest,
            cost: weights.cost.mul_add(rest, cost_pressure),
            latency: weights.latency * rest,
            reliability: weights.reliability * rest,
        };
        Self {
            weights,
            cost_usd: Falling::new(settings.cost_scale_usd),
            latency_seconds: Falling::new(settings.latency_scale_seconds),
        }
    }

    /// Returns the weights, which sum to 1.
    pub const fn weights(&self) -> Weights {
        self.weights
    }

    /// Returns the weighted terms for what is expected of a target. An
    /// unknown cost earns nothing.
    pub fn terms(&self, estimate: &Estimate) -> Terms {
        let [quality, cost, latency, reliability] = self.shares(
            estimate.quality,
            estimate.cost,
            (estimate.latency, estimate.reliability),
        );
        Terms {
            quality: self.weights.quality * quality,
            cost: self.weights.cost * cost,
            latency: self.weights.latency * latency,
            reliability: self.weights.reliability * reliability,
        }
    }

    /// Returns what each weight is multiplied by, 0 to 1. What is no number
    /// earns nothing.
    pub(super) fn shares(
        &self,
        quality: f64,
        cost: Option<NanoUsd>,
        (latency, reliability): (Duration, f64),
    ) -> [f64; 4] {
        let again = 2.0 - share(reliability);
        [
            share(quality),
            cost.map_or(0.0, |cost| self.cost_usd.at(cost.usd())),
            self.latency_seconds.at(latency.as_secs_f64() * again),
            share(reliability),
        ]
    }
}

fn share(value: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(0.0, 1.0)
    }
}

/// S(v; lo, hi), with what does not depend on v worked out once.
#[derive(Clone, Copy, Debug)]
struct Falling {
    low: f64,
    high: f64,
    /// ln(hi/lo).
    span: f64,
}

impl Falling {
    fn new(scale: Scale) -> Self {
        Self {
            low: scale.low,
            high: scale.high,
            span: (scale.high / scale.low).ln(),
        }
    }

    fn at(self, value: f64) -> f64 {
        if value <= self.low {
            return 1.0;
        }
        ((self.high / value).ln() / self.span).clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_logarithmic_between_its_ends() {
        let scale = Falling::new(Scale {
            low: 0.01,
            high: 1.0,
        });

        assert_eq!(scale.at(0.0), 1.0);
        assert_eq!(scale.at(0.01), 1.0);
        assert!((scale.at(0.1) - 0.5).abs() < 1e-12);
        assert_eq!(scale.at(1.0), 0.0);
        assert!(scale.at(9.0) < scale.at(2.0) && scale.at(2.0) < 0.0);
        assert_eq!(scale.at(1e9), -1.0);
    }

    #[test]
    fn a_flag_triples_its_own_weight_and_the_rest_gives_way() {
        let settings = Settings::default();
        let cheap = Requirements {
            low_cost: true,
            ..Requirements::default()
        };

        let utility = UtilityFunction::new(&settings, &cheap, 0.0);

        // 0.2 · 3 of 0.5 + 0.6 + 0.2 + 0.1.
        assert!((utility.weights.cost - 0.6 / 1.4).abs() < 1e-12);
        assert!((utility.weights.quality - 0.5 / 1.4).abs() < 1e-12);
    }
}
