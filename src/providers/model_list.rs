//! A vendor's list of models, whose form is the same for all.

use serde::Deserialize;

use super::exchange::Reply;
use super::failure;
use crate::domain::{ModelId, ProviderError};

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
}

/// Reads a list of models.
///
/// # Errors
/// `Broken` for anything else.
pub(super) fn read(reply: &Reply) -> Result<Vec<ModelId>, ProviderError> {
    let list: ModelList = serde_json::from_slice(&reply.body)
        .map_err(|_| failure::broken(reply, "the answer is not a list of models"))?;
    let models = list.data.into_iter();
    Ok(models.map(|model| ModelId::new(model.id)).collect())
}
