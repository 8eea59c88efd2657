//! Vendors that speak OpenAI's chat completions, each a row of [`Dialect`].

mod answer;
mod assembly;
mod dialect;
mod question;
mod refusal;

use async_trait::async_trait;
use http::{Uri, header};
use tokio::time::Instant;

use assembly::ChatAssembly;
pub use dialect::Dialect;

use super::endpoint::Endpoint;
use super::exchange::Exchange;
use super::model_list;
use super::settings::ProviderSettings;
use crate::domain::{
    ListedModel, Provider, ProviderAnswer, ProviderCall, ProviderError, ProviderName,
};

/// A vendor of OpenAI's dialect.
pub struct OpenAiCompatible {
    name: ProviderName,
    dialect: &'static Dialect,
    endpoint: Endpoint,
    chat: Uri,
    models: Uri,
}

impl OpenAiCompatible {
    /// Makes the adapter of a configured vendor.
    ///
    /// # Errors
    /// A sentence if the base URL or the key cannot be sent.
    pub fn try_new(
        dialect: &'static Dialect,
        settings: &ProviderSettings,
        exchange: Exchange,
    ) -> Result<Self, String> {
        let mut endpoint = Endpoint::new(settings, exchange, refusal::read);
        if let Some(key) = &settings.api_key {
            let proof = format!("Bearer {}", key.expose());
            endpoint = endpoint.with_header(header::AUTHORIZATION, &proof)?;
        }
        Ok(Self {
            name: ProviderName::new(settings.name.as_str()),
            dialect,
            chat: endpoint.address(dialect.chat_path)?,
            models: endpoint.address(dialect.models_path)?,
            endpoint,
        })
    }

    async fn ask(&self, call: &ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        let (body, dropped) = question::write(self.dialect, call)?;
        call.tell_dropped(&dropped);
        let mut assembly = ChatAssembly::default();
        let reply = self
            .endpoint
            .follow(&self.chat, body, call, &mut assembly)
            .await?;
        answer::read(&reply, call, dropped)
    }
}

#[async_trait]
impl Provider for OpenAiCompatible {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    async fn complete(&self, call: ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        self.ask(&call).await
    }

    async fn probe(&self, deadline: Instant) -> Result<(), ProviderError> {
        self.endpoint.get(&self.models, deadline).await.map(drop)
    }

    async fn list_models(&self, deadline: Instant) -> Result<Vec<ListedModel>, ProviderError> {
        let reply = self.endpoint.get(&self.models, deadline).await?;
        model_list::read(&reply)
    }
}
