//! A part of what was learned, and how it is written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Taken, ratings};
use crate::routing::experience::Experience;
use crate::routing::taught::Feedback;

/// Changes with the form, so that what a later program wrote is left alone.
pub(super) const FORM: u32 = 1;

/// What was learned somewhere, or for some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    form: u32,
    pub(super) experience: Experience,
    pub(super) feedback: Vec<Feedback>,
}

/// A part of which nothing is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// A later program has written it: it is to stay as it is.
    Later,
    /// Nobody can read it: it is given up.
    Broken,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            form: FORM,
            experience: Experience::default(),
            feedback: Vec::new(),
        }
    }
}

impl Part {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unread> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        match serde_json::from_slice::<Form>(bytes) {
            Ok(Form { form }) if form > FORM => Err(Unread::Later),
            Ok(Form { form }) if form == FORM => {
                let part: Self = serde_json::from_slice(bytes).map_err(|_| Unread::Broken)?;
                let is_sound = part.experience.is_sound();
                is_sound.then_some(part).ok_or(Unread::Broken)
            }
            _ => Err(Unread::Broken),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Takes feedback in place of an earlier one on the same answer, if there
    /// is no later one.
    pub(super) fn take(&mut self, feedback: Feedback) -> Taken {
        let mut given = self.feedback.iter();
        let before = given.find(|given| given.call == feedback.call);
        if before.is_some_and(|given| given.at_s > feedback.at_s) {
            return Taken::Outdated;
        }
        let replaced = before.map(|given| given.score);
        self.feedback.retain(|given| given.call != feedback.call);
        self.feedback.push(feedback);
        if self.feedback.len() > ratings::MAX_FEEDBACK {
            ratings::bound(&mut self.feedback);
        }
        Taken::New { replaced }
    }

    /// Gives an answer another name.
    pub(super) fn rename(&mut self, call: u128, name: u128) {
        let mut given = self.feedback.iter_mut();
        if let Some(given) = given.find(|given| given.call == call) {
            given.call = name;
        }
    }

    /// Adds what was learned elsewhere.
    pub(super) fn merge(&mut self, other: &Self, now: Timestamp) {
        self.experience.merge(&other.experience, now);
        self.feedback.extend(other.feedback.iter().cloned());
        ratings::bound(&mut self.feedback);
    }
}
