//! Counts of the recent past.

use tokio::time::Instant;

const PARTS: usize = 10;

/// Counts two kinds of things over ten parts of `PART_S` seconds each. What is
/// older is forgotten by the clock alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Window<const PART_S: u64> {
    /// Where the count of parts begins.
    origin: Option<Instant>,
    parts: [Part; PARTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    number: u64,
    counts: [u32; 2],
}

impl<const PART_S: u64> Window<PART_S> {
    /// How far back it reaches at most, in seconds.
    pub(super) const SECONDS: u64 = PART_S * PARTS as u64;

    /// Adds to both counts.
    pub(super) fn add(&mut self, now: Instant, more: [u32; 2]) {
        self.origin.get_or_insert(now);
        let number = self.number(now);
        let place = usize::try_from(number % PARTS as u64).unwrap_or(0);
        let Some(part) = self.parts.get_mut(place) else {
            return;
        };
        if part.number != number {
            *part = Part {
                number,
                counts: [0; 2],
            };
        }
        part.counts = sum(part.counts, more);
    }

    /// Returns both counts.
    pub(super) fn counts(&self, now: Instant) -> [u32; 2] {
        let number = self.number(now);
        let is_fresh = |part: &&Part| part.number + PARTS as u64 > number;
        let fresh = self.parts.iter().filter(is_fresh);
        fresh.fold([0; 2], |all, part| sum(all, part.counts))
    }

    /// Numbers the part of the time in which `now` lies.
    fn number(&self, now: Instant) -> u64 {
        let origin = self.origin.unwrap_or(now);
        now.saturating_duration_since(origin).as_secs() / PART_S.max(1)
    }
}

fn sum([a, b]: [u32; 2], [c, d]: [u32; 2]) -> [u32; 2] {
    [a.saturating_add(c), b.saturating_add(d)]
}
