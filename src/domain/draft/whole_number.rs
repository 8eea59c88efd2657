//! Whole numbers as JSON has them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Beyond it, floating-point numbers skip whole ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads an optional whole number, which may be written `10.0`: JSON Schema
/// calls that an integer too, and clients whose numbers are all
/// floating-point send it.
///
/// # Errors
/// What is no whole number, or outside the range of `T`.
pub fn whole_number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let exact = number
        .as_f64()
        .filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
    let whole = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| exact.map(|float| float as i128));
    whole
        .and_then(|whole| T::try_from(whole).ok())
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{number} is not a whole number in range")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Form {
        #[serde(default, deserialize_with = "whole_number")]
        count: Option<u64>,
    }

    fn read(json: &str) -> Result<Option<u64>, String> {
        serde_json::from_str::<Form>(json)
            .map(|form| form.count)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        assert_eq!(read(r#"{"count": 10}"#), Ok(Some(10)));
        assert_eq!(read(r#"{"count": 10.0}"#), Ok(Some(10)));
        assert_eq!(read(r#"{"count": 1e3}"#), Ok(Some(1_000)));
        assert_eq!(read(r#"{"count": null}"#), Ok(None));
        assert_eq!(read("{}"), Ok(None));
        for other in ["1.5", "-1", "1e30", "18446744073709551616"] {
            assert!(
                read(&format!(r#"{{"count": {other}}}"#)).is_err(),
                "{other}"
            );
        }
    }
}
