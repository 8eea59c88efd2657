//! Rows of JSONL files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::EvalError;
use super::mend::mend;

/// What some editors and tools begin a file of UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What names a row: a text or a number of any size, given back as it came.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Id(Box<RawValue>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'"' | b'-' | b'0'..=b'9') => Ok(Self(raw)),
            _ => Err(D::Error::custom("`id` is neither a text nor a number")),
        }
    }
}

/// A value that may be anything, so that an odd one spoils no row.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Anything(Box<RawValue>);

impl Anything {
    /// Returns it as a `T`, if it is one.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }
}

/// Takes a text; anything else is none.
///
/// # Errors
/// What is no JSON.
pub(super) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(Anything::deserialize(d)?.read())
}

/// A row in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    path: &'a Path,
    line: usize,
    text: &'a str,
}

impl Place<'_> {
    /// Says what is wrong there.
    pub(super) fn fault(self, reason: impl std::fmt::Display) -> EvalError {
        EvalError::Input(format!("{}:{}: {reason}", self.path.display(), self.line))
    }

    /// Returns a field of the row that its type does not have; `null` is none.
    pub(super) fn field(self, name: &str) -> Option<Value> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(self.text).ok()?;
        let value: Value = serde_json::from_str(fields.get(name)?.get()).ok()?;
        (!value.is_null()).then_some(value)
    }
}

/// Reads every row of a file; lines of blanks are none.
///
/// # Errors
/// [`EvalError::Input`] that names the file, or the line that is no such row.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, EvalError> {
    read_with(path, |row, _| Ok(row))
}

/// Reads every row of a file and makes something of each.
///
/// # Errors
/// As [`read`], and what `make` says.
pub(super) fn read_with<T: DeserializeOwned, U>(
    path: &Path,
    mut make: impl FnMut(T, Place<'_>) -> Result<U, EvalError>,
) -> Result<Vec<U>, EvalError> {
    let unreadable = |fault| EvalError::Input(format!("cannot read {}: {fault}", path.display()));
    let bytes = fs::read(path).map_err(unreadable)?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let mut rows = Vec::new();
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let place = |text| Place { path, line, text };
        let text = std::str::from_utf8(bytes).map_err(|fault| {
            let column = fault.valid_up_to() + 1;
            place("").fault(format!("not UTF-8 (column {column})"))
        })?;
        let text = mend(text);
        let place = place(&text);
        let row = serde_json::from_str(&text).map_err(|fault| place.fault(reason(&fault)))?;
        rows.push(make(row, place)?);
    }
    Ok(rows)
}

/// Leaves out the place that serde gives, for it is within the line.
fn reason(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let column = fault.column();
    format!("{} (column {column})", text.get(..end).unwrap_or(&text))
}
