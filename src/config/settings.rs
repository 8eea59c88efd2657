//! The form of `gateway.yaml`, and how it is read.

use std::collections::BTreeMap;

use config::Value;
use serde::{Deserialize, Serialize};

use super::fault::Report;
use super::limits::{LimitsForm, RulesForm};
use super::path::Path;
use super::vertex::VertexPublisher;
use super::{document, fault_at, typed};
use crate::providers::Timeouts;
use crate::{cache, embedding, gateway, http, routing, stores, telemetry};

/// Everything that `gateway.yaml` may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SettingsForm {
    pub(super) server: http::Settings,
    pub(super) gateway: gateway::Settings,
    pub(super) cache: cache::Settings,
    pub(super) background: BackgroundForm,
    pub(super) routing: routing::Settings,
    pub(super) embedding: embedding::Settings,
    pub(super) telemetry: telemetry::Settings,
    pub(super) providers: ProvidersForm,
    pub(super) store: stores::Settings,
    pub(super) limits: LimitsForm,
    pub(super) callers: BTreeMap<String, RulesForm>,
}

/// The section `background`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BackgroundForm {
    /// The most that the gateway may spend by itself per day, in US dollars,
    /// 0 or more.
    pub(super) daily_usd: f64,
}

/// The section `providers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProvidersForm {
    /// The value of the header `anthropic-version`.
    pub(super) anthropic_version: String,
    /// The version of the Gemini API, which stands in its paths.
    pub(super) gemini_version: GeminiVersion,
    /// Whose models are asked through Vertex AI, where that is switched on.
    pub(super) vertex_publishers: Vec<VertexPublisher>,
    /// Waits at a vendor.
    pub(super) timeouts: Timeouts,
}

/// A version of the Gemini API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum GeminiVersion {
    /// What Google's SDK uses unless told otherwise.
    #[default]
    V1,
    /// The older one: many proxies know no other.
    V1Beta,
}

impl ProvidersForm {
    /// Returns the version of the vendor's API, if it wants one.
    pub(super) fn version_of(&self, vendor: &str) -> Option<&str> {
        match (vendor, self.gemini_version) {
            ("anthropic", _) => Some(&self.anthropic_version),
            ("google", GeminiVersion::V1) => Some("v1"),
            ("google", GeminiVersion::V1Beta) => Some("v1beta"),
            _ => None,
        }
    }
}

impl Default for ProvidersForm {
    fn default() -> Self {
        Self {
            anthropic_version: "2023-06-01".to_owned(),
            gemini_version: GeminiVersion::default(),
            vertex_publishers: VertexPublisher::ALL.to_vec(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Reads the merged layers. What is at fault takes its default, so that the
/// checks that follow find the rest.
///
/// Also returns where that was, because what is left of a list counts anew.
pub(super) fn read(merged: &Value, report: &mut Report) -> (SettingsForm, Vec<Path>) {
    let tree = document::to_json(merged);
    let reading = typed::read::<SettingsForm>(tree);
    let mut has_bad_mode = false;
    let mut taken = Vec::new();
    for (path, reason) in reading.faults {
        let reason = if is_auth_mode(&path) {
            has_bad_mode = true;
            format!("{reason}; the modes are none, api-key, oidc, cloud-run-iam and iap")
        } else {
            reason
        };
        let source = document::origin_at(merged, &path).unwrap_or("gateway.yaml");
        fault_at(report, source, &path, reason);
        taken.push(path);
    }
    let mut form = reading.value.unwrap_or_default();
    if has_bad_mode {
        form.server.auth_modes = http::Settings::default().auth_modes;
    }
    (form, taken)
}

fn is_auth_mode(path: &Path) -> bool {
    path.split_last()
        .is_some_and(|(list, _)| list == Path::dotted("server.auth_modes"))
}
