//! How far semantic hits are trusted, by what judges said of them.

mod recall;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::settings::{SemanticSettings, Start};

/// The latest judged hits that count.
const WINDOW: usize = 500;
/// So many hits are all judged, then a share of them.
const ALL_JUDGED: usize = 150;
const JUDGED_SHARE: f64 = 0.02;
/// One wrong hit proves nothing.
const LEAST_WRONG: usize = 2;
/// Trust needs an upper bound of no more than this many times the limit.
const TRUSTED_WITHIN: f64 = 2.0;
/// The one-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.645;

/// How far semantic hits are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustState {
    /// As far as the verifier's threshold says.
    Trusted,
    /// Only those halfway between the threshold and certainty.
    Probation,
    /// Not at all: too many were wrong.
    Closed,
}

impl TrustState {
    /// Returns the state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Probation => "probation",
            Self::Closed => "closed",
        }
    }
}

/// The share of wrong semantic hits, as far as judges have looked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongShare {
    /// Judged hits that count, 500 or fewer.
    pub judged: usize,
    /// Those that were wrong.
    pub wrong: usize,
    /// One-sided 95 % bounds of the share, 0 to 1.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// Counts what judges say.
#[derive(Debug)]
pub(super) struct Trust {
    limit: f64,
    book: Mutex<Book>,
    /// Whether what an earlier process knew was asked for, and answered.
    has_recalled: AtomicBool,
    /// How many were judged by the book that is stored.
    kept: AtomicUsize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Book {
    state: TrustState,
    /// Whether each judged hit was wrong, the latest last.
    judged: VecDeque<bool>,
    /// All that were ever judged.
    total: usize,
    /// What the present state rests on, until there is newer evidence.
    grounds: Option<WrongShare>,
    /// Draws whether to judge.
    draw: u64,
}

impl Trust {
    pub(super) fn new(settings: &SemanticSettings) -> Self {
        let state = match settings.start {
            Start::Trusted => TrustState::Trusted,
            Start::Probation => TrustState::Probation,
        };
        Self {
            limit: settings.max_wrong_share,
            book: Mutex::new(Book {
                state,
                judged: VecDeque::new(),
                total: 0,
                grounds: None,
                draw: 0,
            }),
            has_recalled: AtomicBool::new(false),
            kept: AtomicUsize::new(0),
        }
    }

    pub(super) fn state(&self) -> TrustState {
        self.book().state
    }

    /// Returns the least confidence of a hit, where the verifier asks for
    /// `threshold`; `None` if there shall be none.
    pub(super) fn threshold(&self, threshold: f64) -> Option<f64> {
        match self.state() {
            TrustState::Trusted => Some(threshold),
            TrustState::Probation => Some(f64::midpoint(threshold, 1.0)),
            TrustState::Closed => None,
        }
    }

    /// Tells whether the next hit, or near miss, is to be judged: all hits
    /// while there is doubt.
    pub(super) fn wants_judgement(&self, is_hit: bool) -> bool {
        let mut book = self.book();
        book.draw = book.draw.wrapping_add(1);
        let is_doubtful = book.total < ALL_JUDGED || book.state != TrustState::Trusted;
        (is_hit && is_doubtful) || share(book.draw) < JUDGED_SHARE
    }

    /// Takes note of what a judge said of a hit. Returns the new state if
    /// there is one, and what it rests on.
    pub(super) fn judged(&self, is_wrong: bool) -> Option<(TrustState, WrongShare)> {
        let mut book = self.book();
        book.total = book.total.saturating_add(1);
        book.judged.push_back(is_wrong);
        if book.judged.len() > WINDOW {
            book.judged.pop_front();
        }
        let share = book.wrong_share();
        let is_proven = share.judged > 0 && share.high <= TRUSTED_WITHIN * self.limit;
        let next = match book.state {
            _ if share.wrong >= LEAST_WRONG && share.low > self.limit => TrustState::Closed,
            TrustState::Closed if is_proven => TrustState::Probation,
            TrustState::Probation if is_proven => TrustState::Trusted,
            state => state,
        };
        if next == book.state {
            return None;
        }
        if next == TrustState::Closed || book.state == TrustState::Closed {
            // What comes back has to prove itself anew.
            book.judged.clear();
            book.grounds = Some(share);
        }
        book.state = next;
        Some((next, share))
    }

    pub(super) fn wrong_share(&self) -> WrongShare {
        self.book().wrong_share()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn wrong_share(&self) -> WrongShare {
        let judged = self.judged.len();
        if let Some(grounds) = self.grounds.filter(|_| judged == 0) {
            return grounds;
        }
        let wrong = self.judged.iter().filter(|is_wrong| **is_wrong).count();
        let (low, high) = wilson(wrong, judged);
        WrongShare {
            judged,
            wrong,
            low,
            high,
        }
    }
}

/// Returns the one-sided 95 % Wilson bounds of a share.
fn wilson(hits: usize, all: usize) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let n = all as f64;
    let p = hits as f64 / n;
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (
        ((centre - spread) / scale).max(0.0),
        ((centre + spread) / scale).min(1.0),
    )
}

/// Scatters a count over 0 to 1 (splitmix64).
fn share(count: u64) -> f64 {
    let mut x = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(start: Start) -> Trust {
        Trust::new(&SemanticSettings {
            start,
            ..SemanticSettings::default()
        })
    }

    #[test]
    fn it_closes_on_what_is_shown_to_be_wrong_and_not_on_what_is_unknown() {
        for (wrong, within, closes) in [
            (1, 1, false),
            (2, 66, true),
            (2, 70, false),
            (3, 120, true),
            (5, 244, true),
        ] {
            let trust = trust(Start::Trusted);
            for at in 0..within {
                let is_wrong = at >= within - wrong;
                let _ = trust.judged(is_wrong);
            }
            assert_eq!(
                trust.state() == TrustState::Closed,
                closes,
                "{wrong} of {within}"
            );
        }
    }

    #[test]
    fn probation_ends_with_enough_that_is_right() {
        let trust = trust(Start::Probation);
        assert_eq!(trust.threshold(0.8), Some(0.9));

        let proven = (1..=500).find(|_| trust.judged(false).is_some());

        assert_eq!(proven, Some(133));
        assert_eq!(trust.threshold(0.8), Some(0.8));
    }

    #[test]
    fn what_closed_comes_back_through_probation() {
        let trust = trust(Start::Trusted);
        let _ = trust.judged(true);
        let closed = trust.judged(true);
        assert!(matches!(closed, Some((TrustState::Closed, share)) if share.wrong == 2));
        assert_eq!(trust.threshold(0.8), None);
        // Until there is newer evidence, what closed it is told.
        assert_eq!(trust.wrong_share().wrong, 2);
        assert!((0..1_000).all(|_| trust.wants_judgement(true)));

        let states: Vec<_> = (0..300).filter_map(|_| trust.judged(false)).collect();
        let states: Vec<_> = states.into_iter().map(|(state, _)| state).collect();

        assert_eq!(states, [TrustState::Probation, TrustState::Trusted]);
    }

    #[test]
    fn all_are_judged_at_first_and_few_later() {
        let trust = trust(Start::Trusted);
        for _ in 0..ALL_JUDGED {
            assert!(trust.wants_judgement(true));
            let _ = trust.judged(false);
        }

        for is_hit in [true, false] {
            let judged = (0..10_000)
                .filter(|_| trust.wants_judgement(is_hit))
                .count();
            assert!((150..250).contains(&judged), "{judged}");
        }
    }
}
