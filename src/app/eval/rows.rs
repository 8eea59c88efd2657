//! Rows of JSONL files.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::EvalError;

/// What names a row: a text or a number, given back as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(serde_json::Number),
}

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    path: &'a Path,
    line: usize,
}

impl Place<'_> {
    /// Says what is wrong there.
    pub(super) fn fault(self, reason: impl std::fmt::Display) -> EvalError {
        EvalError::Input(format!("{}:{}: {reason}", self.path.display(), self.line))
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
    let mut rows = Vec::new();
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let place = Place { path, line };
        let row = serde_json::from_slice(bytes).map_err(|fault| place.fault(reason(&fault)))?;
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
