//! Gathers configuration, checks all of it, and reports every fault at once.
//!
//! Defaults in the binary, then the files of the configuration folder, then
//! the environment, then flags: the later wins. `docs/configuration.md` says
//! what each may hold. Nothing else reads the environment.

mod base_url;
mod check;
mod document;
mod effective;
mod fault;
mod files;
mod identity;
mod interpolate;
mod layers;
mod limits;
mod models;
mod path;
mod prices;
mod secret;
mod settings;
mod sources;
mod store;
#[cfg(test)]
mod tests;
mod typed;
mod vendor;
mod vertex;
mod warnings;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use jiff::civil::{Date, date};

pub use fault::{Fault, Faults};
pub use sources::Sources;

use crate::domain::{Catalogue, ModelSpec, ProviderName, SamplingRule};
use crate::mcp::Prompts;
use crate::usage::{Price, PriceTable};
use crate::{cache, embedding, gateway, http, limit, providers, routing, stores, telemetry};
use check::Origins;
use fault::Report;
use files::{Document, Files};
use limits::{LimitsForm, RulesForm};
use models::Models;
use path::Path;
use vendor::Vendors;

/// The first version of Anthropic's API that refuses sampling parameters for
/// every model (its SDK 2.12.0 has no such fields).
const NO_SAMPLING_FROM: Date = date(2026, 10, 21);

/// The configuration in force, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen and what to let in.
    pub server: http::Settings,
    /// The digests of callers' keys.
    pub api_keys: http::ApiKeys,
    /// How long and how often to try.
    pub gateway: gateway::Settings,
    /// What is cached.
    pub cache: cache::Settings,
    /// The most that the gateway may spend by itself per day, in US dollars; 0
    /// for nothing.
    pub background_daily_usd: f64,
    /// What the router weighs.
    pub routing: routing::Settings,
    /// Whether there is an embedder.
    pub embedding: embedding::Settings,
    /// ONNX Runtime's library, if somebody named it (`ORT_DYLIB_PATH`).
    pub onnx_runtime: Option<PathBuf>,
    /// How to log.
    pub telemetry: telemetry::Settings,
    /// Where state is kept.
    pub store_place: stores::StorePlace,
    /// How it is kept.
    pub store: stores::Settings,
    /// Whether this is Cloud Run, whose disk is memory.
    pub is_on_cloud_run: bool,
    /// Who may use what, and how much of it.
    pub policy: limit::Policy,
    /// The configured vendors.
    pub providers: providers::Settings,
    /// The vendors that this version serves but that have no key.
    pub unconfigured: Vec<ProviderName>,
    /// Every model, in catalogue order, whether or not its vendor is
    /// configured.
    pub models: Vec<ModelSpec>,
    /// Other names for models, as canonical `provider/id`.
    pub aliases: BTreeMap<String, String>,
    /// Every price, past and announced.
    pub prices: Vec<Price>,
    /// Texts that models and people read.
    pub prompts: Prompts,
    /// The policy as it is written.
    limits: LimitForms,
    warnings: Vec<String>,
    effective: String,
}

/// The sections of limits as they are in force.
#[derive(Clone, Debug, Default)]
struct LimitForms {
    limits: LimitsForm,
    callers: BTreeMap<String, RulesForm>,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// Reads files, so it takes milliseconds; it neither prints nor opens a
    /// connection.
    ///
    /// # Errors
    /// Every fault of every source. None shows a secret.
    pub fn load(sources: &Sources) -> Result<Self, Faults> {
        let mut report = Report::default();
        let files = Files::read(sources, &mut report);
        let merged = layers::merge(files.gateway, sources, &mut report);
        let (mut form, taken) = settings::read(&merged, &mut report);
        let vendors = Vendors::read(sources, &form.providers, &mut report);
        let mut models = models::read(files.models, &vendors.local_models, &mut report);
        let prices = prices::read(files.pricing, &models.specs, &models.names, &mut report);
        let prompts = read_prompts(files.prompts, &mut report);
        settle_host(&mut form.server, sources, &merged, &mut report);
        let api_keys = identity::read_keys(sources, &mut report);
        identity::check(&form.server, &api_keys, sources, &merged, &mut report);
        let origins = Origins {
            merged: &merged,
            taken: &taken,
        };
        let store_place = store::place(sources, &mut report);
        let onnx_runtime = sources.variable("ORT_DYLIB_PATH", &mut report);
        let onnx_runtime = onnx_runtime.map(PathBuf::from);
        use http::AuthMode::{ApiKey, None as Nobody};
        let mut modes = form.server.auth_modes.iter();
        let takes_tokens = modes.any(|mode| !matches!(mode, ApiKey | Nobody));
        let (mut policy, limit_faults) =
            limits::read(&form.limits, &form.callers, &models, takes_tokens);
        limits::add_background(&mut policy, form.background.daily_usd);
        check::check(&form, origins, &models.names, limit_faults, &mut report);
        drop_sampling(&mut models, &form.providers.anthropic_version, &vendors);
        let mut config = Self {
            server: form.server,
            api_keys,
            gateway: form.gateway,
            cache: form.cache,
            background_daily_usd: form.background.daily_usd,
            routing: form.routing,
            embedding: form.embedding,
            onnx_runtime,
            telemetry: form.telemetry,
            store_place,
            store: form.store,
            is_on_cloud_run: sources.value("K_SERVICE").is_some(),
            policy,
            limits: LimitForms {
                limits: form.limits,
                callers: form.callers,
            },
            providers: providers::Settings {
                timeouts: form.providers.timeouts,
                configured: vendors.configured,
            },
            unconfigured: vendors.unconfigured,
            models: models.specs,
            aliases: models.aliases,
            prices,
            prompts,
            warnings: Vec::new(),
            effective: String::new(),
        };
        warnings::collect(&config, sources, &mut report);
        config.effective = report.masked(&effective::yaml(&config));
        config.warnings = report.finish()?;
        Ok(config)
    }

    /// Returns the models of the configured vendors, and the names of the
    /// others.
    pub fn catalogue(&self) -> Catalogue {
        let (here, elsewhere): (Vec<_>, Vec<_>) = self
            .models
            .iter()
            .cloned()
            .partition(|spec| self.is_configured(&spec.provider));
        Catalogue::new(here, elsewhere, self.aliases.clone())
    }

    /// Returns all prices, ready for use.
    pub fn price_table(&self) -> PriceTable {
        PriceTable::new(self.prices.iter().cloned())
    }

    /// Returns the configuration in force as YAML, each key as `***`.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// Returns, as text to compare, all that takes effect at a start alone.
    pub fn fixed(&self) -> String {
        let Self {
            server,
            gateway,
            cache,
            routing,
            embedding,
            telemetry,
            providers,
            prompts,
            ..
        } = self;
        format!(
            "{server:?}{gateway:?}{cache:?}{routing:?}{embedding:?}{telemetry:?}{providers:?}\
             {prompts:?}"
        )
    }

    /// Lists what does not stop the gateway but deserves a look.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Tells whether a provider can be asked.
    pub fn is_configured(&self, provider: &ProviderName) -> bool {
        let mut configured = self.providers.configured.iter();
        configured.any(|settings| settings.name == provider.as_str())
    }
}

/// Records a fault at a place in a source, which may be a variable or a flag.
fn fault_at(report: &mut Report, source: &str, path: &Path, reason: impl Into<String>) {
    for (prefix, name) in [
        (layers::ENVIRONMENT, "environment"),
        (layers::COMMAND_LINE, "command line"),
    ] {
        if let Some(variable) = source.strip_prefix(prefix) {
            let reason = format!("{path}: {}", reason.into());
            return report.fault(name, variable, reason);
        }
    }
    report.fault(source, path, reason);
}

/// Decides where to listen. Cloud Run reaches a container on all interfaces,
/// so the default is theirs there; and nobody may be let in unproved from
/// beyond this machine.
fn settle_host(
    server: &mut http::Settings,
    sources: &Sources,
    merged: &config::Value,
    report: &mut Report,
) {
    let on_cloud_run = sources.value("K_SERVICE").is_some();
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let host = Path::dotted("server.host");
    let said = document::origin_at(merged, &host).unwrap_or_default();
    let is_said = said.starts_with(layers::ENVIRONMENT) || said.starts_with(layers::COMMAND_LINE);
    if on_cloud_run && !is_said && server.host == loopback {
        server.host = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    }
    if !server.auth_modes.contains(&http::AuthMode::None) {
        return;
    }
    if on_cloud_run {
        let reason = "mode `none` is refused on Cloud Run (K_SERVICE is set), for it would let \
                      in everybody; name another";
        report.variable("AUTH_MODE", reason);
    } else if !server.host.is_loopback() {
        let reason = format!(
            "{} is not a loopback address, which AUTH_MODE none requires: it would let in \
             everybody who reaches this machine",
            server.host
        );
        fault_at(report, said, &host, reason);
    }
}

/// Later versions of Anthropic's API refuse sampling for all of its models;
/// Vertex AI has an early one.
fn drop_sampling(models: &mut Models, anthropic_version: &str, vendors: &Vendors) {
    let mut configured = vendors.configured.iter();
    let is_on_vertex = configured.any(|v| v.name == "anthropic" && v.vertex.is_some());
    let version = anthropic_version.parse::<Date>();
    if version.is_ok_and(|version| version >= NO_SAMPLING_FROM) && !is_on_vertex {
        let anthropic = models
            .specs
            .iter_mut()
            .filter(|spec| spec.provider.as_str() == "anthropic");
        anthropic.for_each(|spec| spec.request.sampling = SamplingRule::Drop);
    }
}

/// Reads the prompts, later documents over earlier ones by key.
fn read_prompts(documents: Vec<Document>, report: &mut Report) -> Prompts {
    const LONGEST: usize = 16_384;
    let mut texts = serde_json::Map::new();
    for mut document in documents {
        document::drop_nulls(&mut document.members);
        let root = config::Value::from(document.members);
        let tree = document::to_json(&root);
        let reading = typed::read::<PromptsForm>(tree);
        for (path, reason) in reading.faults {
            fault_at(report, &document.source, &path, reason);
        }
        let form = reading.value.unwrap_or_default();
        for (key, text) in [
            ("instructions", form.instructions),
            ("ai_gateway_prompt", form.ai_gateway_prompt),
        ] {
            let Some(text) = text else {
                continue;
            };
            if text.trim().is_empty() || text.len() > LONGEST {
                let reason = format!("must have 1 to {LONGEST} bytes of text");
                fault_at(report, &document.source, &Path::dotted(key), reason);
            }
            texts.insert(key.to_owned(), text.into());
        }
    }
    serde_json::from_value(texts.into()).unwrap_or_default()
}

/// One `prompts.yaml`, which need not say everything.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptsForm {
    instructions: Option<String>,
    ai_gateway_prompt: Option<String>,
}
