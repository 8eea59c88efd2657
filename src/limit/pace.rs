//! How fast money goes, beside how fast its period passes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::domain::{Budget, BudgetPeriod, BudgetWindow, LimitScope, NanoUsd};

/// The most budgets whose state is remembered.
const MAX_BUDGETS: usize = 20_000;
/// The share of a budget without a period that may be spent at any pace
/// (chosen).
const TOTAL_AT_ANY_PACE: f64 = 0.8;

/// What was last heard of each budget.
#[derive(Debug, Default)]
pub(super) struct Paces {
    heard: Mutex<HashMap<(LimitScope, BudgetWindow), Heard>>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    start: Timestamp,
    left: NanoUsd,
}

impl Paces {
    /// Takes note of what a period has left.
    pub(super) fn hear(&self, period: &BudgetPeriod, left: NanoUsd) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (period.scope.clone(), period.window);
        if heard.len() >= MAX_BUDGETS && !heard.contains_key(&key) {
            heard.clear();
        }
        let start = period.start;
        heard.insert(key, Heard { start, left });
    }

    /// Returns how much cost has to weigh more, 0 to 1: the share by which
    /// what was spent runs ahead of the period, of what the period has left.
    pub(super) fn pressure(&self, budgets: &[Budget], now: Timestamp) -> f64 {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let pressures = budgets.iter().map(|budget| {
            let heard = heard.get(&(budget.scope.clone(), budget.window));
            let start = budget.window.start(now);
            let heard = heard.filter(|heard| heard.start == start);
            heard.map_or(0.0, |heard| pressure(budget, heard.left, now))
        });
        pressures.fold(0.0, f64::max)
    }
}

fn pressure(budget: &Budget, left: NanoUsd, now: Timestamp) -> f64 {
    let cap = budget.cap.nanos().max(1) as f64;
    let spent = (1.0 - left.nanos() as f64 / cap).clamp(0.0, 1.0);
    let due = match budget.window.end(now) {
        None => TOTAL_AT_ANY_PACE,
        Some(end) => {
            let start = budget.window.start(now);
            let whole = end.duration_since(start).as_secs_f64();
            now.duration_since(start).as_secs_f64() / whole.max(1.0)
        }
    };
    ((spent - due) / (1.0 - due).max(1e-9)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u8) -> Timestamp {
        format!("2026-11-25T{hour:02}:00:00Z").parse().unwrap()
    }

    fn pressure_at(window: BudgetWindow, left_share: f64, hour: u8) -> f64 {
        let budget = Budget {
            scope: LimitScope::Global,
            window,
            cap: NanoUsd::new(1_000_000),
        };
        let paces = Paces::default();
        let period = BudgetPeriod {
            scope: LimitScope::Global,
            window,
            start: window.start(at(hour)),
        };
        paces.hear(&period, NanoUsd::new((1e6 * left_share) as i64));
        paces.pressure(&[budget], at(hour))
    }

    #[test]
    fn who_spends_ahead_of_time_feels_it() {
        assert_eq!(pressure_at(BudgetWindow::Day, 0.5, 12), 0.0);
        assert_eq!(pressure_at(BudgetWindow::Day, 0.25, 12), 0.5);
        assert_eq!(pressure_at(BudgetWindow::Day, 0.0, 12), 1.0);
        assert_eq!(pressure_at(BudgetWindow::Day, 0.9, 23), 0.0);
        assert_eq!(pressure_at(BudgetWindow::Total, 0.2, 1), 0.0);
        assert!((pressure_at(BudgetWindow::Total, 0.1, 1) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_new_period_begins_without() {
        let budget = Budget {
            scope: LimitScope::Global,
            window: BudgetWindow::Hour,
            cap: NanoUsd::new(100),
        };
        let paces = Paces::default();
        let period = BudgetPeriod {
            scope: LimitScope::Global,
            window: BudgetWindow::Hour,
            start: at(1),
        };
        paces.hear(&period, NanoUsd::ZERO);

        assert_eq!(paces.pressure(std::slice::from_ref(&budget), at(1)), 1.0);
        assert_eq!(paces.pressure(&[budget], at(2)), 0.0);
    }
}
