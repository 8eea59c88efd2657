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
use super::fading::HALF_LIFE_S;
use super::taught::Feedback;

/// Changes with the form, so that what is older is left alone.
const FORM: u32 = 1;
/// The part of those that are gone.
const PAST: u128 = 0;
/// After this time without a word the owner of a part is taken to be gone.
const GONE_S: i64 = 86_400;
/// Feedback of that age weighs less than half a percent, and goes.
const FADED_S: i64 = 8 * HALF_LIFE_S;
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

/// What a store keeps: the parts of all processes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    form: u32,
    parts: BTreeMap<u128, Part>,
}

/// What this process and others have learned.
#[derive(Clone, Debug)]
pub struct RouterState {
    /// The name of the own part.
    name: u128,
    own: Part,
    /// How new the own part was when it was kept last, in seconds since 1970.
    kept_s: Option<i64>,
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
            kept_s: None,
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

    /// Takes in what is kept, and returns what to keep in its place, and
    /// whether the own part was missing there.
    pub fn exchange(&mut self, kept: Kept, now: Timestamp) -> (Kept, bool) {
        let mut parts = kept.parts;
        let was_there = parts.remove(&self.name).is_some();
        let is_gone = |updated_s| now.as_second().saturating_sub(updated_s) > GONE_S;
        if !was_there && self.kept_s.is_some_and(is_gone) {
            // It was silent for so long that others took it over.
            self.own = Part::default();
        }
        // Otherwise another wrote at the same time, and it is written again.
        self.others = fold(parts, now);
        self.forget_the_old(now);
        self.experience = self.own.experience.clone();
        for part in self.others.values() {
            self.experience.merge(&part.experience, now);
        }
        let mut parts = self.others.clone();
        let is_missing = !was_there && self.own.updated_s > 0;
        if self.own.updated_s > 0 {
            parts.insert(self.name, self.own.clone());
        }
        (Kept { form: FORM, parts }, is_missing)
    }

    /// Notes that what was to be kept was.
    pub fn was_kept(&mut self, kept: &Kept) {
        let own = kept.parts.get(&self.name);
        self.kept_s = own.map(|part| part.updated_s).or(self.kept_s);
    }

    /// Drops feedback that has faded, and the oldest of all parts together
    /// beyond what is kept.
    fn forget_the_old(&mut self, now: Timestamp) {
        let parts = || self.others.values().chain([&self.own]);
        let given = parts().flat_map(|part| &part.feedback);
        let mut times: Vec<i64> = given.map(|given| given.at_s).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let faded = now.as_second().saturating_sub(FADED_S);
        let surplus = times.get(MAX_FEEDBACK).map_or(i64::MIN, |at_s| at_s + 1);
        let least = faded.max(surplus);
        for part in self.others.values_mut().chain([&mut self.own]) {
            part.feedback.retain(|given| given.at_s >= least);
        }
    }
}

impl Kept {
    /// Reads what is kept. What cannot be read is given up.
    ///
    /// # Errors
    /// It was written by a later version: it is to stay as it is.
    pub fn read(bytes: Option<&[u8]>) -> Result<Self, LaterForm> {
        match bytes.map(serde_json::from_slice::<Self>) {
            Some(Ok(kept)) if kept.form > FORM => Err(LaterForm),
            Some(Ok(kept)) if kept.form == FORM => Ok(kept),
            Some(_) => {
                tracing::warn!("what the router had learned cannot be read; it begins anew");
                Ok(Self::default())
            }
            None => Ok(Self::default()),
        }
    }

    /// Writes what is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
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

/// Keeps the latest: of more than there is room for, the oldest goes of the
/// caller who has given most, so that nobody crowds the others out.
fn bound(feedback: &mut Vec<Feedback>) {
    feedback.sort_by_key(|given| given.at_s);
    while feedback.len() > MAX_FEEDBACK {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for given in feedback.iter() {
            *counts.entry(given.caller).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let is_theirs = |given: &Feedback| most.is_some_and(|(caller, _)| given.caller == caller);
        match feedback.iter().position(is_theirs) {
            Some(place) => feedback.remove(place),
            None => return,
        };
    }
}

#[cfg(test)]
mod tests;
