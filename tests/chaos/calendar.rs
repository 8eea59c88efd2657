//! A wall clock that follows virtual time, and can be moved.

use std::sync::atomic::{AtomicI64, Ordering};

use ai_gateway::domain::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// It begins on a day on which every model of the catalogue is served.
pub(crate) struct Calendar {
    began: Instant,
    moved_s: AtomicI64,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            moved_s: AtomicI64::new(0),
        }
    }
}

impl Calendar {
    /// Moves the clock, and nothing else, by so many seconds.
    pub(crate) fn jump(&self, seconds: i64) {
        self.moved_s.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Calendar {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        let moved = SignedDuration::from_secs(self.moved_s.load(Ordering::Relaxed));
        start + passed + moved
    }
}
