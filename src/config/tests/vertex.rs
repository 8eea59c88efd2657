//! Vertex AI in place of keys.

use super::{faults, load};
use crate::config::Config;
use crate::providers::ProviderSettings;

const ON: (&str, &str) = ("GOOGLE_GENAI_USE_VERTEXAI", "true");
const PROJECT: (&str, &str) = ("GOOGLE_CLOUD_PROJECT", "my-project");

fn vendor<'a>(config: &'a Config, name: &str) -> &'a ProviderSettings {
    let mut configured = config.providers.configured.iter();
    configured.find(|vendor| vendor.name == name).unwrap()
}

#[test]
fn google_and_anthropic_need_no_key() {
    let config = load(&[], &[ON, PROJECT, ("GOOGLE_CLOUD_LOCATION", "eu")]);

    for name in ["google", "anthropic"] {
        let settings = vendor(&config, name);
        let place = settings.vertex.as_ref().unwrap();
        assert_eq!(
            settings.base_url,
            "https://aiplatform.eu.rep.googleapis.com"
        );
        assert_eq!(
            (place.project.as_str(), place.location.as_str()),
            ("my-project", "eu")
        );
        assert_eq!(settings.api_key, None);
    }
    assert!(config.effective().contains("project: my-project"));
    assert_eq!(config.providers.configured.len(), 2);
}

#[test]
fn a_key_of_anthropics_wins_and_one_of_geminis_does_not() {
    let keys = [("ANTHROPIC_API_KEY", "a-1"), ("GEMINI_API_KEY", "g-1")];
    let config = load(&[], &[&[ON, PROJECT], &keys[..]].concat());

    assert_eq!(vendor(&config, "anthropic").vertex, None);
    assert!(vendor(&config, "google").vertex.is_some());
    let expected = "GEMINI_API_KEY has no effect: google is on Vertex AI";
    assert_eq!(config.warnings()[0], expected);
}

#[test]
fn publishers_can_be_left_out() {
    let only = ("GATEWAY__PROVIDERS__VERTEX_PUBLISHERS", "[google]");
    let config = load(&[], &[ON, PROJECT, only]);

    let names: Vec<&str> = config
        .unconfigured
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["openai", "anthropic", "mistral", "groq", "local"]);
}

#[test]
fn an_early_version_of_anthropics_api_keeps_sampling() {
    let late = ("GATEWAY__PROVIDERS__ANTHROPIC_VERSION", "2026-10-21");
    let drops = |extra: &[(&str, &str)]| {
        let config = load(&[], &[&[late], extra].concat());
        let mut models = config.models.iter();
        let spec = models
            .find(|spec| spec.id.as_str() == "claude-haiku-4-5")
            .unwrap();
        spec.request.sampling == crate::domain::SamplingRule::Drop
    };

    assert!(drops(&[("ANTHROPIC_API_KEY", "a-1")]));
    assert!(!drops(&[ON, PROJECT]));
}

#[test]
fn what_is_missing_or_odd_is_a_fault() {
    assert_eq!(
        faults(&[], &[ON]),
        [
            "environment: GOOGLE_CLOUD_PROJECT: must name the project, for \
          GOOGLE_GENAI_USE_VERTEXAI is set"
        ]
    );
    assert_eq!(
        faults(&[], &[("GOOGLE_GENAI_USE_VERTEXAI", "maybe")]),
        ["environment: GOOGLE_GENAI_USE_VERTEXAI: must be true or false"]
    );
    assert_eq!(
        faults(
            &[],
            &[ON, PROJECT, ("GOOGLE_CLOUD_LOCATION", "x.example/..")]
        ),
        ["environment: GOOGLE_CLOUD_LOCATION: has other signs than small letters, digits and -.:"]
    );
}
