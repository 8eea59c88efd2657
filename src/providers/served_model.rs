//! The model that an answer names.

use crate::domain::{ModelId, ProviderCall};

/// The longest name that is taken for a model's, in bytes.
const MAX_BYTES: usize = 128;

/// Returns the model that the vendor says has answered, for that is the one
/// that it bills; the one that was asked if the vendor names none, or
/// something that is no name.
pub(super) fn served_model(named: Option<String>, call: &ProviderCall<'_>) -> ModelId {
    let is_name = |name: &String| {
        (1..=MAX_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    named
        .filter(is_name)
        .map_or_else(|| call.target.model.clone(), ModelId::new)
}
