//! How much what was learned some time ago still counts.

use jiff::Timestamp;

/// After this time what was learned counts half.
pub(super) const HALF_LIFE_S: i64 = 7 * 86_400;

/// Returns what counted 1 at `then_s`, in seconds since 1970, counts `now`, 0
/// to 1. A clock that was set back makes nothing count more.
pub(super) fn kept(then_s: i64, now: Timestamp) -> f64 {
    let age_s = now.as_second().saturating_sub(then_s).max(0);
    (-(age_s as f64) / HALF_LIFE_S as f64).exp2()
}
