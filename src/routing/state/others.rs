//! What other processes have learned, and what becomes of their parts when
//! they are gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::part::{FORM, Part, Unread};
use super::ratings;
use crate::domain::{KeptPart, PartName, PartVersion};
use crate::routing::experience::Experience;

/// The part of those that are gone. A later form has another one, so that
/// programs of both forms can go on beside each other.
const PAST: PartName = PartName(FORM as u128);
/// After this time without a write the owner of a part is taken to be gone.
const GONE: Duration = Duration::from_hours(24);
/// Where many owners write no more, of processes that came and went or have
/// nothing to do, this time is enough: much longer than the pause between two
/// writes, so that hardly anybody who is busy is asked to begin a new part.
const SILENT: Duration = Duration::from_mins(15);
/// So many may be silent. With the part of the past there are never many more
/// than processes that write.
const MOST_SILENT: usize = 16;

/// The parts of other processes, as they were read last.
#[derive(Clone, Debug, Default)]
pub struct Others {
    parts: BTreeMap<PartName, Other>,
    /// The version of the own part, if it was there.
    pub(super) own: Option<PartVersion>,
    /// What answers have been like for all of them.
    pub(super) experience: Experience,
}

#[derive(Clone, Debug)]
struct Other {
    version: PartVersion,
    silent: Duration,
    part: Result<Arc<Part>, Unread>,
}

/// Reads the parts of other processes, away from those who decide.
#[derive(Clone, Debug)]
pub struct Reader {
    own: PartName,
    /// What was read before.
    parts: BTreeMap<PartName, Other>,
}

/// One part in place of those whose owners are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What it is in place of.
    pub folded: Vec<PartVersion>,
    /// Its name.
    pub name: PartName,
    /// What is in it.
    pub state: Vec<u8>,
}

impl Other {
    const fn is_later(&self) -> bool {
        matches!(self.part, Err(Unread::Later))
    }
}

impl Others {
    /// Returns how to read them again.
    pub(super) fn reader(&self, own: PartName) -> Reader {
        Reader {
            own,
            parts: self.parts.clone(),
        }
    }

    pub(super) fn versions(&self) -> impl Iterator<Item = PartVersion> {
        self.parts.values().map(|other| other.version)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Arc<Part>> {
        let parts = self.parts.values();
        parts.filter_map(|other| other.part.as_ref().ok())
    }

    pub(super) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Arc<Part>> {
        let parts = self.parts.values_mut();
        parts.filter_map(|other| other.part.as_mut().ok())
    }

    /// Makes one of the parts whose owners are gone; `None` if there are none,
    /// or as few as may be.
    pub fn fold(&self, now: Timestamp) -> Option<Fold> {
        let silent_for = |least: Duration| {
            let all = self.parts.iter().filter(move |(name, other)| {
                **name != PAST && other.silent > least && !other.is_later()
            });
            all.map(|(_, other)| other)
        };
        let least = if silent_for(SILENT).count() > MOST_SILENT {
            SILENT
        } else {
            GONE
        };
        silent_for(least).next()?;
        let past = self.parts.get(&PAST);
        if past.is_some_and(Other::is_later) {
            return None;
        }
        let mut folded = Part::default();
        let mut versions = Vec::new();
        for other in past.into_iter().chain(silent_for(least)) {
            versions.push(other.version);
            if let Ok(part) = &other.part {
                folded.merge(part, now);
            }
        }
        Some(Fold {
            folded: versions,
            name: PAST,
            state: folded.to_bytes().ok()?,
        })
    }
}

impl Reader {
    /// Reads what a store has. What it left out is as it was before. Takes a
    /// while where there is much that is new.
    pub fn read(mut self, kept: Vec<KeptPart>, now: Timestamp) -> Others {
        let mut read = Others::default();
        for kept in kept {
            if kept.name == self.own {
                read.own = Some(kept.version);
                continue;
            }
            let before = self.parts.remove(&kept.name);
            let part = match (kept.state, before) {
                (Some(bytes), before) => {
                    let part = Part::read(&bytes).map(Arc::new);
                    let said = before.and_then(|before| before.part.err());
                    tell(kept.name, part.as_ref().err().copied(), said);
                    part
                }
                (None, Some(before)) => before.part,
                (None, None) => continue,
            };
            let other = Other {
                version: kept.version,
                silent: kept.silent,
                part,
            };
            read.parts.insert(kept.name, other);
        }
        ratings::bound_together(read.parts_mut().collect(), now);
        let mut experience = Experience::default();
        for part in read.parts() {
            experience.merge(&part.experience, now);
        }
        read.experience = experience;
        read
    }
}

/// Says once of what is not read.
fn tell(name: PartName, fault: Option<Unread>, said: Option<Unread>) {
    let name = format_args!("{:032x}", name.0);
    match fault {
        Some(fault) if said == Some(fault) => {}
        Some(Unread::Later) => tracing::warn!(
            part = %name,
            "a later version of the gateway wrote a part of what the router learned; it is left alone"
        ),
        Some(Unread::Broken) => tracing::warn!(
            part = %name,
            "a part of what the router learned cannot be read and is given up"
        ),
        None => {}
    }
}
