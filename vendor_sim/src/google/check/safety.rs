//! Safety settings.

use std::collections::BTreeSet;

use super::{Api, ApiError};
use crate::google::request::SafetySetting;

/// Categories that a caller may set; the others are the vendor's.
const SETTABLE: [&str; 5] = [
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];

pub(super) fn check(settings: &[SafetySetting], api: Api) -> Result<(), ApiError> {
    let mut set = BTreeSet::new();
    for (index, setting) in settings.iter().enumerate() {
        let place = format!("safety_settings[{index}]");
        let rule = |problem: &str| Err(ApiError::rule(api, &place, problem));
        if !SETTABLE.contains(&setting.category.as_str()) {
            return rule("element predicate failed: $.category is none that can be set");
        }
        if matches!(
            setting.threshold.as_str(),
            "" | "HARM_BLOCK_THRESHOLD_UNSPECIFIED"
        ) {
            return rule("element predicate failed: $.threshold is not specified");
        }
        if !set.insert(&setting.category) {
            return rule("only one setting for each category can be set");
        }
    }
    Ok(())
}
