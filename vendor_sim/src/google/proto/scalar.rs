//! Values without members.

use serde_json::{Value, json};

use super::Kind;

/// Reads a value in any of its spellings; returns nothing if it has none of
/// this kind.
pub(super) fn read(kind: Kind, value: &Value) -> Option<Value> {
    match kind {
        Kind::Bool => boolean(value),
        Kind::Int32 => integer(value)
            .filter(|number| i32::try_from(*number).is_ok())
            .map(Value::from),
        Kind::Int64 => integer(value).map(Value::from),
        Kind::Float => float(value),
        Kind::Text => value.as_str().map(Value::from),
        Kind::Bytes => value
            .as_str()
            .filter(|text| is_base64(text))
            .map(Value::from),
        Kind::Enum(_, names) => constant(value, names).map(Value::from),
        Kind::Message(_) | Kind::MapOf(_) | Kind::Labels | Kind::Struct | Kind::Any => None,
    }
}

fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    }
}

/// A number without a fraction, in a string or not: `5`, `5.0`, `"5"`.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 not every whole number is an f64.
    let fits = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    fits.then_some(number as i64)
}

fn float(value: &Value) -> Option<Value> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    // A single-precision field cannot hold more.
    (number.abs() <= f64::from(f32::MAX)).then(|| json!(number))
}

/// A constant by its name, in any case. The real servers also take its
/// number, which nobody sends.
fn constant(value: &Value, names: &[&'static str]) -> Option<&'static str> {
    let text = value.as_str()?;
    let mut names = names.iter().copied();
    names.find(|name| name.eq_ignore_ascii_case(text))
}

/// Tells whether `text` is base64 in either alphabet, padded or not.
pub(super) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let complete = digits.len() % 4 != 1 && (padding == 0 || text.len().is_multiple_of(4));
    padding <= 2 && complete && digits.bytes().all(fits)
}
