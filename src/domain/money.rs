//! Money as integers: amounts in nano-dollars, rates in pico-dollars.

use std::fmt;
use std::iter::Sum;

/// An amount of money in nano-dollars (10⁻⁹ USD).
///
/// One token of a $0.05-per-million model costs 50; micro-dollars would round
/// it to nothing. `i64` reaches ±9.2 billion dollars; sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount that can be said.
    pub const MAX: Self = Self(i64::MAX);

    /// Wraps an amount in nano-dollars.
    pub const fn new(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the amount in nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the amount in dollars, for people to read.
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Converts dollars, rounded to the nearest nano-dollar, or returns
    /// `None` for what is not finite, negative, or beyond [`Self::MAX`].
    pub fn try_from_usd(usd: f64) -> Option<Self> {
        let nanos = (usd * 1e9).round();
        (nanos.is_finite() && (0.0..i64::MAX as f64).contains(&nanos)).then_some(Self(nanos as i64))
    }

    /// Rounds an amount of pico-dollars half up, saturating.
    pub fn from_picos(picos: u128) -> Self {
        let nanos = picos.saturating_add(500) / 1000;
        Self(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Adds, saturating at the ends of the range.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns by how much it exceeds `bound`; zero if it does not.
    #[must_use]
    pub fn excess_over(self, bound: Self) -> Self {
        Self(self.0.saturating_sub(bound.0).max(0))
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        write!(
            f,
            "{sign}${}.{:09}",
            nanos / 1_000_000_000,
            nanos % 1_000_000_000
        )
    }
}

/// The price of one token in pico-dollars (10⁻¹² USD), which is the same
/// number as micro-dollars per million tokens.
///
/// Nano-dollars per token would be too coarse: a cached input rate of $0.0375
/// per million tokens is 37.5 nano-dollars a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PicoUsdPerToken(u64);

impl PicoUsdPerToken {
    /// Wraps a rate in pico-dollars per token.
    pub const fn new(picos: u64) -> Self {
        Self(picos)
    }

    /// Returns the rate as dollars per million tokens, for people.
    pub fn usd_per_million(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Returns what `tokens` cost at this rate, in pico-dollars.
    pub fn of(self, tokens: u64) -> u128 {
        u128::from(self.0) * u128::from(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picos_round_half_up_once() {
        assert_eq!(NanoUsd::from_picos(1_499), NanoUsd::new(1));
        assert_eq!(NanoUsd::from_picos(1_500), NanoUsd::new(2));
        assert_eq!(NanoUsd::from_picos(u128::MAX), NanoUsd::MAX);
    }

    #[test]
    fn nothing_exceeds_what_is_as_much() {
        let excess = |amount, bound| NanoUsd::new(amount).excess_over(NanoUsd::new(bound));

        assert_eq!(excess(5, 3), NanoUsd::new(2));
        assert_eq!(excess(3, 3), NanoUsd::ZERO);
        assert_eq!(excess(3, 5), NanoUsd::ZERO);
        assert_eq!(excess(i64::MIN, i64::MAX), NanoUsd::ZERO);
        assert_eq!(excess(i64::MAX, -1), NanoUsd::MAX);
    }

    #[test]
    fn dollars_that_cannot_be_an_amount_are_refused() {
        for usd in [f64::NAN, f64::INFINITY, -0.01, 1e300] {
            assert_eq!(NanoUsd::try_from_usd(usd), None, "{usd}");
        }
        assert_eq!(NanoUsd::try_from_usd(0.5), Some(NanoUsd::new(500_000_000)));
    }

    #[test]
    fn amounts_read_as_dollars() {
        assert_eq!(NanoUsd::new(-1_000_000_001).to_string(), "-$1.000000001");
    }
}
