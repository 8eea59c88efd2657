//! What may change while the gateway runs: models and prices.

use std::sync::Arc;

use super::Gateway;
use crate::domain::{Catalogue, CompletionRequest, Error, ModelSelector, ModelSpec};
use crate::usage::PriceTable;

/// The models of the configured providers, and what they cost. A call keeps
/// to what was known when it began.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// The models that can be asked for.
    pub catalogue: Catalogue,
    /// Every price, past and announced.
    pub prices: PriceTable,
}

impl Knowledge {
    /// Finds the model that a request names; `None` for `auto`.
    pub(super) fn named_model(
        &self,
        request: &CompletionRequest,
    ) -> Result<Option<&ModelSpec>, Error> {
        match &request.model {
            ModelSelector::Auto => Ok(None),
            ModelSelector::Named(name) => self
                .catalogue
                .find(name)
                .map(Some)
                .map_err(|unknown| Error::unknown("model", unknown.to_string())),
        }
    }
}

impl Gateway {
    /// Returns what is known now.
    pub fn known(&self) -> Arc<Knowledge> {
        self.known.load_full()
    }

    /// Puts other models and prices in force, from the next call on.
    pub fn replace_knowledge(&self, knowledge: Knowledge) {
        self.known.store(Arc::new(knowledge));
    }
}
