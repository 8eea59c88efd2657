//! Outcomes of the last half minute.

use std::time::Duration;

use tokio::time::Instant;

/// Ten parts of three seconds each.
const PARTS: usize = 10;
const PART: Duration = Duration::from_secs(3);

/// Counts failures and outcomes. What is older than the window is forgotten
/// by the clock alone, so somebody who is not asked becomes unknown again.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Where the count of parts begins.
    origin: Option<Instant>,
    parts: [Part; PARTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    number: u64,
    failed: u32,
    all: u32,
}

impl Window {
    pub(super) fn succeeded(&mut self, now: Instant) {
        self.count(now, 0);
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.count(now, 1);
    }

    /// Returns how many failed, of how many.
    pub(super) fn counts(&self, now: Instant) -> (u32, u32) {
        let Some(origin) = self.origin else {
            return (0, 0);
        };
        let number = number(origin, now);
        let fresh = self
            .parts
            .iter()
            .filter(|part| part.all > 0 && part.number + PARTS as u64 > number);
        fresh.fold((0, 0), |(failed, all), part| {
            (failed + part.failed, all + part.all)
        })
    }

    fn count(&mut self, now: Instant, failed: u32) {
        let number = number(*self.origin.get_or_insert(now), now);
        let place = usize::try_from(number % PARTS as u64).unwrap_or(0);
        let Some(part) = self.parts.get_mut(place) else {
            return;
        };
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part.all = part.all.saturating_add(1);
        part.failed = part.failed.saturating_add(failed);
    }
}

/// Numbers the part of the time in which `now` lies.
fn number(origin: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(origin).as_secs() / PART.as_secs()
}
