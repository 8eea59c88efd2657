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
/// the others' answers beyond that (chosen: a target that nobody else has
/// asked loses a fifth by it, with eight answers taken for usable at first).
const ALWAYS: f64 = 2.0;
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

    /// Tells whether they can have been counted, up to `most`.
    pub(super) fn is_sound(&self, most: f64) -> bool {
        (0.0..most).contains(&self.answers) && (0.0..=self.answers).contains(&self.usable)
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
    /// Tells whether one more answer of a caller counts for all, where `all`
    /// do so far and each counts `kept` now.
    pub(super) fn has_say(&self, caller: u64, all: f64, kept: f64) -> bool {
        let found = self.0.iter().find(|sums| sums.caller == caller);
        let counted = found.map_or(0.0, |sums| sums.counted);
        let others = (all - counted).max(0.0);
        counted * kept + 1.0 <= ALWAYS + SHARE * others * kept
    }

    /// Notes an answer to this kind of work, which `counts` for all or for its
    /// caller alone.
    pub(super) fn note(&mut self, caller: u64, task: usize, is_usable: bool, counts: bool) {
        if !self.0.iter().any(|sums| sums.caller == caller) {
            self.0.push(CallerSums {
                caller,
                counted: 0.0,
                own: Default::default(),
            });
            self.bound(caller);
        }
        let Some(sums) = self.0.iter_mut().find(|sums| sums.caller == caller) else {
            return;
        };
        if counts {
            sums.counted += 1.0;
        } else if let Some(own) = sums.own.get_mut(task) {
            own.note(is_usable);
        }
    }

    /// Returns what a caller alone goes by, by kind of work.
    pub(super) fn own(&self, caller: u64) -> [Answers; LABELS.len()] {
        let found = self.0.iter().find(|sums| sums.caller == caller);
        found.map(|sums| sums.own).unwrap_or_default()
    }

    /// Tells whether all numbers are ones that answers can come to, at most
    /// `most`.
    pub(super) fn are_sound(&self, most: f64) -> bool {
        let is_sound = |sums: &CallerSums| {
            let is_count = (0.0..most).contains(&sums.counted);
            is_count && sums.own.iter().all(|own| own.is_sound(most))
        };
        self.0.iter().all(is_sound)
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

    /// Lets a caller see answers, where `all` count; returns how many of its
    /// count.
    fn count(callers: &mut Callers, caller: u64, times: usize, all: f64) -> f64 {
        (0..times).fold(0.0, |counted, _| {
            let counts = callers.has_say(caller, all + counted, 1.0);
            callers.note(caller, 0, false, counts);
            counted + f64::from(u8::from(counts))
        })
    }

    fn answers(callers: &Callers, caller: u64) -> f64 {
        let sums = callers.0.iter().find(|sums| sums.caller == caller);
        sums.map_or(0.0, CallerSums::answers)
    }

    #[test]
    fn one_caller_counts_for_all_no_more_than_its_share() {
        let mut callers = Callers::default();

        assert_eq!(count(&mut callers, 1, 1_000, 0.0), 2.0);
        let [own, ..] = callers.own(1);
        assert_eq!(own.answers, 998.0, "it goes by the others alone");
        assert_eq!(count(&mut Callers::default(), 1, 1_000, 80.0), 22.0);
    }

    #[test]
    fn what_has_faded_makes_room_for_more() {
        let mut callers = Callers::default();
        count(&mut callers, 1, 2, 0.0);

        assert!(!callers.has_say(1, 2.0, 1.0));
        assert!(!callers.has_say(1, 2.0, 0.51), "not with the next second");
        assert!(callers.has_say(1, 2.0, 0.5));
    }

    #[test]
    fn callers_are_bounded_and_the_busiest_stay() {
        let mut callers = Callers::default();
        count(&mut callers, 1, 3, 0.0);
        for caller in 2..1_000 {
            callers.note(caller, 1, true, true);
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
