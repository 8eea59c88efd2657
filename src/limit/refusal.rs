//! Says to callers what their limits refuse.

use std::time::Duration;

use crate::domain::{Error, ErrorKind, LimitRefusal, LimitScope, Measure, NanoUsd, ProviderName};

/// When to come again where calls under way hold what is lacking: they last
/// seconds (chosen).
const UNDER_WAY: Duration = Duration::from_secs(1);
/// When to come again where the store does not answer, or not in time
/// (chosen: it is asked again after a second).
const STORE_AWAY: Duration = Duration::from_secs(1);

/// Makes the error of a limit's refusal. `bound` is what an attempt may cost.
pub(super) fn error(refusal: LimitRefusal, bound: NanoUsd) -> Error {
    match refusal {
        LimitRefusal::Rate {
            scope,
            measure,
            per_minute,
            retry_after,
        } => rate(&scope, measure, per_minute, Some(retry_after)),
        LimitRefusal::Budget {
            scope,
            window,
            cap,
            left,
            held,
            ends_after,
        } => {
            let period = match window {
                crate::domain::BudgetWindow::Total => String::new(),
                window => format!(" per {}", window.as_str()),
            };
            let may_come_back = left.saturating_add(held) >= bound;
            let retry_after = if bound > cap {
                None
            } else if may_come_back {
                Some(UNDER_WAY)
            } else {
                ends_after
            };
            let words = if bound > cap {
                "which is less than this call may cost at all"
            } else if may_come_back {
                "until calls under way have ended"
            } else {
                "which is less than this call may cost"
            };
            Error {
                is_retryable: retry_after.is_some(),
                retry_after,
                ..Error::new(
                    ErrorKind::PolicyBudgetExceeded,
                    format!(
                        "{} has {} left of a budget of {}{period}, {words}, up to {}",
                        whose(&scope),
                        dollars(left),
                        dollars(cap),
                        dollars(bound),
                    ),
                )
            }
        }
        LimitRefusal::Busy(_) => {
            overloaded("too many calls wait for the store that keeps the caller's limits")
        }
        LimitRefusal::Store(_) => {
            overloaded("the store that keeps the caller's budget does not answer just now")
        }
    }
}

fn overloaded(message: &str) -> Error {
    Error {
        is_retryable: true,
        retry_after: Some(STORE_AWAY),
        ..Error::new(ErrorKind::GatewayOverloaded, message)
    }
}

/// Makes the error of a rate that is used up; without a wait it never fits.
pub(super) fn rate(
    scope: &LimitScope,
    measure: Measure,
    per_minute: u64,
    retry_after: Option<Duration>,
) -> Error {
    let measure = measure.as_str();
    let message = match retry_after {
        Some(_) => format!(
            "{} may use {per_minute} {measure} per minute, and they are used up",
            whose(scope)
        ),
        None => format!(
            "{} may use {per_minute} {measure} per minute, which is less than this call needs",
            whose(scope)
        ),
    };
    Error {
        is_retryable: retry_after.is_some(),
        retry_after,
        ..Error::new(ErrorKind::PolicyRateLimited, message)
    }
}

/// Makes the error of a call that finds no place.
pub(super) fn crowded(scope: &LimitScope, most: u64) -> Error {
    Error {
        is_retryable: true,
        retry_after: Some(Duration::from_millis(250)),
        ..Error::new(
            ErrorKind::PolicyRateLimited,
            format!(
                "{} may have {most} calls in flight, and has them",
                whose(scope)
            ),
        )
    }
}

/// Makes the error of a vendor that takes but a share of the caller's rate.
pub(super) fn throttled(provider: &ProviderName, retry_after: Duration) -> Error {
    Error {
        is_retryable: true,
        retry_after: Some(retry_after),
        ..Error::new(
            ErrorKind::PolicyRateLimited,
            format!(
                "{provider} throttles this gateway, and the caller has used its share of what \
                 {provider} still takes"
            ),
        )
    }
}

/// Makes the error of an attempt whose cost cannot be bounded.
pub(super) fn unpriced(target: &str) -> Error {
    Error::new(
        ErrorKind::PolicyBlocked,
        format!("{target} has no price, and the caller has a budget"),
    )
}

fn whose(scope: &LimitScope) -> String {
    match scope {
        LimitScope::Caller(caller) => format!("caller {caller}"),
        LimitScope::Group(name) => format!("group {name}"),
        LimitScope::Global => "all callers together".to_owned(),
    }
}

fn dollars(amount: NanoUsd) -> String {
    let text = amount.to_string();
    // Two digits of cents at least, no zeros behind them.
    let (whole, nanos) = text.split_once('.').unwrap_or((&text, ""));
    let nanos = nanos.trim_end_matches('0');
    format!("{whole}.{nanos:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BudgetWindow, Caller};

    fn budget(left: i64, held: i64, ends: Option<u64>) -> LimitRefusal {
        LimitRefusal::Budget {
            scope: LimitScope::Caller(Caller::new("alice")),
            window: BudgetWindow::Day,
            cap: NanoUsd::new(100),
            left: NanoUsd::new(left),
            held: NanoUsd::new(held),
            ends_after: ends.map(Duration::from_secs),
        }
    }

    #[test]
    fn waiting_is_advised_where_it_helps() {
        let cases = [
            // (left, held, ends after, bound) → wait
            ((10, 0, Some(60)), 20, Some(60)),
            ((10, 50, Some(60)), 20, Some(1)),
            ((10, 0, None), 20, None),
            ((100, 0, Some(60)), 101, None),
        ];
        for ((left, held, ends), bound, wait) in cases {
            let error = error(budget(left, held, ends), NanoUsd::new(bound));

            assert_eq!(error.retry_after.map(|it| it.as_secs()), wait);
            assert_eq!(error.is_retryable, wait.is_some());
            assert_eq!(error.kind, ErrorKind::PolicyBudgetExceeded);
        }
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(dollars(NanoUsd::new(5_000_000_000)), "$5.00");
        assert_eq!(dollars(NanoUsd::new(1_234_500_000)), "$1.2345");
    }
}
