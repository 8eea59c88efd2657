//! What may be used: rate buckets, budgets, and holds on them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Caller, NanoUsd, RequestId, StoreError};

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitScope {
    /// One caller's, over all its keys.
    Caller(Caller),
    /// That of all callers of a group together.
    Group(Arc<str>),
    /// That of all callers together.
    Global,
}

impl fmt::Display for LimitScope {
    /// Writes what names the scope in a store: `caller:alice`, `group:team`,
    /// `global`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(caller) => write!(f, "caller:{caller}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Global => f.write_str("global"),
        }
    }
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Calls.
    Requests,
    /// Input and output tokens.
    Tokens,
}

impl Measure {
    /// Returns the measure's name in stores and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

/// A token bucket and how much to take out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Whose bucket.
    pub scope: LimitScope,
    /// What it counts.
    pub measure: Measure,
    /// How much flows in per minute, 1 or more.
    pub per_minute: u64,
    /// The most that it holds, 1 or more.
    pub burst: u64,
    /// How much to take, never more than `burst`.
    pub amount: u64,
}

/// The span of time that a budget covers, by the calendar of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetWindow {
    /// From the full hour on.
    Hour,
    /// From midnight on.
    Day,
    /// From the first of the month on.
    Month,
    /// For ever.
    Total,
}

impl BudgetWindow {
    /// Returns the window's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// Returns when the period around `now` began; the epoch for
    /// [`BudgetWindow::Total`].
    pub fn start(self, now: Timestamp) -> Timestamp {
        let here = Offset::UTC.to_datetime(now);
        let midnight = here.date().to_datetime(jiff::civil::Time::midnight());
        let start = match self {
            Self::Hour => {
                midnight + Duration::from_secs(3600 * u64::from(here.hour().unsigned_abs()))
            }
            Self::Day => midnight,
            Self::Month => here
                .date()
                .first_of_month()
                .to_datetime(jiff::civil::Time::midnight()),
            Self::Total => return Timestamp::UNIX_EPOCH,
        };
        instant(start).unwrap_or(now)
    }

    /// Returns when the period around `now` ends; `None` for
    /// [`BudgetWindow::Total`].
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        use jiff::ToSpan as _;
        let start = Offset::UTC.to_datetime(self.start(now));
        let end = match self {
            Self::Hour => start.checked_add(1.hour()),
            Self::Day => start.checked_add(1.day()),
            Self::Month => start.checked_add(1.month()),
            Self::Total => return None,
        };
        instant(end.ok()?)
    }
}

fn instant(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
}

/// A budget that an attempt has to fit into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Whose budget.
    pub scope: LimitScope,
    /// What it covers.
    pub window: BudgetWindow,
    /// The most that may be spent in one period.
    pub cap: NanoUsd,
}

/// A budget in one of its periods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetPeriod {
    /// Whose budget.
    pub scope: LimitScope,
    /// What it covers.
    pub window: BudgetWindow,
    /// When the period began.
    pub start: Timestamp,
}

/// Names an attempt: a call and the attempt's number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptId {
    /// The call.
    pub request: RequestId,
    /// The attempt's number within the call, from 0, and 1,000 for the call
    /// itself.
    pub attempt: u32,
}

impl AttemptId {
    /// Names what a call without an answered attempt enters into the ledger;
    /// no call has so many attempts.
    pub const fn of_call(request: RequestId) -> Self {
        Self {
            request,
            attempt: 1_000,
        }
    }
}

/// The most that an attempt can use, to be set aside before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The attempt.
    pub id: AttemptId,
    /// Who makes it.
    pub caller: Caller,
    /// Buckets to take from.
    pub draws: Vec<Draw>,
    /// Budgets to fit into, in the order of their scopes.
    pub budgets: Vec<Budget>,
    /// The most that it can cost.
    pub bound: NanoUsd,
    /// What it probably costs: booked if nobody ever tells.
    pub estimate: NanoUsd,
    /// When it must have ended, from now.
    pub lasts: Duration,
}

/// What was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The budgets that the attempt counts against, in the order of
    /// [`Hold::budgets`].
    pub budgets: Arc<[BudgetPeriod]>,
    /// What is left of each after it, in the same order.
    pub budgets_left: Vec<NanoUsd>,
    /// Tokens that the emptiest bucket has left; `None` without a bucket.
    pub tokens_left: Option<u64>,
}

/// What is left to a caller by its tightest limits; `None` where nothing is
/// limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Calls that the bucket holds.
    pub requests: Option<u64>,
    /// Tokens that the bucket holds.
    pub tokens: Option<u64>,
    /// Money that is neither spent nor set aside.
    pub budget: Option<NanoUsd>,
}

impl Allowance {
    /// Takes the tighter of each.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            }
        }
        Self {
            requests: least(self.requests, other.requests),
            tokens: least(self.tokens, other.tokens),
            budget: least(self.budget, other.budget),
        }
    }
}

/// What became of a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What was set aside.
    pub hold: Hold,
    /// What was granted for it.
    pub budgets: Arc<[BudgetPeriod]>,
    /// Tokens used, input and output.
    pub tokens: u64,
    /// What it cost for certain.
    pub cost: NanoUsd,
    /// What it may have cost beyond that; counts against the budget.
    pub possible: NanoUsd,
}

/// Why a store grants nothing.
#[derive(Clone, Debug, Error)]
pub enum LimitRefusal {
    /// A bucket holds too little.
    #[error("{scope}: {per_minute} {} per minute are used up", measure.as_str())]
    Rate {
        /// Whose bucket.
        scope: LimitScope,
        /// What it counts.
        measure: Measure,
        /// Its limit.
        per_minute: u64,
        /// When it will hold enough.
        retry_after: Duration,
    },
    /// A budget has too little left.
    #[error("{scope}: the budget of {cap} per {} has {left} left", window.as_str())]
    Budget {
        /// Whose budget.
        scope: LimitScope,
        /// What it covers.
        window: BudgetWindow,
        /// The most that may be spent in one period.
        cap: NanoUsd,
        /// What is neither spent nor set aside.
        left: NanoUsd,
        /// What is set aside for attempts under way, and may come back.
        held: NanoUsd,
        /// When the next period begins; `None` if there is none.
        ends_after: Option<Duration>,
    },
    /// The store answers others, but too many are waiting for it.
    #[error("too many wait for the store: {0}")]
    Busy(StoreError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn windows_follow_the_calendar_of_utc() {
        let now = at("2028-02-29T23:59:59.5Z");

        for (window, start, end) in [
            (
                BudgetWindow::Hour,
                "2028-02-29T23:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
            (
                BudgetWindow::Day,
                "2028-02-29T00:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
            (
                BudgetWindow::Month,
                "2028-02-01T00:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
        ] {
            assert_eq!(window.start(now), at(start));
            assert_eq!(window.end(now), Some(at(end)));
        }
        assert_eq!(BudgetWindow::Total.start(now), Timestamp::UNIX_EPOCH);
        assert_eq!(BudgetWindow::Total.end(now), None);
    }
}
