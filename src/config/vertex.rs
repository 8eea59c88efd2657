//! Whether Google's and Anthropic's models are reached through Vertex AI.

use serde::{Deserialize, Serialize};

use super::base_url::{self, Kind};
use super::fault::Report;
use super::sources::Sources;
use crate::providers::{ProviderSettings, VertexPlace};

const SWITCH: &str = "GOOGLE_GENAI_USE_VERTEXAI";
const PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
const LOCATION: &str = "GOOGLE_CLOUD_LOCATION";
const BASE_URL: &str = "GOOGLE_VERTEX_BASE_URL";
/// Where Google's own SDK looks if nothing else is said.
const DEFAULT_LOCATION: &str = "global";

/// A vendor whose models Vertex AI serves (`providers.vertex_publishers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum VertexPublisher {
    /// Gemini.
    Google,
    /// Claude, once it is enabled in the project's Model Garden.
    Anthropic,
}

impl VertexPublisher {
    /// Every one of them.
    pub(super) const ALL: [Self; 2] = [Self::Google, Self::Anthropic];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Anthropic => "anthropic",
        }
    }
}

/// Vertex AI as the environment has it.
pub(super) struct Vertex {
    base_url: String,
    place: VertexPlace,
}

impl Vertex {
    /// Reads the variables; `None` if Vertex AI is not switched on, or not
    /// rightly.
    pub(super) fn read(sources: &Sources, report: &mut Report) -> Option<Self> {
        let switch = sources.variable(SWITCH, report).unwrap_or_default();
        let project = sources.variable(PROJECT, report);
        let location = sources.variable(LOCATION, report);
        let address = sources.variable(BASE_URL, report);
        match switch.to_ascii_lowercase().as_str() {
            "true" | "1" => {}
            "" | "false" | "0" => {
                if address.is_some() {
                    report.warn(format!("{BASE_URL} has no effect without {SWITCH}=true"));
                }
                return None;
            }
            _ => {
                report.variable(SWITCH, "must be true or false");
                return None;
            }
        }
        if project.is_none() {
            report.variable(
                PROJECT,
                format!("must name the project, for {SWITCH} is set"),
            );
        }
        let location = location.unwrap_or(DEFAULT_LOCATION);
        for (name, value) in [(PROJECT, project.unwrap_or("x")), (LOCATION, location)] {
            if !is_resource_name(value) {
                report.variable(name, "has other signs than small letters, digits and -.:");
                return None;
            }
        }
        let address = address.map_or_else(|| default_base_url(location), str::to_owned);
        let base_url = base_url::check(&address, Kind::Vendor)
            .map_err(|reason| report.variable(BASE_URL, reason))
            .ok()?;
        Some(Self {
            base_url,
            place: VertexPlace {
                project: project?.to_owned(),
                location: location.to_owned(),
            },
        })
    }

    /// Returns how a publisher's models are reached.
    pub(super) fn settings(&self, publisher: VertexPublisher) -> ProviderSettings {
        ProviderSettings {
            name: publisher.as_str().to_owned(),
            base_url: self.base_url.clone(),
            api_key: None,
            api_version: None,
            vertex: Some(self.place.clone()),
        }
    }
}

/// Projects may have a domain before a colon.
fn is_resource_name(name: &str) -> bool {
    let is_sign =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    let begins_well = name.starts_with(|sign: char| sign.is_ascii_alphanumeric());
    (1..=128).contains(&name.len()) && begins_well && name.bytes().all(is_sign)
}

/// Where a location's API is.
fn default_base_url(location: &str) -> String {
    match location {
        "global" => "https://aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_location_has_its_host() {
        assert_eq!(
            default_base_url("global"),
            "https://aiplatform.googleapis.com"
        );
        assert_eq!(
            default_base_url("eu"),
            "https://aiplatform.eu.rep.googleapis.com"
        );
        assert_eq!(
            default_base_url("europe-west4"),
            "https://europe-west4-aiplatform.googleapis.com"
        );
    }

    #[test]
    fn names_cannot_lead_elsewhere() {
        assert!(is_resource_name("example.com:my-project-1"));
        for name in [
            "", ".", "..", "-a", "a/b", "a?b", "Über", "a b", "a@b", "a\\b",
        ] {
            assert!(!is_resource_name(name), "{name:?}");
        }
    }
}
