//! How long targets usually take to show something.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{Latencies, ModelId, ProviderName, Target};

/// After this time the older half is forgotten.
const HALF: Duration = Duration::from_mins(5);
/// The fewest waits that say something about the slowest of them.
const LEAST: u64 = 20;
/// The share of waits that is usual.
const USUAL: f64 = 0.95;

/// How an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Waiting {
    /// For its first piece.
    ForFirst,
    /// For all of it.
    ForWhole,
}

/// The waits of the last five to ten minutes, for each target. Bounded by the
/// catalogue.
#[derive(Debug, Default)]
pub(super) struct UsualWaits {
    targets: Mutex<HashMap<ProviderName, Models>>,
}

type Models = HashMap<(ModelId, Waiting), Halves>;

#[derive(Debug)]
struct Halves {
    since: Instant,
    present: Latencies,
    past: Latencies,
}

impl UsualWaits {
    /// Records a wait.
    pub(super) fn record(&self, target: &Target, waiting: Waiting, wait: Duration) {
        let now = Instant::now();
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let models = targets.entry(target.provider.clone()).or_default();
        let halves = models.entry((target.model.clone(), waiting));
        let halves = halves.or_insert_with(|| Halves {
            since: now,
            present: Latencies::default(),
            past: Latencies::default(),
        });
        if now.saturating_duration_since(halves.since) >= HALF {
            halves.since = now;
            halves.past = std::mem::take(&mut halves.present);
        }
        halves.present.add(wait);
    }

    /// Returns the wait that 95 of 100 do not exceed, if enough are known.
    pub(super) fn usual(&self, target: &Target, waiting: Waiting) -> Option<Duration> {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let halves = targets
            .get(&target.provider)?
            .get(&(target.model.clone(), waiting))?;
        let mut all = halves.present.clone();
        all.merge(&halves.past);
        let usual_ms = (all.count() >= LEAST).then(|| all.quantile_ms(USUAL))??;
        Duration::try_from_secs_f64(usual_ms / 1e3).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_usual_wait_is_known_after_twenty_and_forgotten_after_ten_minutes() {
        let waits = UsualWaits::default();
        let target = Target {
            provider: ProviderName::new("openai"),
            model: ModelId::new("m"),
            effort: None,
        };
        let usual = || waits.usual(&target, Waiting::ForWhole);
        for ms in 1..=19 {
            waits.record(&target, Waiting::ForWhole, Duration::from_millis(ms * 10));
        }
        assert_eq!(usual(), None);

        waits.record(&target, Waiting::ForWhole, Duration::from_millis(200));
        let known = usual().unwrap().as_secs_f64();
        tokio::time::advance(HALF).await;
        waits.record(&target, Waiting::ForWhole, Duration::ZERO);
        assert!(usual().is_some());
        tokio::time::advance(HALF).await;
        waits.record(&target, Waiting::ForWhole, Duration::ZERO);

        assert!((known - 0.19).abs() < 0.01, "{known}");
        assert_eq!(usual(), None);
        assert_eq!(waits.usual(&target, Waiting::ForFirst), None);
    }
}
