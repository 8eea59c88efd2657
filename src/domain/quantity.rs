//! Numbers that carry the proof of their range.

use thiserror::Error;

/// A number outside the range that its meaning allows.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{value} is not within {low}..={high}")]
pub struct OutOfRange {
    value: f64,
    low: f64,
    high: f64,
}

fn within(value: f64, low: f64, high: f64) -> Result<f64, OutOfRange> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(OutOfRange { value, low, high })
    }
}

/// A probability or share, within `0.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// Certainty, or the whole.
    pub const ONE: Self = Self(1.0);

    /// Returns the number within `0.0..=1.0`.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Brings any number into range; `NaN` becomes 0.
    pub fn clamped(value: f64) -> Self {
        Self(if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, 1.0)
        })
    }
}

impl TryFrom<f64> for Ratio {
    type Error = OutOfRange;

    fn try_from(value: f64) -> Result<Self, OutOfRange> {
        within(value, 0.0, 1.0).map(Self)
    }
}

/// A sampling temperature, within `0.0..=2.0`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Temperature(f64);

impl Temperature {
    /// Returns the number within `0.0..=2.0`.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Temperature {
    type Error = OutOfRange;

    fn try_from(value: f64) -> Result<Self, OutOfRange> {
        within(value, 0.0, 2.0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_out_of_every_range() {
        assert!(Ratio::try_from(f64::NAN).is_err());
        assert!(Temperature::try_from(f64::NAN).is_err());
        assert_eq!(Ratio::clamped(f64::NAN).get(), 0.0);
    }

    #[test]
    fn the_refusal_names_value_and_range() {
        let refusal = Temperature::try_from(9.0).unwrap_err().to_string();

        assert_eq!(refusal, "9 is not within 0..=2");
    }
}
