//! The vocabulary in the words of a table, the same in every store.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{BudgetWindow, Caller, ErrorKind, LimitScope, Outcome};

const ANSWERED: &str = "answered";
const ABANDONED: &str = "abandoned";

const ERROR_KINDS: [ErrorKind; 12] = [
    ErrorKind::CallerInvalidRequest,
    ErrorKind::CallerUnauthorized,
    ErrorKind::PolicyRateLimited,
    ErrorKind::PolicyBudgetExceeded,
    ErrorKind::PolicyBlocked,
    ErrorKind::ProviderRejected,
    ErrorKind::ProviderRateLimited,
    ErrorKind::ProviderTimeout,
    ErrorKind::ProviderUnavailable,
    ErrorKind::GatewayTimeout,
    ErrorKind::GatewayOverloaded,
    ErrorKind::GatewayInternal,
];

/// Names an outcome: `answered`, `abandoned`, or the type of the error.
pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => ANSWERED,
        Outcome::Abandoned => ABANDONED,
        Outcome::Failed(kind) => kind.as_str(),
    }
}

/// Reads what [`outcome_name`] wrote. A name from a later version counts as
/// a failure of ours.
pub(super) fn outcome_named(name: &str) -> Outcome {
    match name {
        ANSWERED => Outcome::Answered,
        ABANDONED => Outcome::Abandoned,
        _ => {
            let kind = ERROR_KINDS.into_iter().find(|kind| kind.as_str() == name);
            Outcome::Failed(kind.unwrap_or(ErrorKind::GatewayInternal))
        }
    }
}

/// Reads what the `Display` of a scope wrote; `None` if it did not.
pub(super) fn scope_named(name: &str) -> Option<LimitScope> {
    match name.split_once(':') {
        Some(("caller", caller)) => Some(LimitScope::Caller(Caller::new(caller))),
        Some(("group", group)) => Some(LimitScope::Group(group.into())),
        _ => (name == "global").then_some(LimitScope::Global),
    }
}

/// Every window of a budget, the shortest first.
pub(super) const WINDOWS: [BudgetWindow; 4] = [
    BudgetWindow::Hour,
    BudgetWindow::Day,
    BudgetWindow::Month,
    BudgetWindow::Total,
];

/// Finds a window by its name.
pub(super) fn window_named(name: &str) -> Option<BudgetWindow> {
    WINDOWS.into_iter().find(|window| window.as_str() == name)
}

/// Fits a count into a column of 64 bits with a sign; saturates.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads a count from a column; what is negative counts as none.
pub(super) fn count(int: i64) -> u64 {
    u64::try_from(int).unwrap_or(0)
}

/// Fits a duration into a column, in nanoseconds; saturates at 292 years.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Reads a duration from a column in nanoseconds.
pub(super) fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(count(nanos))
}

/// Returns the moment so many microseconds after the epoch; the epoch for
/// what no clock shows.
pub(super) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

/// Returns the moment so many seconds after the epoch; the epoch for what no
/// clock shows.
pub(super) fn instant_of_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in ERROR_KINDS {
            let outcome = Outcome::Failed(kind);
            assert_eq!(outcome_named(outcome_name(outcome)), outcome);
        }
        for scope in [
            LimitScope::Caller(Caller::new("a:b")),
            LimitScope::Group("team".into()),
            LimitScope::Global,
        ] {
            assert_eq!(scope_named(&scope.to_string()), Some(scope));
        }
        for window in WINDOWS {
            assert_eq!(window_named(window.as_str()), Some(window));
        }
    }
}
