//! YAML text to values that know where they come from.

use config::{FileFormat, Format, Map, Value, ValueKind};
use serde_json::Value as Json;

use super::path::Path;

/// The deepest indentation, and the most list marks on one line. The parser
/// is recursive, so depth without a bound would overflow the stack.
const DEEPEST: usize = 200;
const MARKS: usize = 50;

/// Reads a YAML document whose root is a mapping; an empty one counts as an
/// empty mapping.
///
/// `origin` is what faults will name as the source of each value.
///
/// # Errors
/// A reason, with the line if the parser names one.
pub(super) fn parse(origin: &str, text: &str) -> Result<Map<String, Value>, String> {
    let text = text.trim_start_matches('\u{feff}');
    refuse_bombs(text)?;
    let is_empty = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    };
    if text.lines().all(is_empty) {
        return Ok(Map::new());
    }
    FileFormat::Yaml
        .parse(Some(&origin.to_owned()), text)
        .map_err(|fault| reason(&fault.to_string(), text))
}

/// Says what the parser found. It reads `.nan` and `.inf` as numbers, which
/// `config` then refuses without a line.
fn reason(fault: &str, text: &str) -> String {
    let number = fault
        .strip_prefix("Parsing ")
        .and_then(|rest| rest.strip_suffix(" as floating point number failed"));
    if let Some(number) = number {
        let lines = (1..).zip(text.lines());
        let found = lines.into_iter().find(|(_, line)| line.contains(number));
        let line = found.map_or(0, |(line, _)| line);
        return format!("line {line}: {number} is not a finite number");
    }
    format!("is not a YAML mapping: {fault}")
}

/// Reads one value, as it may stand in an environment variable.
///
/// # Errors
/// A reason.
pub(super) fn parse_value(origin: &str, text: &str) -> Result<Value, String> {
    // A block below a key takes scalars, flow and block collections alike.
    let indented = format!("value:\n  {}", text.replace('\n', "\n  "));
    let mut document = parse(origin, &indented).map_err(|reason| {
        // The position would count what was put around the text.
        let position = reason.find(" at byte ").unwrap_or(reason.len());
        reason
            .get(..position)
            .unwrap_or_default()
            .replace("a YAML mapping", "YAML")
    })?;
    Ok(document.remove("value").unwrap_or_default())
}

/// Refuses what would take the parser far more memory or stack than `text`
/// has bytes.
fn refuse_bombs(text: &str) -> Result<(), String> {
    for (number, line) in (1..).zip(text.lines()) {
        let body = line.trim_start();
        let marks = body
            .split_ascii_whitespace()
            .filter(|word| ["-", "?"].contains(word));
        if line.len() - body.len() > DEEPEST || marks.count() > MARKS {
            return Err(format!("line {number} is nested too deep"));
        }
        let mut before = ' ';
        for (position, c) in body.char_indices() {
            let name = body
                .get(position + 1..)
                .and_then(|rest| rest.chars().next());
            let is_start = before.is_whitespace() || "[{,".contains(before);
            if c == '&' && is_start && name.is_some_and(char::is_alphanumeric) {
                return Err(format!("line {number}: anchors (&…) are not supported"));
            }
            before = c;
        }
    }
    Ok(())
}

/// Tells which source a value was read from. A mapping that was merged has
/// several: then one that says something beyond the defaults.
pub(super) fn origin(value: &Value) -> Option<&str> {
    match &value.kind {
        ValueKind::Table(members) => members
            .values()
            .filter_map(origin)
            .min_by_key(|source| (source.starts_with(super::files::BUILT_IN_PREFIX), *source))
            .or_else(|| value.origin()),
        ValueKind::Array(members) => value.origin().or_else(|| members.iter().find_map(origin)),
        _ => value.origin(),
    }
}

/// Finds the source of the value at `path`, or of the nearest one around it
/// that exists.
pub(super) fn origin_at<'a>(root: &'a Value, path: &Path) -> Option<&'a str> {
    use super::path::Step;
    let mut here = root;
    let mut found = origin(root);
    for step in path.steps() {
        let next = match (step, &here.kind) {
            (Step::Key(key), ValueKind::Table(members)) => members.get(key),
            (Step::Index(index), ValueKind::Array(members)) => members.get(*index),
            _ => None,
        };
        let Some(next) = next else {
            break;
        };
        here = next;
        found = origin(here).or(found);
    }
    found
}

/// Drops members that say nothing (`key:` or `key: null`), so that a section
/// whose keys are all commented out does not wipe the defaults.
pub(super) fn drop_nulls(members: &mut Map<String, Value>) {
    members.retain(|_, value| {
        if let ValueKind::Table(inner) = &mut value.kind {
            drop_nulls(inner);
        }
        !matches!(value.kind, ValueKind::Nil)
    });
}

/// Turns a value into JSON, which is read without guessing: `config` itself
/// would take `"8080"` for a number and `4.7` for 5.
pub(super) fn to_json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Nil | ValueKind::I128(_) | ValueKind::U128(_) => Json::Null,
        ValueKind::Boolean(flag) => Json::Bool(*flag),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::U64(number) => Json::from(*number),
        // What is not finite was refused when its source was read.
        ValueKind::Float(number) => Json::from(*number),
        ValueKind::String(text) => Json::String(text.clone()),
        ValueKind::Array(members) => members.iter().map(to_json).collect(),
        ValueKind::Table(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), to_json(member)))
            .collect(),
    }
}
