//! What the router has learned, as it is kept and shared.
//!
//! Each process has a part of its own in what is kept, and writes that alone;
//! what others wrote is read beside it. So several processes on one store lose
//! nothing to each other but what one writes between another's reading and
//! writing, which its owner writes again. Parts that nobody has written for a
//! day become one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::experience::{AnswerLesson, Experience};
use super::taught::Feedback;

/// Changes with the form, so that what is older is left alone.
const FORM: u32 = 1;
/// The part of those that are gone.
const PAST: u128 = 0;
/// After this time without a word the owner of a part is taken to be gone.
const GONE_S: i64 = 86_400;
/// The most feedback that is kept, of all parts together and of each: with so
/// much a decision takes less than 200 µs (`benches/routing.rs`).
const MAX_FEEDBACK: usize = 2_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Part {
    updated_s: i64,
    experience: Experience,
    #[serde(default)]
    feedback: Vec<Feedback>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    form: u32,
    parts: BTreeMap<u128, Part>,
}

/// What this process and others have learned.
#[derive(Clone, Debug)]
pub struct RouterState {
    /// The name of the own part.
    name: u128,
    own: Part,
    /// True once the own part was kept.
    is_kept: bool,
    others: BTreeMap<u128, Part>,
    /// All parts together.
    experience: Experience,
}

impl RouterState {
    /// Begins with nothing. `name` is unlike that of any other process.
    pub fn new(name: u128) -> Self {
        Self {
            name: name.max(PAST + 1),
            own: Part::default(),
            is_kept: false,
            others: BTreeMap::new(),
            experience: Experience::default(),
        }
    }

    /// Returns what answers have been like.
    pub const fn experience(&self) -> &Experience {
        &self.experience
    }

    /// Learns from an answer.
    pub fn learn(&mut self, lesson: &AnswerLesson<'_>, now: Timestamp) {
        self.own.experience.learn(lesson, now);
        self.experience.learn(lesson, now);
        self.own.updated_s = now.as_second();
    }

    /// Takes feedback in place of an earlier one on the same call.
    pub fn take(&mut self, feedback: Feedback, now: Timestamp) {
        let own = &mut self.own.feedback;
        own.retain(|given| given.call != feedback.call);
        own.push(feedback);
        self.own.updated_s = now.as_second();
        bound(&mut self.own.feedback);
    }

    /// Lists the latest feedback, of all parts, one for each call.
    pub fn feedback(&self) -> Vec<Feedback> {
        let parts = self.others.values().chain([&self.own]);
        let mut latest: BTreeMap<u128, &Feedback> = BTreeMap::new();
        for given in parts.flat_map(|part| &part.feedback) {
            let known = latest.entry(given.call).or_insert(given);
            if given.at_s >= known.at_s {
                *known = given;
            }
        }
        let mut all: Vec<Feedback> = latest.into_values().cloned().collect();
        bound(&mut all);
        all
    }

    /// Reads what is kept, and returns what to keep in its place. What cannot
    /// be read is given up.
    ///
    /// # Errors
    /// What is kept was written by a later version: it is to stay as it is.
    pub fn exchange(&mut self, kept: Option<&[u8]>, now: Timestamp) -> Result<Vec<u8>, LaterForm> {
        let stored = match kept.map(serde_json::from_slice::<Stored>) {
            Some(Ok(stored)) if stored.form > FORM => return Err(LaterForm),
            Some(Ok(stored)) if stored.form == FORM => stored,
            Some(_) => {
                tracing::warn!("what the router had learned cannot be read; it begins anew");
                Stored::default()
            }
            None => Stored::default(),
        };
        let mut parts = stored.parts;
        let was_there = parts.remove(&self.name).is_some();
        if self.is_kept && !was_there && kept.is_some() {
            // It was silent for so long that others took it over.
            self.own = Part::default();
        }
        self.others = fold(parts, now);
        self.experience = self.own.experience.clone();
        for part in self.others.values() {
            self.experience.merge(&part.experience, now);
        }
        let mut parts = self.others.clone();
        if self.own.updated_s > 0 {
            parts.insert(self.name, self.own.clone());
            self.is_kept = true;
        }
        let stored = Stored { form: FORM, parts };
        Ok(serde_json::to_vec(&stored).unwrap_or_default())
    }
}

/// A later version has written what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a later version of the gateway has written what the router learned")]
pub struct LaterForm;

/// Makes one of the parts whose owners are gone.
fn fold(parts: BTreeMap<u128, Part>, now: Timestamp) -> BTreeMap<u128, Part> {
    let is_gone = |name: u128, part: &Part| {
        name == PAST || now.as_second().saturating_sub(part.updated_s) > GONE_S
    };
    let (gone, mut present): (BTreeMap<_, _>, BTreeMap<_, _>) = parts
        .into_iter()
        .partition(|(name, part)| is_gone(*name, part));
    let past = gone.into_values().reduce(|mut past, part| {
        past.experience.merge(&part.experience, now);
        past.feedback.extend(part.feedback);
        past.updated_s = past.updated_s.max(part.updated_s);
        past
    });
    if let Some(mut past) = past {
        bound(&mut past.feedback);
        present.insert(PAST, past);
    }
    present
}

/// Keeps the latest.
fn bound(feedback: &mut Vec<Feedback>) {
    feedback.sort_by_key(|given| given.at_s);
    let surplus = feedback.len().saturating_sub(MAX_FEEDBACK);
    feedback.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{ModelId, ProviderName, Target, TaskLabel};
    use crate::routing::{Features, ReportedTokens};

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second((20_000 + day) * 86_400).unwrap()
    }

    fn feedback(call: u128, score: f32, now: Timestamp) -> Feedback {
        Feedback {
            call,
            provider: ProviderName::new("openai"),
            model: ModelId::new("m"),
            effort: None,
            task: TaskLabel::Code,
            score,
            at_s: now.as_second(),
            features: Arc::new(Features::read("a prompt", None)),
        }
    }

    fn learn(state: &mut RouterState, now: Timestamp) {
        let target = Target {
            provider: ProviderName::new("openai"),
            model: ModelId::new("m"),
            effort: None,
        };
        let tokens = ReportedTokens {
            input: 20,
            estimated_input: 10,
            visible: 5,
            thinking: 0,
            is_cut: false,
        };
        let lesson = AnswerLesson {
            target: &target,
            task: TaskLabel::Code,
            tokens: Some(tokens),
            is_usable: Some(true),
        };
        state.learn(&lesson, now);
    }

    fn factor(state: &RouterState, now: Timestamp) -> f64 {
        let (provider, model) = (ProviderName::new("openai"), ModelId::new("m"));
        state.experience().input(&provider, &model, now).factor
    }

    #[test]
    fn what_was_learned_outlives_the_process() {
        let mut state = RouterState::new(1);
        learn(&mut state, day(0));
        state.take(feedback(7, 0.2, day(0)), day(0));

        let kept = state.exchange(None, day(0)).unwrap();
        let mut again = RouterState::new(2);
        again.exchange(Some(&kept), day(0)).unwrap();

        assert_eq!(again.feedback().len(), 1);
        assert_eq!(factor(&again, day(0)), factor(&state, day(0)));
        assert!(factor(&again, day(0)) > 1.1);
    }

    #[test]
    fn two_processes_learn_from_each_other_and_count_nothing_twice() {
        let (mut one, mut two) = (RouterState::new(1), RouterState::new(2));
        let mut alone = RouterState::new(3);
        let mut kept = None;
        for round in 0..20 {
            for state in [&mut one, &mut two] {
                learn(state, day(0));
                learn(&mut alone, day(0));
                state.take(feedback(round, 0.5, day(0)), day(0));
                kept = Some(state.exchange(kept.as_deref(), day(0)).unwrap());
            }
        }
        one.exchange(kept.as_deref(), day(0)).unwrap();

        assert!((factor(&one, day(0)) - factor(&alone, day(0))).abs() < 1e-9);
        assert_eq!(one.feedback().len(), 20, "a call has one feedback");
    }

    #[test]
    fn a_process_that_was_silent_for_long_finds_its_part_among_the_past() {
        let (mut silent, mut other) = (RouterState::new(1), RouterState::new(2));
        learn(&mut silent, day(0));
        let kept = silent.exchange(None, day(0)).unwrap();
        learn(&mut other, day(2));
        let kept = other.exchange(Some(&kept), day(2)).unwrap();

        let kept = silent.exchange(Some(&kept), day(2)).unwrap();
        let before = factor(&other, day(2));
        other.exchange(Some(&kept), day(2)).unwrap();

        assert!((factor(&other, day(2)) - before).abs() < 1e-9);
        assert!((factor(&silent, day(2)) - before).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_read_is_given_up_and_what_is_newer_stays() {
        let mut state = RouterState::new(1);
        learn(&mut state, day(0));

        let later = br#"{"form": 99, "parts": {}}"#;

        assert!(state.exchange(Some(b"\xff{"), day(0)).is_ok());
        assert_eq!(state.exchange(Some(later), day(0)), Err(LaterForm));
    }

    #[test]
    fn feedback_is_bounded() {
        let mut state = RouterState::new(1);
        for call in 0..MAX_FEEDBACK + 5 {
            let now = day(i64::try_from(call).unwrap());
            state.take(feedback(call as u128, 0.5, now), now);
        }

        let all = state.feedback();
        assert_eq!(all.len(), MAX_FEEDBACK);
        assert_eq!(all.first().map(|given| given.call), Some(5));
    }
}
