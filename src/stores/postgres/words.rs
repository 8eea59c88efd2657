//! How the words of the domain are written in tables.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::{AttemptId, BudgetPeriod, BudgetWindow};

/// The largest number of anything that is counted: times the millionths of a
/// bucket it still fits into a `bigint`.
const LARGEST: i64 = 1_000_000_000_000;

/// Fits a count into what the tables can hold.
pub(super) fn bounded(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(LARGEST).clamp(0, LARGEST)
}

/// Returns a call's id as it is stored.
pub(super) const fn uuid(id: AttemptId) -> Uuid {
    Uuid::from_u128(id.request.bits())
}

/// Returns a window as it is stored.
pub(super) const fn span(window: BudgetWindow) -> i16 {
    match window {
        BudgetWindow::Hour => 0,
        BudgetWindow::Day => 1,
        BudgetWindow::Month => 2,
        BudgetWindow::Total => 3,
    }
}

/// Names a period, for finding it among others.
pub(super) type PeriodKey = (String, i16, i64);

/// Returns a period's name.
pub(super) fn period_key(period: &BudgetPeriod) -> PeriodKey {
    let start_us = period.start.as_microsecond();
    (period.scope.to_string(), span(period.window), start_us)
}

/// Returns a duration as it is stored.
pub(super) fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
