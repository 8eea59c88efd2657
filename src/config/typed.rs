//! From values to types, going on past faults so that all are found.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::path::{Path, Step};

/// The most faults that are looked for in one document.
const ROUNDS: usize = 100;

/// What was read, and what was wrong on the way.
pub(super) struct Reading<T> {
    /// The value without what was at fault; `None` if too little was left.
    pub(super) value: Option<T>,
    /// Where and what.
    pub(super) faults: Vec<(Path, String)>,
}

/// Reads `tree` as a `T`. What does not fit is recorded, taken out, and the
/// rest read again, so that one fault hides no other.
pub(super) fn read<T: DeserializeOwned>(mut tree: Value) -> Reading<T> {
    let mut faults = Vec::new();
    let mut removed: Vec<Path> = Vec::new();
    for _ in 0..ROUNDS {
        let (place, reason) = match serde_path_to_error::deserialize::<_, T>(&tree) {
            Ok(value) => {
                return Reading {
                    value: Some(value),
                    faults,
                };
            }
            Err(fault) => (steps(fault.path()), fault.into_inner().to_string()),
        };
        let place = match unknown_key(&reason) {
            // The path of an unknown key ends at the mapping around it.
            Some(key) if !ends_with(&place, key) => place.key(key),
            _ => place,
        };
        let written = restored(&place, &removed);
        // A member that was taken out for its own fault is missed afterwards.
        let missing = missing_key(&reason).map(|key| written.key(key));
        if missing.is_none_or(|missing| !removed.contains(&missing)) {
            faults.push((written, plainly(&reason)));
        }
        let Some(taken) = take_out(&mut tree, &place) else {
            break;
        };
        removed.push(restored(&taken, &removed));
    }
    Reading {
        value: None,
        faults,
    }
}

fn steps(path: &serde_path_to_error::Path) -> Path {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn unknown_key(reason: &str) -> Option<&str> {
    let rest = reason.strip_prefix("unknown field `")?;
    rest.rsplit_once("`, expected").map_or_else(
        || rest.split_once('`').map(|(key, _)| key),
        |_| rest.split_once("`, ").map(|(key, _)| key),
    )
}

fn missing_key(reason: &str) -> Option<&str> {
    reason.strip_prefix("missing field `")?.strip_suffix('`')
}

fn ends_with(path: &Path, key: &str) -> bool {
    matches!(path.split_last(), Some((_, Step::Key(last))) if last == key)
}

/// Removes the value at `path`, or the nearest one around it that exists,
/// and returns where that was. The root stays.
fn take_out(tree: &mut Value, path: &Path) -> Option<Path> {
    let mut path = path.clone();
    loop {
        let (around, last) = path.split_last()?;
        let last = last.clone();
        let taken = match (find(tree, &around), &last) {
            (Some(Value::Object(members)), Step::Key(key)) => members.remove(key),
            (Some(Value::Array(members)), Step::Index(index)) if *index < members.len() => {
                Some(members.remove(*index))
            }
            _ => None,
        };
        if taken.is_some() {
            return Some(path);
        }
        path = around;
    }
}

fn find<'a>(tree: &'a mut Value, path: &Path) -> Option<&'a mut Value> {
    path.steps().iter().try_fold(tree, |here, step| match step {
        Step::Key(key) => here.get_mut(key.as_str()),
        Step::Index(index) => here.get_mut(*index),
    })
}

/// Counts indices as the document has them, given the places, in the
/// document's count, of members that were taken out of it.
pub(super) fn restored(path: &Path, taken: &[Path]) -> Path {
    let mut written = Path::default();
    for step in path.steps() {
        written = match step {
            Step::Key(key) => written.key(key),
            Step::Index(index) => {
                let mut gone: Vec<usize> = taken
                    .iter()
                    .filter_map(|path| match path.split_last() {
                        Some((around, Step::Index(index))) if around == written => Some(*index),
                        _ => None,
                    })
                    .collect();
                gone.sort_unstable();
                let count = |index, gone| if gone <= index { index + 1 } else { index };
                written.index(gone.into_iter().fold(*index, count))
            }
        };
    }
    written
}

/// Rewords serde's messages for people, without the value at fault, which
/// might be a secret in the wrong place.
fn plainly(reason: &str) -> String {
    let names = |text: &str| -> Vec<String> {
        let quoted = text.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    for (serde, ours, kinds) in [
        ("unknown field ", "unknown key", "keys"),
        ("unknown variant ", "unknown value", "values"),
    ] {
        let Some(rest) = reason.strip_prefix(serde) else {
            continue;
        };
        let mut names = names(rest);
        if names.is_empty() {
            break;
        }
        let wrong = names.remove(0);
        let shown: String = wrong
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect();
        return match nearest(&wrong, &names) {
            Some(near) => format!("{ours} `{shown}`; did you mean {near}?"),
            None if names.is_empty() => format!("{ours} `{shown}`; there are none here"),
            None => format!("{ours} `{shown}`; {kinds} here: {}", names.join(", ")),
        };
    }
    if let Some(key) = missing_key(reason) {
        return format!("{key} is missing");
    }
    if let Some((got, wanted)) = reason.rsplit_once(", expected ")
        && let Some(got) = got.strip_prefix("invalid type: ")
    {
        let kind = match got.split([' ', '`', '"']).next().unwrap_or_default() {
            "string" => "text",
            "integer" => "a number",
            "floating" => "a number with a fraction",
            "boolean" => "true or false",
            "sequence" => "a list",
            "map" => "a mapping",
            _ => "nothing",
        };
        return format!("must be {}, not {kind}", in_words(wanted));
    }
    if let Some((_, wanted)) = reason.rsplit_once(", expected ")
        && reason.starts_with("invalid value: ")
    {
        return format!("must be {}", in_words(wanted));
    }
    if reason == "invalid IP address syntax" {
        return "must be an IP address, as in 127.0.0.1".to_owned();
    }
    reason.to_owned()
}

fn in_words(wanted: &str) -> &str {
    match wanted {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a sequence" => "a list",
        "a string" => "text",
        "a map" => "a mapping",
        "a boolean" => "true or false",
        wanted if wanted.starts_with("struct ") => "a mapping",
        wanted => wanted,
    }
}

/// Finds the known name that is spelled most like `wrong`.
pub(super) fn nearest<'a>(wrong: &str, known: &'a [String]) -> Option<&'a str> {
    if wrong.chars().count() > 128 {
        return None;
    }
    let wrong = wrong.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&wrong, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.as_str())
}
