//! The vendors' wall clock, which follows tokio's.

use tokio::time::Instant;

/// 2026-11-22T00:00:00Z: a fixed start keeps answers the same from run to run.
const DEFAULT_START: u64 = 1_795_305_600;

/// A moment in whole seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    pub(crate) fn plus(self, seconds: u64) -> Self {
        Self(self.0 + seconds)
    }

    /// Returns the moment as RFC 3339 in UTC: `2026-11-22T00:00:00Z`.
    ///
    /// Days to date after Howard Hinnant's `civil_from_days`,
    /// <https://howardhinnant.github.io/date_algorithms.html>, for dates from
    /// 1970 on.
    pub(crate) fn rfc3339(self) -> String {
        let (days, second) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute) = (second / 3_600, second % 3_600 / 60);
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
            second % 60
        )
    }
}

/// Tells the time that vendors write into their answers.
#[derive(Debug)]
pub(crate) struct VendorClock {
    start: u64,
    began: Instant,
}

impl VendorClock {
    /// Starts a clock at `start` seconds since 1970, or at a fixed date.
    pub(crate) fn new(start: Option<u64>) -> Self {
        Self {
            start: start.unwrap_or(DEFAULT_START),
            began: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.start + self.began.elapsed().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let written = |seconds| Timestamp(seconds).rfc3339();

        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(written(DEFAULT_START), "2026-11-22T00:00:00Z");
    }
}
