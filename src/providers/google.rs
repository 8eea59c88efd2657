//! Google's Gemini models: through the Gemini API, or through Vertex AI.

mod answer;
mod assembly;
mod question;
mod refusal;

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use tokio::time::Instant;

use super::endpoint::{Endpoint, segment};
use super::exchange::Exchange;
use super::model_list;
use super::settings::ProviderSettings;
use super::vertex::{GoogleIdentity, Publisher};
use crate::domain::{
    ListedModel, Provider, ProviderAnswer, ProviderCall, ProviderError, ProviderName, Secret,
};

use assembly::ContentAssembly;
pub(super) use refusal::read as read_refusal;

/// A header, for a key in the query would stand in every log on the way.
const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// The vendor's own SDK sends it too.
const TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");
/// The version that the vendor's own SDK has by default.
const DEFAULT_VERSION: &str = "v1";
/// The longest page of models that the vendor gives, longer than its list.
const PAGE: u32 = 1_000;

/// The adapter for Google.
pub struct Google {
    name: ProviderName,
    endpoint: Endpoint,
    /// The path of the models that can be asked.
    models: String,
    /// The path of the list of models.
    list: String,
}

impl Google {
    /// Makes the adapter for the Gemini API, with a key.
    ///
    /// # Errors
    /// A sentence if the key cannot be sent.
    pub fn try_new(settings: &ProviderSettings, exchange: Exchange) -> Result<Self, String> {
        let key = settings.api_key.as_ref().map_or("", Secret::expose);
        let version = settings.api_version.as_deref().unwrap_or(DEFAULT_VERSION);
        let models = format!("/{version}/models");
        Ok(Self {
            name: ProviderName::new(settings.name.as_str()),
            endpoint: Endpoint::new(settings, exchange, refusal::read)
                .telling_deadline(TIMEOUT)
                .with_header(KEY, key)?,
            list: models.clone(),
            models,
        })
    }

    /// Makes the adapter for Vertex AI, which trusts `identity`.
    ///
    /// # Errors
    /// A sentence if the settings are not those of Vertex AI.
    pub fn try_on_vertex(
        settings: &ProviderSettings,
        exchange: Exchange,
        identity: Arc<dyn GoogleIdentity>,
    ) -> Result<Self, String> {
        let publisher = Publisher::try_new("google", settings)?;
        let endpoint = Endpoint::new(settings, exchange, refusal::read)
            .telling_deadline(TIMEOUT)
            .with_identity(identity);
        Ok(Self {
            name: ProviderName::new(settings.name.as_str()),
            endpoint: publisher.count_lists(endpoint)?,
            models: publisher.models,
            list: publisher.list,
        })
    }

    async fn ask(&self, call: &ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        let (body, dropped) = question::write(call)?;
        call.tell_dropped(&dropped);
        let method = if call.sink.is_some() {
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        let path = format!("{}/{}:{method}", self.models, self.wire_id(call));
        let mut assembly = ContentAssembly::default();
        let reply = self
            .endpoint
            .follow_to(&path, body, call, &mut assembly)
            .await?;
        answer::read(&reply, call, dropped)
    }

    fn wire_id(&self, call: &ProviderCall<'_>) -> String {
        let id = match &call.spec.vertex_id {
            Some(id) if self.endpoint.has_identity() => id,
            _ => &call.target.model,
        };
        segment(id.as_str())
    }
}

#[async_trait]
impl Provider for Google {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    async fn complete(&self, call: ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        self.ask(&call).await
    }

    async fn probe(&self, deadline: Instant) -> Result<(), ProviderError> {
        if self.endpoint.has_identity() {
            // A list takes a permission that completions do without.
            return self.endpoint.prove(deadline).await;
        }
        // One model is proof enough of a key that works.
        let path = format!("{}?pageSize=1", self.list);
        self.endpoint.get_from(&path, deadline).await.map(drop)
    }

    async fn list_models(&self, deadline: Instant) -> Result<Vec<ListedModel>, ProviderError> {
        let path = format!("{}?pageSize={PAGE}", self.list);
        model_list::get(&self.endpoint, &path, deadline).await
    }
}
