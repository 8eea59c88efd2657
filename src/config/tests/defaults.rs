//! What holds when nobody says anything.

use super::{Folder, load};
use crate::config::settings::{ProvidersForm, SettingsForm};
use crate::config::{Config, document, typed};
use crate::domain::SamplingRule;
use crate::{embedding, gateway, http, routing, telemetry};

#[test]
fn an_empty_environment_starts_with_the_defaults() {
    let config = load(&[], &[]);

    assert_eq!(config.server, http::Settings::default());
    assert_eq!(config.gateway, gateway::Settings::default());
    assert_eq!(config.routing, routing::Settings::default());
    assert_eq!(config.embedding, embedding::Settings::default());
    assert_eq!(config.onnx_runtime, None);
    assert_eq!(config.telemetry, telemetry::Settings::default());
    assert!(config.providers.configured.is_empty());
    let unconfigured: Vec<&str> = config.unconfigured.iter().map(|p| p.as_str()).collect();
    assert_eq!(
        unconfigured,
        ["openai", "anthropic", "google", "mistral", "groq", "local"]
    );
    assert!(config.catalogue().models().is_empty());
    assert_eq!(config.warnings(), [] as [&str; 0]);
}

#[test]
fn the_shipped_gateway_yaml_says_every_default_and_nothing_else() {
    let text = include_str!("../../../config/gateway.yaml");
    let members = document::parse("gateway.yaml", text).unwrap();
    let tree = document::to_json(&members.into());

    let defaults = SettingsForm::default();
    let expected = serde_json::json!({
        "server": defaults.server,
        "gateway": defaults.gateway,
        "cache": defaults.cache,
        "background": defaults.background,
        "routing": defaults.routing,
        "embedding": defaults.embedding,
        "telemetry": defaults.telemetry,
        "providers": ProvidersForm::default(),
        "store": defaults.store,
        "limits": {"adaptive": true, "pacing": true, "default": {}, "global": {}, "groups": {}},
        "callers": {},
    });
    assert_eq!(tree, expected);
    assert!(typed::read::<SettingsForm>(tree).faults.is_empty());
}

#[test]
fn the_instructions_fit_eighty_words() {
    let config = load(&[], &[]);

    assert!(config.prompts.instructions.split_whitespace().count() <= 80);
    assert!(
        config
            .prompts
            .ai_gateway_prompt
            .contains("unified_completion")
    );
}

#[test]
fn only_models_of_configured_vendors_are_offered() {
    let config = load(&[], &[("ANTHROPIC_API_KEY", "sk-ant-test")]);

    let catalogue = config.catalogue();
    assert_eq!(catalogue.models().len(), 11);
    assert!(catalogue.find("gpt-4-turbo").is_err());
    let anthropic = &config.providers.configured[0];
    assert_eq!(anthropic.base_url, "https://api.anthropic.com");
    assert_eq!(anthropic.api_version.as_deref(), Some("2023-06-01"));
}

#[test]
fn what_ends_within_thirty_days_is_mentioned() {
    let config = load(&[], &[("ANTHROPIC_API_KEY", "sk-ant-test")]);

    assert_eq!(
        config.warnings(),
        ["anthropic/claude-sonnet-4-5 ends on 2026-11-30"]
    );
}

#[test]
fn a_later_anthropic_version_drops_sampling() {
    let variables = [("GATEWAY__PROVIDERS__ANTHROPIC_VERSION", "2026-10-21")];
    let rule = |config: &Config| {
        let mut models = config.models.iter();
        let spec = models.find(|spec| spec.id.as_str() == "claude-haiku-4-5");
        spec.unwrap().request.sampling
    };

    assert_eq!(rule(&load(&[], &[])), SamplingRule::TemperatureXorTopP);
    assert_eq!(rule(&load(&[], &variables)), SamplingRule::Drop);
}

#[test]
fn a_folder_that_nobody_named_need_not_exist() {
    let folder = Folder::new(&[]);
    let mut sources = folder.sources(&[("GATEWAY_CONFIG_DIR", "/nonexistent/folder")]);
    sources.directory = None;

    let named = Config::load(&sources).unwrap_err().to_string();
    assert_eq!(
        named,
        "environment: GATEWAY_CONFIG_DIR: there is no folder /nonexistent/folder"
    );
    sources.environment.clear();
    assert!(Config::load(&sources).is_ok());
}

#[test]
fn every_variable_and_key_is_documented() {
    let manual = include_str!("../../../docs/configuration.md");
    let example = include_str!("../../../.env.example");
    let variables = [
        "HOST",
        "PORT",
        "AUTH_MODE",
        "GATEWAY_API_KEYS",
        "GATEWAY_API_KEYS_FILE",
        "OIDC_ISSUER",
        "OIDC_AUDIENCE",
        "OIDC_JWKS_URL",
        "OIDC_ALLOWED",
        "IAP_AUDIENCE",
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "DATABASE_URL",
        "ORT_DYLIB_PATH",
        "LOG_FORMAT",
        "RUST_LOG",
        "GATEWAY_CONFIG_DIR",
        "OPENAI_API_KEY",
        "OPENAI_API_KEY_FILE",
        "OPENAI_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_API_KEY_FILE",
        "ANTHROPIC_BASE_URL",
        "GEMINI_API_KEY",
        "GEMINI_API_KEY_FILE",
        "GOOGLE_GEMINI_BASE_URL",
        "MISTRAL_API_KEY",
        "MISTRAL_API_KEY_FILE",
        "MISTRAL_BASE_URL",
        "GROQ_API_KEY",
        "GROQ_API_KEY_FILE",
        "GROQ_BASE_URL",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_CLOUD_LOCATION",
        "GOOGLE_VERTEX_BASE_URL",
        "LOCAL_OPENAI_BASE_URL",
        "LOCAL_OPENAI_MODEL",
        "LOCAL_OPENAI_API_KEY",
        "LOCAL_OPENAI_API_KEY_FILE",
    ];
    for name in variables {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
        assert!(example.contains(&format!("\n# {name}=")), "{name}");
    }
    let text = include_str!("../../../config/gateway.yaml");
    let keys = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once(':'));
    for (key, _) in keys {
        assert!(manual.contains(key.trim()), "{key}");
    }
}
