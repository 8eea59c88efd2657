//! A count of tokens as vendors write it, sense or none.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// More tokens than any call can have; counts end here.
const MOST: u64 = 1 << 40;

/// A count that never fails to be read: an answer that is paid for must not be
/// lost over its bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenCount {
    /// The count; `None` if it is absent or no number.
    pub(super) value: Option<u64>,
    /// True if it made no sense and was brought into range.
    pub(super) is_odd: bool,
}

impl TokenCount {
    pub(super) fn or_zero(self) -> u64 {
        self.value.unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for TokenCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_f64();
        let count = value
            .as_u64()
            // Some servers write 3.0; `as` saturates, and NaN is not JSON.
            .or_else(|| number.map(|number| number.max(0.0).round() as u64));
        let is_odd = number.is_some_and(|number| number < 0.0 || number > MOST as f64)
            || (count.is_none() && !value.is_null());
        Ok(Self {
            value: count.map(|count| count.min(MOST)),
            is_odd,
        })
    }
}

/// Reads a group of counts, or takes it for empty: `null` and nonsense are no
/// reason to lose an answer.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Option<u64>, bool) {
        let count: TokenCount = serde_json::from_str(json).unwrap();
        (count.value, count.is_odd)
    }

    #[test]
    fn every_value_is_read_and_nonsense_is_marked() {
        assert_eq!(read("7"), (Some(7), false));
        assert_eq!(read("3.0"), (Some(3), false));
        assert_eq!(read("null"), (None, false));
        assert_eq!(read("-5"), (Some(0), true));
        assert_eq!(read("18446744073709551615"), (Some(MOST), true));
        assert_eq!(read("1e300"), (Some(MOST), true));
        for nonsense in [r#""12""#, "{}", "[1]", "true"] {
            assert_eq!(read(nonsense), (None, true), "{nonsense}");
        }
    }
}
