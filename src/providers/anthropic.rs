//! Anthropic's Messages API.

mod answer;
mod assembly;
mod question;
mod refusal;

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, Uri};
use tokio::time::Instant;

use super::endpoint::{Endpoint, segment};
use super::exchange::Exchange;
use super::model_list;
use super::settings::ProviderSettings;
use super::vertex::{GoogleIdentity, Publisher};
use crate::domain::{
    ListedModel, Provider, ProviderAnswer, ProviderCall, ProviderError, ProviderName, Secret,
};
use assembly::MessageAssembly;

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// The version that most proxies know; what newer ones refuse is in the
/// models' own policies.
const DEFAULT_VERSION: &str = "2023-06-01";

/// The version that stands in the body on Vertex AI: the documented one. A
/// later one (the SDK 2.14.0 has 2026-10-21) takes less and adds nothing that
/// we send.
const VERTEX_VERSION: &str = "vertex-2023-10-16";
/// The longest page of models that the vendor gives, longer than its list.
const PAGE: u32 = 1_000;

/// The adapter for Anthropic: its own API, or Vertex AI.
pub struct Anthropic {
    name: ProviderName,
    endpoint: Endpoint,
    door: Door,
}

/// Where messages go.
enum Door {
    /// The model stands in the body.
    Own { messages: Uri },
    /// The model stands in the path below `models`.
    Vertex { models: String, list: String },
}

impl Anthropic {
    /// Makes the adapter for Anthropic's own API, with a key.
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
            door: Door::Own {
                messages: endpoint.address("/v1/messages")?,
            },
            endpoint,
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
        let publisher = Publisher::try_new("anthropic", settings)?;
        let endpoint = Endpoint::new(settings, exchange, refusal::read_on_vertex);
        let endpoint = endpoint.with_identity(identity);
        Ok(Self {
            name: ProviderName::new(settings.name.as_str()),
            endpoint: publisher.count_lists(endpoint)?,
            door: Door::Vertex {
                models: publisher.models,
                list: publisher.list,
            },
        })
    }

    async fn ask(&self, call: &ProviderCall<'_>) -> Result<ProviderAnswer, ProviderError> {
        let mut assembly = MessageAssembly::default();
        let (reply, dropped) = match &self.door {
            Door::Own { messages } => {
                let address = question::Address::Body(call.target.model.as_str());
                let question = question::write(call, address)?;
                call.tell_dropped(&question.dropped);
                let reply = self
                    .endpoint
                    .follow(messages, question.body, call, &mut assembly)
                    .await?;
                (reply, question.dropped)
            }
            Door::Vertex { models, .. } => {
                let address = question::Address::Path(VERTEX_VERSION);
                let question = question::write(call, address)?;
                call.tell_dropped(&question.dropped);
                let id = call.spec.vertex_id.as_ref().unwrap_or(&call.target.model);
                let method = if question.is_streamed {
                    "streamRawPredict"
                } else {
                    "rawPredict"
                };
                let path = format!("{models}/{}:{method}", segment(id.as_str()));
                let reply = self
                    .endpoint
                    .follow_to(&path, question.body, call, &mut assembly)
                    .await?;
                (reply, question.dropped)
            }
        };
        answer::read(&reply, call, dropped)
    }

    fn list(&self, count: u32) -> String {
        match &self.door {
            Door::Own { .. } => format!("/v1/models?limit={count}"),
            Door::Vertex { list, .. } => format!("{list}?pageSize={count}"),
        }
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

    async fn probe(&self, deadline: Instant) -> Result<(), ProviderError> {
        if self.endpoint.has_identity() {
            // A list takes a permission that completions do without.
            return self.endpoint.prove(deadline).await;
        }
        // One model is proof enough of a key that works.
        let path = self.list(1);
        self.endpoint.get_from(&path, deadline).await.map(drop)
    }

    async fn list_models(&self, deadline: Instant) -> Result<Vec<ListedModel>, ProviderError> {
        let path = self.list(PAGE);
        model_list::get(&self.endpoint, &path, deadline).await
    }
}
