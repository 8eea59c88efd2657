//! Which rows of a table by task a prompt reads.

use crate::domain::TaskLabel;
use crate::routing::task::{LABELS, TaskEstimate};

/// How many kinds of work there are.
pub(super) const TASKS: usize = LABELS.len();
/// A classifier that is less sure than this has no say of its own.
const LEAST_CONFIDENCE: f64 = 0.4;

/// How much each kind of work counts for a prompt; the shares sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskMix([f64; TASKS]);

impl TaskMix {
    /// Takes one kind of work alone, as when a caller names it.
    pub fn only(label: TaskLabel) -> Self {
        Self(LABELS.map(|other| f64::from(u8::from(other == label))))
    }

    /// Reads a classification: its label; where that is unsure all by their
    /// chances; of a multilingual prompt half the work itself.
    pub fn of(task: &TaskEstimate) -> Self {
        let chances = task.probabilities.map(|chance| {
            let is_usable = chance.is_finite() && chance > 0.0;
            if is_usable { chance } else { 0.0 }
        });
        let sum: f64 = chances.iter().sum();
        if task.confidence < LEAST_CONFIDENCE && sum > 0.0 {
            return Self(chances.map(|chance| chance / sum));
        }
        let label = Self::only(task.label);
        if task.label != TaskLabel::Multilingual {
            return label;
        }
        let mut shares = Self::only(task.runner_up).0;
        for (share, of_label) in shares.iter_mut().zip(label.0) {
            *share = 0.5 * *share + 0.5 * of_label;
        }
        Self(shares)
    }

    /// Returns the shares in the order of [`LABELS`].
    pub(in crate::routing) const fn shares(&self) -> &[f64; TASKS] {
        &self.0
    }

    /// Reads a row of a table.
    pub(super) fn read(&self, row: &[f64; TASKS]) -> f64 {
        self.0.iter().zip(row).map(|(share, of)| share * of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::task::TaskSource;

    fn task(label: TaskLabel, confidence: f64) -> TaskEstimate {
        TaskEstimate {
            label,
            confidence,
            runner_up: TaskLabel::Code,
            probabilities: [0.3, 0.2, 0.1, 0.1, 0.1, 0.2],
            source: TaskSource::Ensemble,
            language: None,
        }
    }

    const ROW: [f64; TASKS] = [1.0, 0.0, 0.0, 0.0, 0.5, 0.25];

    #[test]
    fn a_sure_label_counts_alone_and_an_unsure_one_with_all_others() {
        let sure = TaskMix::of(&task(TaskLabel::General, 0.4));
        let unsure = TaskMix::of(&task(TaskLabel::General, 0.39));

        assert_eq!(sure, TaskMix::only(TaskLabel::General));
        assert_eq!(sure.read(&ROW), 0.25);
        assert!((unsure.read(&ROW) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn a_multilingual_prompt_is_half_the_work_itself() {
        let mix = TaskMix::of(&task(TaskLabel::Multilingual, 0.97));

        assert_eq!(mix.read(&ROW), 0.75);
    }

    #[test]
    fn chances_that_are_no_numbers_do_not_count() {
        let mut broken = task(TaskLabel::Code, f64::NAN);
        broken.probabilities = [f64::NAN; TASKS];
        let nan = TaskMix::of(&broken);
        broken.confidence = 0.0;

        assert_eq!(nan, TaskMix::only(TaskLabel::Code));
        assert_eq!(TaskMix::of(&broken), nan);
    }
}
