//! Which feedback is kept of all that was given.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::part::Part;
use crate::routing::fading::HALF_LIFE_S;
use crate::routing::taught::Feedback;

/// The most feedback that is kept, of all parts together and of each: with so
/// much a decision takes less than 200 µs (`benches/routing.rs`).
pub(super) const MAX_FEEDBACK: usize = 2_000;
/// Feedback of that age weighs less than half a percent, and goes.
const FADED_S: i64 = 8 * HALF_LIFE_S;

/// Keeps the latest on each call: of more than there is room for, the oldest
/// goes of the caller who has given most, so that nobody crowds the others
/// out.
pub(super) fn bound(feedback: &mut Vec<Feedback>) {
    feedback.sort_by_key(|given| given.at_s);
    if let Some(stays) = Kept::of(feedback.iter(), i64::MIN).choose(feedback) {
        retain(feedback, stays);
    }
}

/// Keeps in all parts together what [`bound`] would of one list, and what has
/// not faded. A part that keeps all of its own is not copied.
pub(super) fn bound_together(parts: Vec<&mut Arc<Part>>, now: Timestamp) {
    let faded_s = now.as_second().saturating_sub(FADED_S);
    let all = parts.iter().flat_map(|part| &part.feedback);
    let mut kept = Kept::of(all, faded_s);
    // What was given twice in a second counts as it was given last.
    for part in parts.into_iter().rev() {
        if let Some(stays) = kept.choose(&part.feedback) {
            retain(&mut Arc::make_mut(part).feedback, stays);
        }
    }
}

fn retain(feedback: &mut Vec<Feedback>, stays: Vec<bool>) {
    let mut stays = stays.into_iter();
    feedback.retain(|_| stays.next() == Some(true));
}

/// What is kept and was not met yet, by call and time.
struct Kept(HashSet<(u128, i64)>);

impl Kept {
    fn of<'a>(all: impl Iterator<Item = &'a Feedback>, faded_s: i64) -> Self {
        let mut seen = HashSet::new();
        let mut latest: Vec<&Feedback> = all.filter(|given| given.at_s >= faded_s).collect();
        latest.sort_by_key(|given| Reverse((given.at_s, given.call)));
        latest.retain(|given| seen.insert(given.call));
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for given in &latest {
            *counts.entry(given.caller).or_default() += 1;
        }
        let most = counts.iter().map(|(caller, count)| (*count, *caller));
        let mut most: BinaryHeap<(usize, u64)> = most.collect();
        for _ in MAX_FEEDBACK..latest.len() {
            if let Some((count, caller)) = most.pop() {
                most.push((count.saturating_sub(1), caller));
            }
        }
        let mut room: HashMap<u64, usize> =
            most.into_iter().map(|(n, caller)| (caller, n)).collect();
        latest.retain(|given| match room.get_mut(&given.caller) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        });
        Self(
            latest
                .iter()
                .map(|given| (given.call, given.at_s))
                .collect(),
        )
    }

    /// Tells of each whether it stays, the last of equals; `None` if all do.
    fn choose(&mut self, feedback: &[Feedback]) -> Option<Vec<bool>> {
        let latest = feedback.iter().rev();
        let stays = latest.map(|given| self.0.remove(&(given.call, given.at_s)));
        let mut stays: Vec<bool> = stays.collect();
        stays.reverse();
        stays.contains(&false).then_some(stays)
    }
}
