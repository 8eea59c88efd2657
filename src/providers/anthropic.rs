//! Anthropic's Messages API.

mod answer;
mod question;
mod refusal;

use async_trait::async_trait;
use http::{HeaderName, Uri};
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::exchange::Exchange;
use super::model_list;
use super::settings::ProviderSettings;
use crate::domain::{
    ModelId, Provider, ProviderAnswer, ProviderCall, ProviderError, ProviderName, Secret,
};

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// The version that most proxies know; what newer ones refuse is in the
/// models' own policies.
const DEFAULT_VERSION: &str = "2023-06-01";

/// The adapter for Anthropic.
pub struct Anthropic {
    name: ProviderName,
    endpoint: Endpoint,
    messages: Uri,
    models: Uri,
}

impl Anthropic {
    /// Makes the adapter.
    ///
    /// # Errors
    /// A sentence if the base URL, the key or the version cannot be sent.
    pub fn try_new(settings: &ProviderSettings, exchange: Exchange) -> Result<Self, String> {
        let key = settings.api_key.as_ref().map_or("", Secret::expose);
        let version = settings.api_version.as_deref().unwrap_or(DEFAULT_VERSION);
        let endpoint = Endpoint::new(settings, exchange, refusal::read)
            .with_header(KEY, key)?
            .with_header(VERSION, version)?;
        Ok(Self {
            name: ProviderName::new(settings.name.as_str()),
            messages: endpoint.address("/v1/messages")?,
            // One model is proof enough of a key that works.
            models: endpoint.address("/v1/models?limit=1")?,
            endpoint,
        })
    }

    async fn ask(&self, call: &ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        let (body, dropped) = question::write(call)?;
        let reply = self
            .endpoint
            .post(&self.messages, body, call.deadline)
            .await?;
        answer::read(&reply, call, dropped)
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    async fn complete(&self, call: ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        self.ask(&call).await
    }

    async fn probe(&self, deadline: Instant) -> Result<Vec<ModelId>, ProviderError> {
        let reply = self.endpoint.get(&self.models, deadline).await?;
        model_list::read(&reply)
    }
}
