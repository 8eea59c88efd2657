//! What is known of one model.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::AnswerLesson;
use super::callers::{Answers, Callers};
use crate::domain::Effort;
use crate::routing::fading;
use crate::routing::quality::TaskMix;
use crate::routing::task::{self, LABELS};

/// How many answers an expected length is worth that comes from elsewhere: the
/// model's other work, or the settings (chosen).
const LENGTH_PRIOR: f64 = 4.0;
/// An answer counts as no longer than so many usual ones of its model, or of
/// this length, so that one caller's novels do not set what others expect
/// (chosen).
const MOST_LENGTHS: f64 = 8.0;
const TYPICAL: f64 = 350.0;
/// How many usable answers a model is taken to have given before the first.
const USABLE_PRIOR: f64 = 8.0;
/// How many calls the guess is worth that the estimate of input is right.
const INPUT_PRIOR: f64 = 4.0;
/// The share by which the estimate of input is wrong before anything was
/// reported (chosen; vendors' tokenizers differ by about so much).
const INPUT_ERROR: f64 = 0.15;
/// A report that is further off than this factor is about something else:
/// pictures, a vendor's own instructions.
const FAR_OFF: f64 = 8.0;

/// More than any sum comes to.
const MOST: f64 = 1e15;

/// What to expect of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::routing) struct Expected {
    /// Visible tokens.
    pub(in crate::routing) visible: f64,
    /// Hidden tokens.
    pub(in crate::routing) thinking: f64,
    /// The share of answers that can be used, 0 to 1.
    pub(in crate::routing) usable: f64,
}

/// How estimates of a model's input compare with what its vendor counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputFactor {
    /// What to multiply estimates by.
    pub factor: f64,
    /// By what share they are still wrong, on average.
    pub error: f64,
}

impl Default for InputFactor {
    /// Nothing was reported yet.
    fn default() -> Self {
        Self {
            factor: 1.0,
            error: INPUT_ERROR,
        }
    }
}

/// Sums that fade: each answer counts 1 when it comes, half a week later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ModelRecord {
    /// When the sums were brought up to date, in seconds since 1970.
    at_s: i64,
    input: InputSums,
    efforts: Vec<EffortRecord>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct InputSums {
    count: f64,
    /// Of ln(reported / estimated).
    log_ratio: f64,
    /// Of how far that was from the mean before, without its sign.
    error: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct EffortRecord {
    effort: Option<Effort>,
    tasks: [TaskSums; LABELS.len()],
    #[serde(default)]
    callers: Callers,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct TaskSums {
    /// Answers of known length.
    lengths: f64,
    visible: f64,
    thinking: f64,
    /// Those that count for all callers.
    #[serde(flatten)]
    seen: Answers,
}

impl ModelRecord {
    /// Returns what an answer of the latest update counts now, 0 to 1.
    pub(super) fn kept(&self, now: Timestamp) -> f64 {
        fading::kept(self.at_s, now)
    }

    pub(super) const fn updated_s(&self) -> i64 {
        self.at_s
    }

    /// Tells whether one more answer to a caller counts for all.
    pub(super) fn counts(&self, effort: Option<Effort>, caller: u64, now: Timestamp) -> bool {
        let found = self.efforts.iter().find(|record| record.effort == effort);
        found.is_none_or(|record| {
            let all = record.total().seen.answers;
            record.callers.has_say(caller, all, self.kept(now))
        })
    }

    /// Learns from an answer that `counts` for all or for its caller alone.
    pub(super) fn learn(
        &mut self,
        effort: Option<Effort>,
        (lesson, counts): (&AnswerLesson<'_>, bool),
        now: Timestamp,
    ) {
        self.fade(now);
        if let Some(tokens) = lesson.tokens {
            self.input.learn(tokens.estimated_input, tokens.input);
        }
        let Some(record) = self.record(effort) else {
            return;
        };
        let all = record.total();
        let Some(sums) = record.tasks.get_mut(task::place(lesson.task)) else {
            return;
        };
        if let Some(tokens) = lesson.tokens {
            let mean = all.visible / all.lengths.max(1.0);
            let visible = (tokens.visible as f64).min(MOST_LENGTHS * mean.max(TYPICAL));
            // What was cut would have been longer, by nobody knows what.
            let is_telling = !tokens.is_cut || visible * all.lengths > all.visible;
            if is_telling {
                sums.lengths += 1.0;
                sums.visible += visible;
                sums.thinking += tokens.thinking as f64;
            }
        }
        if let Some(is_usable) = lesson.is_usable {
            let task = task::place(lesson.task);
            record.callers.note(lesson.caller, task, is_usable, counts);
            if counts {
                sums.seen.note(is_usable);
            }
        }
    }

    /// Tells whether it holds numbers that answers can come to.
    pub(super) fn is_sound(&self) -> bool {
        let is_count = |number: f64| (0.0..MOST).contains(&number);
        let is_known = |sums: &TaskSums| {
            let lengths = [sums.lengths, sums.visible, sums.thinking];
            lengths.into_iter().all(is_count) && sums.seen.is_sound(MOST)
        };
        let InputSums {
            count,
            log_ratio,
            error,
        } = self.input;
        let is_input = is_count(count) && log_ratio.abs() < MOST && is_count(error);
        is_input
            && self
                .efforts
                .iter()
                .all(|record| record.tasks.iter().all(is_known) && record.callers.are_sound(MOST))
    }

    pub(super) fn merge(&mut self, other: &Self, now: Timestamp) {
        self.fade(now);
        let mut other = other.clone();
        other.fade(now);
        self.input.add(&other.input);
        for theirs in &other.efforts {
            let Some(ours) = self.record(theirs.effort) else {
                continue;
            };
            ours.callers.add(&theirs.callers);
            for (sums, more) in ours.tasks.iter_mut().zip(&theirs.tasks) {
                sums.add(more);
            }
        }
    }

    /// Blends what is known of each kind of work, and leans on the model's
    /// other work where little is, on `base` where nothing is.
    pub(super) fn expected(
        &self,
        effort: Option<Effort>,
        kept: f64,
        (mix, caller): (&TaskMix, u64),
        base: Expected,
    ) -> Expected {
        let Some(record) = self.efforts.iter().find(|record| record.effort == effort) else {
            return base;
        };
        let all = record.total();
        let visible = lean(all.visible, all.lengths, kept, base.visible);
        let thinking = lean(all.thinking, all.lengths, kept, base.thinking);
        let mut expected = Expected {
            visible: 0.0,
            thinking: 0.0,
            usable: 0.0,
        };
        let own = record.callers.own(caller);
        let tasks = record.tasks.iter().zip(own);
        for ((sums, mut seen), share) in tasks.zip(mix.shares()) {
            expected.visible += share * lean(sums.visible, sums.lengths, kept, visible);
            expected.thinking += share * lean(sums.thinking, sums.lengths, kept, thinking);
            seen.add(&sums.seen);
            let usable = seen.usable * kept + USABLE_PRIOR;
            expected.usable += share * usable / (seen.answers * kept + USABLE_PRIOR);
        }
        expected
    }

    pub(super) fn input(&self, kept: f64) -> InputFactor {
        let InputSums {
            count,
            log_ratio,
            error,
        } = self.input;
        let all = count * kept + INPUT_PRIOR;
        InputFactor {
            factor: (log_ratio * kept / all).exp(),
            error: (error * kept + INPUT_ERROR * INPUT_PRIOR) / all,
        }
    }

    fn fade(&mut self, now: Timestamp) {
        let kept = self.kept(now);
        self.at_s = self.at_s.max(now.as_second());
        self.input.scale(kept);
        for record in &mut self.efforts {
            record.callers.scale(kept);
            record.tasks.iter_mut().for_each(|sums| sums.scale(kept));
        }
    }

    /// Returns the record of an effort, which is there afterwards.
    fn record(&mut self, effort: Option<Effort>) -> Option<&mut EffortRecord> {
        let is_meant = |record: &EffortRecord| record.effort == effort;
        if !self.efforts.iter().any(is_meant) {
            self.efforts.push(EffortRecord {
                effort,
                tasks: Default::default(),
                callers: Callers::default(),
            });
        }
        self.efforts.iter_mut().find(|record| is_meant(record))
    }
}

/// Returns the mean of a fading sum that leans on a guess.
fn lean(sum: f64, count: f64, kept: f64, guess: f64) -> f64 {
    (sum * kept + LENGTH_PRIOR * guess) / (count * kept + LENGTH_PRIOR)
}

impl EffortRecord {
    fn total(&self) -> TaskSums {
        let mut total = TaskSums::default();
        self.tasks.iter().for_each(|sums| total.add(sums));
        total
    }
}

impl TaskSums {
    fn add(&mut self, other: &Self) {
        self.lengths += other.lengths;
        self.visible += other.visible;
        self.thinking += other.thinking;
        self.seen.add(&other.seen);
    }

    fn scale(&mut self, factor: f64) {
        self.lengths *= factor;
        self.visible *= factor;
        self.thinking *= factor;
        self.seen.scale(factor);
    }
}

impl InputSums {
    fn learn(&mut self, estimated: u64, reported: u64) {
        let log_ratio = (reported as f64 / estimated as f64).ln();
        if !log_ratio.is_finite() || log_ratio.abs() > FAR_OFF.ln() {
            return;
        }
        let mean = self.log_ratio / (self.count + INPUT_PRIOR);
        self.error += (log_ratio - mean).abs().exp_m1();
        self.count += 1.0;
        self.log_ratio += log_ratio;
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.log_ratio += other.log_ratio;
        self.error += other.error;
    }

    fn scale(&mut self, factor: f64) {
        self.count *= factor;
        self.log_ratio *= factor;
        self.error *= factor;
    }
}
