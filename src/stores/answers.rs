//! What all stores hold about the answers that they keep: how much one takes,
//! how much all may take, and which vectors can be compared.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{StoredAnswer, StoredVector};

/// What a row takes beside its body and its vector: keys, times and its lines
/// in five indexes (measured 2026-11-26 without a body: 320 bytes in SQLite;
/// with 1,500 bytes and what its page has left: 810 in Postgres).
const ROW_BYTES: usize = 512;
/// The most coordinates of a vector, which is pgvector's limit.
const MAX_DIMENSIONS: usize = 16_000;
/// What is filled between two looks at the whole, as a part of the bound.
const LOOK: u64 = 32;

/// Returns about how much an answer takes, in bytes.
pub(super) fn size_bytes(answer: &StoredAnswer) -> u64 {
    let vector = usable(answer).map_or(0, |vector| size_of_val(vector.values.as_slice()) + 32);
    (ROW_BYTES + answer.body.len() + vector) as u64
}

/// Returns an answer's vector, if it is one that can be compared.
pub(super) fn usable(answer: &StoredAnswer) -> Option<&StoredVector> {
    let vector = answer.vector.as_ref();
    vector.filter(|vector| is_comparable(&vector.values))
}

/// Tells whether coordinates can be compared with others of their space.
pub(super) fn is_comparable(values: &[f32]) -> bool {
    (1..=MAX_DIMENSIONS).contains(&values.len()) && values.iter().all(|value| value.is_finite())
}

/// How much all answers may take, and when to look whether they do: what they
/// take is not worth counting after each of them.
#[derive(Debug)]
pub(super) struct Room {
    max_bytes: u64,
    since_look: AtomicU64,
}

impl Room {
    /// Takes the bound.
    pub(super) const fn new(max_bytes: u64) -> Self {
        Self {
            max_bytes,
            since_look: AtomicU64::new(0),
        }
    }

    /// Returns down to how many bytes to remove: so far below the bound that
    /// it holds until the next look.
    pub(super) const fn goal(&self) -> u64 {
        self.max_bytes / 16 * 15
    }

    /// Notes that an answer was kept.
    pub(super) fn note(&self, bytes: u64) {
        self.since_look.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells whether to look, after which it is not due for a while.
    pub(super) fn take_due(&self) -> bool {
        let is_due = self.since_look.load(Ordering::Relaxed) >= self.max_bytes / LOOK;
        if is_due {
            self.since_look.store(0, Ordering::Relaxed);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_is_due_before_the_bound_is_passed() {
        let room = Room::new(32_000);

        assert!(!room.take_due());
        room.note(999);
        assert!(!room.take_due());
        room.note(1);

        assert!(room.take_due());
        assert!(!room.take_due());
        assert!(room.goal() + 1_000 < 32_000);
    }

    #[test]
    fn what_is_no_vector_is_not_compared() {
        assert!(is_comparable(&[0.6, 0.8]));
        for values in [
            vec![],
            vec![f32::NAN],
            vec![f32::INFINITY],
            vec![0.1; 16_001],
        ] {
            assert!(!is_comparable(&values));
        }
    }
}
