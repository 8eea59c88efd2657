//! `${VARIABLE}` in strings.

use config::{Value, ValueKind};

use super::document;
use super::fault::Report;
use super::path::Path;
use super::sources::Sources;

/// Replaces each `${VARIABLE}` in the strings below `value`, and refuses
/// numbers that are not finite.
///
/// A string that is nothing but one variable takes the variable's type, so
/// `port: ${MY_PORT}` is a number. `$${` stands for `${`. A member at
/// fault is dropped, so that the layer below shows through.
pub(super) fn expand(
    value: &mut Value,
    source: &str,
    path: &Path,
    sources: &Sources,
    report: &mut Report,
) {
    match &mut value.kind {
        ValueKind::String(text) if text.contains("${") => match expanded(text, sources, report) {
            Ok(kind) => value.kind = kind,
            Err(reason) => {
                super::fault_at(report, source, path, reason);
                value.kind = ValueKind::Nil;
            }
        },
        ValueKind::Float(number) if !number.is_finite() => {
            super::fault_at(report, source, path, "must be a finite number");
            value.kind = ValueKind::Nil;
        }
        ValueKind::Table(members) => {
            members.retain(|key, member| {
                let was_null = matches!(member.kind, ValueKind::Nil);
                expand(member, source, &path.key(key), sources, report);
                was_null || !matches!(member.kind, ValueKind::Nil)
            });
        }
        ValueKind::Array(members) => {
            let mut index = 0..;
            members.retain_mut(|member| {
                let was_null = matches!(member.kind, ValueKind::Nil);
                let place = path.index(index.next().unwrap_or_default());
                expand(member, source, &place, sources, report);
                was_null || !matches!(member.kind, ValueKind::Nil)
            });
        }
        _ => {}
    }
}

fn expanded(text: &str, sources: &Sources, report: &mut Report) -> Result<ValueKind, String> {
    let mut result = String::new();
    let mut rest = text;
    let mut is_whole = false;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = after;
            continue;
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err("`${` without `}`; write `$${` for the characters themselves".to_owned());
        };
        is_whole = result.is_empty() && before.is_empty() && after.is_empty();
        result.push_str(before);
        result.push_str(variable(name, sources, report)?);
        rest = after;
    }
    result.push_str(rest);
    let scalar = is_whole.then(|| document::parse_value("", &result).ok());
    Ok(match scalar.flatten().map(|value| value.kind) {
        Some(kind @ (ValueKind::I64(_) | ValueKind::Float(_) | ValueKind::Boolean(_))) => kind,
        _ => ValueKind::String(result),
    })
}

fn variable<'a>(name: &str, sources: &'a Sources, report: &mut Report) -> Result<&'a str, String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    if !is_name {
        let shown: String = name.chars().take(40).collect();
        return Err(format!("{shown:?} is not the name of a variable"));
    }
    if sources.unreadable.contains(name) {
        return Err(format!("the value of {name} is not UTF-8"));
    }
    let value = sources
        .value(name)
        .ok_or_else(|| format!("{name} is not set"))?;
    let hints = ["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH"];
    let upper = name.to_ascii_uppercase();
    if hints.iter().any(|hint| upper.contains(hint)) && upper != "AUTH_MODE" {
        report.hide(value);
    }
    Ok(value)
}
