//! Which vendors are configured, and how they are reached.

use super::base_url::{self, Kind};
use super::fault::Report;
use super::secret;
use super::sources::Sources;
use crate::domain::ProviderName;
use crate::providers::ProviderSettings;

/// A vendor and its variables.
struct Vendor {
    name: &'static str,
    key: &'static str,
    base_url: &'static str,
    /// Where its API is unless the variable says otherwise.
    default_base_url: &'static str,
}

/// The vendors with a key, in catalogue order.
const VENDORS: [Vendor; 2] = [
    Vendor {
        name: "openai",
        key: "OPENAI_API_KEY",
        base_url: "OPENAI_BASE_URL",
        default_base_url: "https://api.openai.com/v1",
    },
    Vendor {
        name: "anthropic",
        key: "ANTHROPIC_API_KEY",
        base_url: "ANTHROPIC_BASE_URL",
        default_base_url: "https://api.anthropic.com",
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
    /// the local server when its address is.
    pub(super) fn read(sources: &Sources, anthropic_version: &str, report: &mut Report) -> Self {
        let mut vendors = Self::default();
        for vendor in &VENDORS {
            let api_version = (vendor.name == "anthropic").then(|| anthropic_version.to_owned());
            match vendor.read(sources, api_version, report) {
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
            }),
            Err(reason) => report.variable(LOCAL_BASE_URL, reason),
        }
        self.local_models = models;
    }
}

impl Vendor {
    fn read(
        &self,
        sources: &Sources,
        api_version: Option<String>,
        report: &mut Report,
    ) -> Option<ProviderSettings> {
        let api_key = secret::read(self.key, sources, report);
        let address = sources.variable(self.base_url, report);
        if api_key.is_none() && address.is_some() {
            let (url, key) = (self.base_url, self.key);
            report.warn(format!("{url} has no effect without {key}"));
        }
        let base_url = base_url::check(address.unwrap_or(self.default_base_url), Kind::Vendor)
            .map_err(|reason| report.variable(self.base_url, reason))
            .ok()?;
        Some(ProviderSettings {
            name: self.name.to_owned(),
            base_url,
            api_key: Some(api_key?),
            api_version,
        })
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
