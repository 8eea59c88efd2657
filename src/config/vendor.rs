//! Which vendors are configured, and how they are reached.

use super::base_url::{self, Kind};
use super::fault::Report;
use super::secret;
use super::settings::ProvidersForm;
use super::sources::Sources;
use super::vertex::{Vertex, VertexPublisher};
use crate::domain::{ProviderName, Secret};
use crate::providers::ProviderSettings;

/// A vendor and its variables.
struct Vendor {
    name: &'static str,
    /// The names its key may have, the first set one counts.
    keys: &'static [&'static str],
    base_url: &'static str,
    /// Where its API is unless the variable says otherwise.
    default_base_url: &'static str,
    /// Its models on Vertex AI.
    on_vertex: Option<VertexPublisher>,
}

/// The vendors with a key, in catalogue order.
const VENDORS: [Vendor; 5] = [
    Vendor {
        name: "openai",
        keys: &["OPENAI_API_KEY"],
        base_url: "OPENAI_BASE_URL",
        default_base_url: "https://api.openai.com/v1",
        on_vertex: None,
    },
    Vendor {
        name: "anthropic",
        keys: &["ANTHROPIC_API_KEY"],
        base_url: "ANTHROPIC_BASE_URL",
        default_base_url: "https://api.anthropic.com",
        on_vertex: Some(VertexPublisher::Anthropic),
    },
    Vendor {
        name: "google",
        keys: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_url: "GOOGLE_GEMINI_BASE_URL",
        default_base_url: "https://generativelanguage.googleapis.com",
        on_vertex: Some(VertexPublisher::Google),
    },
    Vendor {
        name: "mistral",
        keys: &["MISTRAL_API_KEY"],
        base_url: "MISTRAL_BASE_URL",
        default_base_url: "https://api.mistral.ai",
        on_vertex: None,
    },
    Vendor {
        name: "groq",
        keys: &["GROQ_API_KEY"],
        base_url: "GROQ_BASE_URL",
        default_base_url: "https://api.groq.com",
        on_vertex: None,
    },
];

const LOCAL_BASE_URL: &str = "LOCAL_OPENAI_BASE_URL";
const LOCAL_MODEL: &str = "LOCAL_OPENAI_MODEL";
const LOCAL_KEY: &str = "LOCAL_OPENAI_API_KEY";

/// The vendors as the environment has them.
#[derive(Default)]
pub(super) struct Vendors {
    /// Those that can be asked.
    pub(super) configured: Vec<ProviderSettings>,
    /// Those that could be, had they a key.
    pub(super) unconfigured: Vec<ProviderName>,
    /// The models of the local server.
    pub(super) local_models: Vec<String>,
}

impl Vendors {
    /// Reads keys and addresses. A vendor is configured when its key is set,
    /// or Vertex AI serves its models; the local server when its address is.
    pub(super) fn read(sources: &Sources, form: &ProvidersForm, report: &mut Report) -> Self {
        let mut vendors = Self::default();
        let vertex = Vertex::read(sources, report);
        if vertex.is_some() && form.vertex_publishers.is_empty() {
            report.warn("providers.vertex_publishers is empty, so that nothing is on Vertex AI");
        }
        for vendor in &VENDORS {
            let on_vertex = vertex.as_ref().and_then(|vertex| {
                let publisher = vendor.on_vertex?;
                let is_wanted = form.vertex_publishers.contains(&publisher);
                is_wanted.then(|| vertex.settings(publisher))
            });
            match vendor.read(sources, form.version_of(vendor.name), on_vertex, report) {
                Some(settings) => vendors.configured.push(settings),
                None => vendors.unconfigured.push(ProviderName::new(vendor.name)),
            }
        }
        vendors.read_local(sources, report);
        vendors
    }

    fn read_local(&mut self, sources: &Sources, report: &mut Report) {
        let api_key = secret::read(LOCAL_KEY, sources, report);
        let models = local_models(sources, report);
        let Some(address) = sources.variable(LOCAL_BASE_URL, report) else {
            self.unconfigured.push(ProviderName::new("local"));
            if api_key.is_some() || !models.is_empty() {
                report.warn(format!(
                    "{LOCAL_MODEL} and {LOCAL_KEY} have no effect without {LOCAL_BASE_URL}"
                ));
            }
            return;
        };
        if models.is_empty() {
            let reason = format!(
                "must name the models of the server at {LOCAL_BASE_URL}, with commas between them"
            );
            report.variable(LOCAL_MODEL, reason);
        }
        match base_url::check(address, Kind::Local) {
            Ok(base_url) => self.configured.push(ProviderSettings {
                name: "local".to_owned(),
                base_url,
                api_key,
                api_version: None,
                vertex: None,
            }),
            Err(reason) => report.variable(LOCAL_BASE_URL, reason),
        }
        self.local_models = models;
    }
}

impl Vendor {
    /// Reads how the vendor is reached: by its own key, else through Vertex
    /// AI. Google's own SDK prefers Vertex AI to a key, so that vendor is
    /// reached through it whenever it may be.
    fn read(
        &self,
        sources: &Sources,
        api_version: Option<&str>,
        on_vertex: Option<ProviderSettings>,
        report: &mut Report,
    ) -> Option<ProviderSettings> {
        let key = self.key(sources, report);
        let address = sources.variable(self.base_url, report);
        let vertex_wins = key.is_none() || self.on_vertex == Some(VertexPublisher::Google);
        if let Some(settings) = on_vertex.filter(|_| vertex_wins) {
            let own = key.map(|(name, _)| name).or(address.map(|_| self.base_url));
            if let Some(name) = own {
                report.warn(format!(
                    "{name} has no effect: {} is on Vertex AI",
                    self.name
                ));
            }
            return Some(settings);
        }
        if key.is_none() && address.is_some() {
            let (url, keys) = (self.base_url, self.keys.join(" or "));
            report.warn(format!("{url} has no effect without {keys}"));
        }
        let base_url = base_url::check(address.unwrap_or(self.default_base_url), Kind::Vendor)
            .map_err(|reason| report.variable(self.base_url, reason))
            .ok()?;
        Some(ProviderSettings {
            name: self.name.to_owned(),
            base_url,
            api_key: Some(key?.1),
            api_version: api_version.map(str::to_owned),
            vertex: None,
        })
    }

    fn key(&self, sources: &Sources, report: &mut Report) -> Option<(&'static str, Secret)> {
        let mut found: Option<(&'static str, Secret)> = None;
        for &name in self.keys {
            let Some(key) = secret::read(name, sources, report) else {
                continue;
            };
            match &found {
                None => found = Some((name, key)),
                Some((first, _)) => report.warn(format!("{name} has no effect beside {first}")),
            }
        }
        found
    }
}

fn local_models(sources: &Sources, report: &mut Report) -> Vec<String> {
    let text = sources.variable(LOCAL_MODEL, report).unwrap_or_default();
    let mut models: Vec<String> = Vec::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        if !super::models::is_model_id(id) {
            report.variable(LOCAL_MODEL, "a model id has 1 to 128 visible characters");
        } else if models.iter().any(|known| known == id) {
            report.variable(LOCAL_MODEL, format!("{id} is named twice"));
        } else {
            models.push(id.to_owned());
        }
    }
    models
}
