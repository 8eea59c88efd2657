//! Two heads' scores as one set of chances.

use super::heads::{Calibration, LABEL_COUNT};

/// Added inside logarithms, so that none is of zero.
const FLOOR: f64 = 1e-6;

type Scores = [f64; LABEL_COUNT];

/// Returns the chances by the linear head alone.
pub(super) fn alone(linear: &Scores, calibration: Calibration) -> Scores {
    let logs = softmax(linear, 1.0).map(|p| (p + FLOOR).ln());
    softmax(&logs, calibration.temperature_alone)
}

/// Returns the chances by both heads: p ∝ exp(((1−w)·ln p₁ + w·ln p₂) / T),
/// p₁ by the linear head, p₂ by the head over the embedding.
pub(super) fn both(linear: &Scores, dense: &Scores, calibration: Calibration) -> Scores {
    let (first, second) = (softmax(linear, 1.0), softmax(dense, 1.0));
    let weight = calibration.dense_weight;
    let mut logs = [0.0; LABEL_COUNT];
    for (log, (a, b)) in logs.iter_mut().zip(first.iter().zip(&second)) {
        *log = (1.0 - weight) * (a + FLOOR).ln() + weight * (b + FLOOR).ln();
    }
    softmax(&logs, calibration.temperature_both)
}

/// Gives `share` to the chance at `index` and scales the others to the rest.
pub(super) fn fix(chances: &mut Scores, index: usize, share: f64) {
    if let Some(fixed) = chances.get_mut(index) {
        *fixed = 0.0;
    }
    let others: f64 = chances.iter().sum();
    for chance in chances.iter_mut() {
        *chance = if others > 0.0 {
            *chance * (1.0 - share) / others
        } else {
            (1.0 - share) / (LABEL_COUNT - 1) as f64
        };
    }
    if let Some(fixed) = chances.get_mut(index) {
        *fixed = share;
    }
}

/// Returns where the largest and the second largest chance stand; of equal
/// ones the earlier.
pub(super) fn best_two(chances: &Scores) -> (usize, usize) {
    let mut order: [usize; LABEL_COUNT] = std::array::from_fn(|index| index);
    let chance = |index: &usize| chances.get(*index).copied().unwrap_or_default();
    order.sort_by(|a, b| chance(b).total_cmp(&chance(a)));
    let [first, second, ..] = order;
    (first, second)
}

fn softmax(scores: &Scores, temperature: f64) -> Scores {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raised = scores.map(|score| ((score - top) / temperature).exp());
    let sum: f64 = raised.iter().sum();
    raised.map(|value| value / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_chance_leaves_the_order_of_the_others() {
        let mut chances = [0.4, 0.3, 0.1, 0.1, 0.05, 0.05];

        fix(&mut chances, 4, 0.9);

        assert_eq!(best_two(&chances), (4, 0));
        assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((chances[0] / chances[1] - 4.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn heads_that_agree_are_surer_than_one_alone() {
        let calibration = Calibration {
            temperature_alone: 1.0,
            temperature_both: 1.0,
            dense_weight: 0.5,
            rule_share: 0.9,
        };
        let scores = [2.0, 0.0, 0.0, 0.0, 0.0, 0.0];

        let (one, two) = (
            alone(&scores, calibration),
            both(&scores, &scores, calibration),
        );

        assert!((one[0] - two[0]).abs() < 1e-9);
        assert!(both(&scores, &[0.0; 6], calibration)[0] < one[0]);
    }
}
