//! The query behind a path.

use super::error::ApiError;

/// Parameters that every method of every Google API takes.
const OF_EVERY_METHOD: [&str; 4] = ["alt", "$alt", "key", "prettyPrint"];

/// Returns the parameters in order. Values stay as they were written: none
/// that is played needs an escape.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Returns the value of a parameter.
pub(crate) fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    pairs(query)
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Refuses parameters that neither every method nor this one has.
pub(crate) fn check(query: &str, own: &[&str]) -> Result<(), ApiError> {
    let unknown =
        pairs(query).find(|(name, _)| !OF_EVERY_METHOD.contains(name) && !own.contains(name));
    match unknown {
        None => Ok(()),
        Some((name, _)) => Err(ApiError::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
             Field '{name}' could not be found in request message."
        ))),
    }
}
