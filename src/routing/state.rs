//! What the router has learned, as it is kept and shared.
//!
//! Each process has a part of its own in the store, which it alone writes, and
//! reads those of others. Parts of processes that are gone are folded into one
//! by whoever notices, if nobody has written any of them since it was read.
//! Whoever finds its own part folded, having been idle or cut off for long,
//! begins a new one with what it has learned since it was kept last: so
//! nothing is lost and nothing counts twice. Only where the answer to a write
//! got lost, and the part was folded before the next one, that which was
//! written last counts twice.

mod others;
mod part;
mod ratings;

use std::sync::Arc;

use jiff::Timestamp;

use self::part::Part;
use super::experience::{AnswerLesson, Experience};
use super::taught::Feedback;
use crate::domain::{PartName, PartVersion};

pub use self::others::{Fold, Others, Reader};

/// Names below are those of parts of the past, one for each form.
const FIRST_NAME: u128 = 1 << 32;

/// What this process and others have learned.
#[derive(Clone, Debug)]
pub struct RouterState {
    /// The name of the own part.
    name: PartName,
    /// The version of the own part that was kept; `None` if it is not there.
    kept: Option<PartVersion>,
    own: Arc<Part>,
    /// What of the own part is new since it was last on its way to the store.
    fresh: Lessons,
    /// What of it is on its way, or did not arrive for all that is known.
    sent: Lessons,
    others: Others,
    /// All parts together.
    experience: Experience,
}

/// What was learned from some time on.
#[derive(Clone, Debug, Default)]
struct Lessons {
    since: Option<Timestamp>,
    part: Part,
}

/// What became of feedback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It counts.
    New {
        /// The score that it replaces.
        replaced: Option<f32>,
    },
    /// Something was said later.
    Outdated,
}

/// The own part, on its way to the store.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// Its name.
    pub name: PartName,
    /// Whether the store has it, so that it is to be replaced there.
    pub is_kept: bool,
    part: Arc<Part>,
}

impl RouterState {
    /// Begins with nothing. `name` is unlike that of any other process.
    pub fn new(name: u128) -> Self {
        Self {
            name: PartName(name.max(FIRST_NAME)),
            kept: None,
            own: Arc::default(),
            fresh: Lessons::default(),
            sent: Lessons::default(),
            others: Others::default(),
            experience: Experience::default(),
        }
    }

    /// Returns what answers have been like.
    pub const fn experience(&self) -> &Experience {
        &self.experience
    }

    /// Learns from an answer.
    pub fn learn(&mut self, lesson: &AnswerLesson<'_>, now: Timestamp) {
        let counts = self.experience.counts(lesson, now);
        let own = &mut Arc::make_mut(&mut self.own).experience;
        for experience in [own, &mut self.experience, &mut self.fresh.part.experience] {
            experience.learn(lesson, counts, now);
        }
        self.fresh.since.get_or_insert(now);
    }

    /// Takes feedback in place of an earlier one on the same answer.
    pub fn take(&mut self, feedback: Feedback, now: Timestamp) -> Taken {
        let taken = Arc::make_mut(&mut self.own).take(feedback.clone());
        if taken != Taken::Outdated {
            self.fresh.part.take(feedback);
            self.fresh.since.get_or_insert(now);
        }
        taken
    }

    /// Gives an answer with feedback another name, as it is gone and what
    /// comes in its place is another one.
    pub fn rename(&mut self, call: u128, name: u128) {
        Arc::make_mut(&mut self.own).rename(call, name);
        self.fresh.part.rename(call, name);
    }

    /// Lists the latest feedback, of all parts, one for each call.
    pub fn feedback(&self) -> Vec<Feedback> {
        let parts = self.others.parts().chain([&self.own]);
        let mut all: Vec<Feedback> = parts.flat_map(|part| &part.feedback).cloned().collect();
        ratings::bound(&mut all);
        all
    }

    /// Returns since when nothing of what was learned here is kept; `None` if
    /// all is.
    pub fn unsaved_since(&self) -> Option<Timestamp> {
        self.sent.since.or(self.fresh.since)
    }

    /// Returns the own part as it is to be kept; `None` if it is. It is on its
    /// way until [`RouterState::was_saved`], and before that this may be asked
    /// again.
    pub fn unsaved(&mut self, now: Timestamp) -> Option<Unsaved> {
        self.unsaved_since()?;
        let fresh = std::mem::take(&mut self.fresh);
        self.sent.part.merge(&fresh.part, now);
        self.sent.since = self.sent.since.or(fresh.since);
        Some(Unsaved {
            name: self.name,
            is_kept: self.kept.is_some(),
            part: Arc::clone(&self.own),
        })
    }

    /// Notes that what was on its way has arrived.
    pub fn was_saved(&mut self, version: PartVersion) {
        self.kept = Some(version);
        self.sent = Lessons::default();
    }

    /// Notes that others have folded the own part. What they did not have is
    /// the beginning of another one.
    pub fn was_folded(&mut self, now: Timestamp) {
        let mut own = std::mem::take(&mut self.sent.part);
        own.merge(&self.fresh.part, now);
        self.sent.since = self.unsaved_since();
        self.kept = None;
        self.fresh = Lessons::default();
        self.sent.part = own.clone();
        self.own = Arc::new(own);
    }

    /// Returns the versions of parts that need not be read again.
    pub fn known(&self) -> Vec<PartVersion> {
        self.others.versions().chain(self.kept).collect()
    }

    /// Returns what reads the parts of others.
    pub fn reader(&self) -> Reader {
        self.others.reader(self.name)
    }

    /// Takes in what others have learned.
    pub fn take_in(&mut self, others: Others, now: Timestamp) {
        match others.own {
            Some(version) => self.kept = Some(version),
            None if self.kept.is_some() => self.was_folded(now),
            None => {}
        }
        self.others = others;
        let parts = self.others.parts_mut().chain([&mut self.own]);
        ratings::bound_together(parts.collect(), now);
        self.experience.clone_from(&self.others.experience);
        self.experience.merge(&self.own.experience, now);
    }
}

impl Unsaved {
    /// Writes what is to be kept, which takes a while where it is much.
    ///
    /// # Errors
    /// It cannot be written, which is a fault of ours.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.part.to_bytes()
    }
}

#[cfg(test)]
mod tests;
