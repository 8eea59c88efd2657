//! Whose answers of a target could be used.
//!
//! A schema that nobody can meet, or prompts that every vendor refuses, say
//! more about their caller than about the target. So no caller has more than
//! its share in what all go by; the rest of its answers it goes by alone.

use serde::{Deserialize, Serialize};

use crate::routing::task::LABELS;

/// The most callers that a target remembers; those of the fewest answers go.
const MAX_CALLERS: usize = 16;
/// How many answers of one caller count for all in any case, and what share of
/// the others' answers beyond that (chosen).
const ALWAYS: f64 = 8.0;
const SHARE: f64 = 0.25;

/// What callers have seen of one target at one effort.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Callers(Vec<CallerSums>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct CallerSums {
    /// The caller, as a hash.
    caller: u64,
    /// How many of its answers count for all.
    counted: f64,
    /// The others, by kind of work.
    own: [Answers; LABELS.len()],
}

impl CallerSums {
    fn answers(&self) -> f64 {
        let own: f64 = self.own.iter().map(|sums| sums.answers).sum();
        self.counted + own
    }
}

/// Answers that could be used, or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Answers {
    pub(super) answers: f64,
    pub(super) usable: f64,
}

impl Answers {
    pub(super) fn note(&mut self, is_usable: bool) {
        self.answers += 1.0;
        self.usable += f64::from(u8::from(is_usable));
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.usable += other.usable;
    }

    pub(super) fn scale(&mut self, factor: f64) {
        self.answers *= factor;
        self.usable *= factor;
    }
}

impl Callers {
    /// Notes an answer to this kind of work, and tells whether it counts for
    /// all, of whom `all` answers count so far.
    pub(super) fn note(&mut self, caller: u64, task: usize, is_usable: bool, all: f64) -> bool {
        if !self.0.iter().any(|sums| sums.caller == caller) {
            self.0.push(CallerSums {
                caller,
                counted: 0.0,
                own: Default::default(),
            });
            self.bound(caller);
        }
        let Some(sums) = self.0.iter_mut().find(|sums| sums.caller == caller) else {
            return false;
        };
        let others = (all - sums.counted).max(0.0);
        let counts = sums.counted < ALWAYS + SHARE * others;
        if counts {
            sums.counted += 1.0;
        } else if let Some(own) = sums.own.get_mut(task) {
            own.note(is_usable);
        }
        counts
    }

    /// Returns what a caller alone goes by, by kind of work.
    pub(super) fn own(&self, caller: u64) -> [Answers; LABELS.len()] {
        let found = self.0.iter().find(|sums| sums.caller == caller);
        found.map(|sums| sums.own).unwrap_or_default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for theirs in &other.0 {
            match self.0.iter_mut().find(|ours| ours.caller == theirs.caller) {
                Some(ours) => {
                    ours.counted += theirs.counted;
                    let tasks = ours.own.iter_mut().zip(&theirs.own);
                    tasks.for_each(|(ours, theirs)| ours.add(theirs));
                }
                None => {
                    self.0.push(theirs.clone());
                    self.bound(theirs.caller);
                }
            }
        }
    }

    pub(super) fn scale(&mut self, factor: f64) {
        for sums in &mut self.0 {
            sums.counted *= factor;
            sums.own.iter_mut().for_each(|own| own.scale(factor));
        }
    }

    /// Makes room for a caller that has just come.
    fn bound(&mut self, newest: u64) {
        if self.0.len() <= MAX_CALLERS {
            return;
        }
        let places = self.0.iter().enumerate();
        let others = places.filter(|(_, sums)| sums.caller != newest);
        let fewest =
            others.min_by(|(_, one), (_, other)| one.answers().total_cmp(&other.answers()));
        if let Some((place, _)) = fewest {
            self.0.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets callers see answers in turn; returns how many of them counted.
    fn count(callers: &mut Callers, seen: &[(u64, usize)]) -> f64 {
        let mut all = 0.0;
        for (caller, times) in seen {
            for _ in 0..*times {
                all += f64::from(u8::from(callers.note(*caller, 0, false, all)));
            }
        }
        all
    }

    fn answers(callers: &Callers, caller: u64) -> f64 {
        let sums = callers.0.iter().find(|sums| sums.caller == caller);
        sums.map_or(0.0, CallerSums::answers)
    }

    #[test]
    fn one_caller_counts_for_all_no_more_than_its_share() {
        let mut callers = Callers::default();
        assert_eq!(count(&mut callers, &[(1, 1_000)]), 8.0);
        let [own, ..] = callers.own(1);
        assert_eq!(own.answers, 992.0, "it goes by the others alone");

        let mut callers = Callers::default();
        let many: Vec<(u64, usize)> = (2..12).map(|caller| (caller, 8)).collect();
        let all = count(&mut callers, &many);
        assert_eq!(all, 80.0);
        let counted = (0..1_000).fold(0.0, |counted, _| {
            counted + f64::from(u8::from(callers.note(1, 0, false, all + counted)))
        });
        assert_eq!(counted, 8.0 + 80.0 / 4.0);
    }

    #[test]
    fn callers_are_bounded_and_the_busiest_stay() {
        let mut callers = Callers::default();
        count(&mut callers, &[(1, 3)]);
        for caller in 2..1_000 {
            callers.note(caller, 1, true, 0.0);
        }
        assert_eq!(callers.0.len(), MAX_CALLERS);
        assert_eq!(answers(&callers, 1), 3.0);

        let mut merged = Callers::default();
        merged.add(&callers);
        merged.add(&callers);
        merged.scale(0.5);
        assert_eq!(answers(&merged, 1), 3.0);
        assert_eq!(merged.0.len(), MAX_CALLERS);
    }
}
