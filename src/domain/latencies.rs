//! Many durations in little room.

use std::fmt;
use std::time::Duration;

use sketches_ddsketch::{Config, DDSketch};

/// The form of the bytes, which is written before them.
const VERSION: u8 = 1;

/// Durations of which extremes, sum and count are exact and quantiles are
/// within 1 % (`DDSketch`, Masson et al. 2019, with its default relative
/// accuracy). About 450 bytes.
#[derive(Clone)]
pub struct Latencies {
    count: u64,
    sum: Duration,
    least: Duration,
    most: Duration,
    sketch: DDSketch,
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latencies")
            .field("count", &self.count)
            .field("sum", &self.sum)
            .field("extremes", &self.extremes())
            .finish_non_exhaustive()
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            count: 0,
            sum: Duration::ZERO,
            least: Duration::MAX,
            most: Duration::ZERO,
            sketch: DDSketch::new(Config::defaults()),
        }
    }
}

impl Latencies {
    /// Puts stored parts together again; `None` if `bytes` are not what
    /// [`Latencies::to_bytes`] wrote.
    pub fn from_parts(
        count: u64,
        sum: Duration,
        (least, most): (Duration, Duration),
        bytes: &[u8],
    ) -> Option<Self> {
        let (version, bytes) = bytes.split_first()?;
        let sketch = (*version == VERSION).then(|| DDSketch::from_java_bytes(bytes).ok())??;
        let mut whole = DDSketch::new(Config::defaults());
        // What is read back keeps no configuration and could not be merged.
        whole.merge(&sketch).ok()?;
        Some(Self {
            count,
            sum,
            least,
            most,
            sketch: whole,
        })
    }

    /// Adds one duration.
    pub fn add(&mut self, latency: Duration) {
        self.count += 1;
        self.sum = self.sum.saturating_add(latency);
        self.least = self.least.min(latency);
        self.most = self.most.max(latency);
        self.sketch.add(latency.as_secs_f64() * 1e3);
    }

    /// Adds all durations of another.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        // Both have the same configuration, which is all that can differ.
        let _ = self.sketch.merge(&other.sketch);
    }

    /// Returns how many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the sum of all.
    pub const fn sum(&self) -> Duration {
        self.sum
    }

    /// Returns the shortest and the longest; `None` if there is none.
    pub fn extremes(&self) -> Option<(Duration, Duration)> {
        (self.count > 0).then_some((self.least, self.most))
    }

    /// Returns the mean in milliseconds; `None` if there is none.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.as_secs_f64() * 1e3 / self.count as f64)
    }

    /// Returns a quantile, `share` in `0.0..=1.0`, in milliseconds and within
    /// 1 %; `None` if there is none.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let value = self.sketch.quantile(share).ok()??;
        let (least, most) = self.extremes()?;
        Some(value.clamp(least.as_secs_f64() * 1e3, most.as_secs_f64() * 1e3))
    }

    /// Writes what quantiles are read from.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.sketch.to_java_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for value in milliseconds {
            latencies.add(Duration::from_millis(value));
        }
        latencies
    }

    #[test]
    fn what_is_stored_and_merged_is_as_good_as_what_was_added() {
        let (low, high) = (of(1..=500), of(501..=1000));
        let (least, most) = high.extremes().unwrap();
        let stored =
            Latencies::from_parts(high.count(), high.sum(), (least, most), &high.to_bytes());
        let mut merged = low;

        merged.merge(&stored.unwrap());

        let whole = of(1..=1000);
        assert_eq!(merged.count(), 1000);
        assert_eq!(merged.mean_ms(), Some(500.5));
        for share in [0.0, 0.5, 0.95, 0.99, 1.0] {
            assert_eq!(merged.quantile_ms(share), whole.quantile_ms(share));
        }
        let median = merged.quantile_ms(0.5).unwrap();
        assert!((495.0..=505.0).contains(&median), "{median}");
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Latencies::default().quantile_ms(0.5), None);
        assert_eq!(Latencies::default().mean_ms(), None);
    }

    #[test]
    fn foreign_bytes_are_refused() {
        for bytes in [&[][..], &[9, 1, 2], &[1], &[1, 255, 255, 255]] {
            let parts = (Duration::ZERO, Duration::ZERO);
            assert!(Latencies::from_parts(1, Duration::ZERO, parts, bytes).is_none());
        }
    }
}
