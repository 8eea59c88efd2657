//! The models that may be routed to, and how to find one by name.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Capabilities, Effort, ModelId, ProviderName, Ratio, Target};

/// How a vendor spells the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// Which sampling parameters (`temperature`, `top_p`) a model accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplingRule {
    /// Both.
    Any,
    /// Either, never the two together; temperature wins.
    TemperatureXorTopP,
    /// Both, but only when the reasoning effort is `none` on the wire.
    OnlyEffortNone,
    /// Neither: they are dropped, and the answer says so.
    Drop,
}

/// How a model is told how much to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffortForm {
    /// By the effort's name.
    #[default]
    Name,
    /// As a budget of tokens: the effort's reasoning allowance, 0 for `none`.
    Budget,
}

/// When a model takes tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolsRule {
    /// Always, if it can call them at all.
    #[default]
    Any,
    /// Only when the reasoning effort is `none` on the wire.
    OnlyEffortNone,
}

/// What may be sent to a model. Every rule is a value, not prose.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestPolicy {
    /// The name of the output limit.
    pub max_tokens_field: MaxTokensField,
    /// Which sampling parameters are accepted.
    pub sampling: SamplingRule,
    /// The temperatures accepted, from lowest to highest; others are clamped.
    pub temperature: (f64, f64),
    /// How many stop sequences are accepted; 0 means that they are dropped.
    pub max_stop_sequences: usize,
    /// The name of the seed's field, if the model takes one.
    pub seed_field: Option<String>,
    /// The efforts accepted, rising; empty for a model without the setting.
    pub efforts: Vec<Effort>,
    /// What is sent when the caller names no effort.
    pub default_effort: Option<Effort>,
    /// How the effort is written.
    pub effort_form: EffortForm,
    /// Output tokens to allow for hidden thinking on top of the visible
    /// answer, by effort. An effort that is absent gets nothing on top.
    pub reasoning_allowance: Vec<(Effort, u32)>,
    /// Whether a conversation may end with an assistant message.
    pub allows_prefill: bool,
    /// When tools are accepted.
    pub tools: ToolsRule,
    /// Whether the caller may force a tool.
    pub allows_forced_tool: bool,
    /// The most tools of one request.
    pub max_tools: usize,
    /// The longest name of a tool, in bytes.
    pub max_tool_name: usize,
    /// Whether a form of the answer may be asked for beside tools.
    pub allows_format_with_tools: bool,
}

impl RequestPolicy {
    /// Tells whether tools are accepted at `effort`.
    pub fn takes_tools_at(&self, effort: Option<Effort>) -> bool {
        match self.tools {
            ToolsRule::Any => true,
            ToolsRule::OnlyEffortNone => effort == Some(Effort::None),
        }
    }

    /// Returns the tokens to allow for hidden thinking at `effort`.
    pub fn allowance(&self, effort: Option<Effort>) -> u32 {
        let found = self
            .reasoning_allowance
            .iter()
            .find(|(level, _)| Some(*level) == effort);
        found.map_or(0, |(_, tokens)| *tokens)
    }
}

/// A vendor-independent label of what a model is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The best there is, at its price.
    Frontier,
    /// Nearly as good, for less.
    Balanced,
    /// Little money.
    Cheap,
    /// Little time.
    Fast,
    /// Made for code.
    Code,
    /// Still served, soon gone.
    Legacy,
    /// Served on the team's own machine.
    Local,
}

/// What is believed of a target before any call was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The effort that it is about; `None` for a model without efforts.
    pub effort: Option<Effort>,
    /// Expected quality.
    pub quality: Ratio,
    /// Expected time to the first visible token, in milliseconds.
    pub ttft_ms: f64,
    /// Expected speed of output, in tokens per second.
    pub tokens_per_second: f64,
}

/// A model as the catalogue knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    /// Who serves it.
    pub provider: ProviderName,
    /// The id on the vendor's wire.
    pub id: ModelId,
    /// The id on Vertex AI, where it differs.
    pub vertex_id: Option<ModelId>,
    /// What it is meant for.
    pub tier: Tier,
    /// Input and output together, in tokens.
    pub context_window: u32,
    /// The most output that it can make, in tokens.
    pub max_output: u32,
    /// The most that it makes in an answer that is not streamed, in tokens,
    /// where that is less.
    pub max_unstreamed_output: Option<u32>,
    /// The day from which the vendor no longer serves it.
    pub ends: Option<Date>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What may be sent to it.
    pub request: RequestPolicy,
    /// Beliefs by effort, from published sources. Targets without one are
    /// not routed to by `auto`.
    pub priors: Vec<Prior>,
    /// Where the priors come from, with a date.
    pub prior_source: String,
}

impl ModelSpec {
    /// Returns the target of this model at `effort`.
    pub fn target(&self, effort: Option<Effort>) -> Target {
        Target {
            provider: self.provider.clone(),
            model: self.id.clone(),
            effort,
        }
    }

    /// Returns the prior for `effort`, if there is one.
    pub fn prior(&self, effort: Option<Effort>) -> Option<&Prior> {
        self.priors.iter().find(|prior| prior.effort == effort)
    }

    /// Returns the canonical name `provider/id`.
    pub fn canonical(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// Tells whether the vendor still serves the model on `today`.
    pub fn is_served_on(&self, today: Date) -> bool {
        self.ends.is_none_or(|end| today < end)
    }
}

/// A model as its vendor's own list has it. What a list does not tell is
/// `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// The id.
    pub id: ModelId,
    /// The day from which the vendor no longer serves it.
    pub ends: Option<Date>,
    /// What the vendor names in its place.
    pub replacement: Option<ModelId>,
    /// The window, in tokens.
    pub context_window: Option<u32>,
    /// The most output, in tokens.
    pub max_output: Option<u32>,
    /// False if the vendor lists it and does not serve it.
    pub is_active: bool,
}

impl ListedModel {
    /// Makes an entry of which the list tells the id alone.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self {
            id: ModelId::new(id),
            ends: None,
            replacement: None,
            context_window: None,
            max_output: None,
            is_active: true,
        }
    }
}

/// A name that no model answers to here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct LookupError {
    /// The name as it was asked for.
    pub name: String,
    /// The provider that serves such a model but is not configured.
    pub unconfigured: Option<ProviderName>,
    /// Known names that are spelled much like it, nearest first, at most 3.
    pub near: Vec<String>,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.name.chars().take(80).collect();
        if let Some(provider) = &self.unconfigured {
            return write!(
                f,
                "{shown:?} is a model of {provider}, which has no key here"
            );
        }
        write!(f, "no model is named {shown:?}")?;
        if self.near.is_empty() {
            write!(f, "; GET /v1/models lists what is served")
        } else {
            write!(f, "; did you mean {}?", self.near.join(" or "))
        }
    }
}

/// The models of the configured providers.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    models: Vec<ModelSpec>,
    by_id: HashMap<String, usize>,
    by_canonical: HashMap<String, usize>,
    aliases: HashMap<String, usize>,
    // Names of models whose provider is not configured.
    elsewhere: HashMap<String, ProviderName>,
}

impl Catalogue {
    /// Collects models, in the order that breaks ties in routing, and those
    /// `elsewhere`, whose provider is not configured: they are known by name
    /// alone.
    ///
    /// `aliases` map a name to a canonical `provider/id`. Where two providers
    /// serve the same id, the first one has it.
    pub fn new(
        models: Vec<ModelSpec>,
        elsewhere: impl IntoIterator<Item = ModelSpec>,
        aliases: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut catalogue = Self::default();
        for model in elsewhere {
            let names = [model.id.as_str().to_owned(), model.canonical()];
            for name in names {
                catalogue.elsewhere.insert(name, model.provider.clone());
            }
        }
        for (index, model) in models.iter().enumerate() {
            catalogue
                .by_id
                .entry(model.id.as_str().to_owned())
                .or_insert(index);
            catalogue
                .by_canonical
                .entry(model.canonical())
                .or_insert(index);
        }
        for (alias, canonical) in aliases {
            if let Some(&index) = catalogue.by_canonical.get(&canonical) {
                catalogue.aliases.insert(alias, index);
            } else if let Some(provider) = catalogue.elsewhere.get(&canonical).cloned() {
                catalogue.elsewhere.insert(alias, provider);
            }
        }
        catalogue.models = models;
        catalogue
    }

    /// Lists the models in catalogue order.
    pub fn models(&self) -> &[ModelSpec] {
        &self.models
    }

    /// Lists the aliases that lead to a model here, in no order.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &ModelSpec)> {
        self.aliases
            .iter()
            .filter_map(|(alias, &index)| Some((alias.as_str(), self.models.get(index)?)))
    }

    /// Finds a model by exact id, then alias, then `provider/id` split at the
    /// first slash.
    ///
    /// # Errors
    /// [`LookupError`] with near matches if no model has that name.
    pub fn find(&self, name: &str) -> Result<&ModelSpec, LookupError> {
        [&self.by_id, &self.aliases, &self.by_canonical]
            .into_iter()
            .find_map(|index| index.get(name))
            .and_then(|&index| self.models.get(index))
            .ok_or_else(|| LookupError {
                name: name.to_owned(),
                unconfigured: self.elsewhere.get(name).cloned(),
                near: self.near(name),
            })
    }

    /// Finds the model of a target.
    pub fn spec(&self, provider: &ProviderName, id: &ModelId) -> Option<&ModelSpec> {
        self.models
            .iter()
            .find(|model| model.provider == *provider && model.id == *id)
    }

    fn near(&self, name: &str) -> Vec<String> {
        // Longer names cannot be near, and similarity takes quadratic time.
        if name.chars().count() > 128 {
            return Vec::new();
        }
        let wanted = name.to_lowercase();
        let names = self
            .by_id
            .keys()
            .chain(self.aliases.keys())
            .chain(self.by_canonical.keys());
        let mut scored: Vec<(f64, &String)> = names
            .map(|known| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known))
            .filter(|(similarity, _)| *similarity >= 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        scored
            .into_iter()
            .take(3)
            .map(|(_, known)| known.clone())
            .collect()
    }
}
