//! Keys, from a variable or from the file that a variable names.

use std::path::Path;

use super::fault::Report;
use super::files;
use super::sources::Sources;
use crate::domain::Secret;

/// The largest file that holds a key, and the longest key, in bytes.
const LARGEST_FILE: u64 = 64 << 10;
const LONGEST_KEY: usize = 4_096;

/// Reads the key in `name`, or in the file that `<name>_FILE` names.
///
/// Text from a file loses the blanks around it. A key that no HTTP header
/// can carry is a fault, which does not show it.
pub(super) fn read(name: &str, sources: &Sources, report: &mut Report) -> Option<Secret> {
    let file_name = format!("{name}_FILE");
    let value = sources.variable(name, report);
    if let Some(value) = value {
        report.hide(value);
    }
    let key = match (value, sources.variable(&file_name, report)) {
        (Some(_), Some(_)) => {
            report.variable(name, format!("is set, and so is {file_name}; unset one"));
            return None;
        }
        (Some(key), None) => key.to_owned(),
        (None, Some(path)) => from_file(&file_name, path, report)?,
        (None, None) => return None,
    };
    let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible && key.len() <= LONGEST_KEY {
        return Some(Secret::new(key));
    }
    let reason = format!(
        "a key has 1 to {LONGEST_KEY} visible ASCII characters; this one has blanks, control \
         characters, others or too many"
    );
    report.variable(name, reason);
    None
}

fn from_file(variable: &str, path: &str, report: &mut Report) -> Option<String> {
    let reason = match files::read_text(Path::new(path), LARGEST_FILE) {
        Ok(Some(text)) if !text.trim().is_empty() => {
            report.hide(text.trim());
            return Some(text.trim().to_owned());
        }
        Ok(Some(_)) => "is empty".to_owned(),
        Ok(None) => "does not exist".to_owned(),
        Err(reason) => reason,
    };
    report.variable(variable, format!("the file {path} {reason}"));
    None
}
