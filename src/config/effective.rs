//! The effective configuration as YAML, without secrets.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Config;
use crate::stores::StorePlace;

/// Writes what is in force. Keys are replaced by `***`.
pub(super) fn yaml(config: &Config) -> String {
    let mut text = String::new();
    let Value::Object(sections) = sections(config) else {
        return text;
    };
    write_members(&mut text, &sections, 0);
    text
}

fn sections(config: &Config) -> Value {
    let providers = config.providers.configured.iter().map(|provider| {
        let key = provider.api_key.as_ref().map(|_| "***");
        let settings = json!({
            "base_url": provider.base_url,
            "api_key": key,
            "api_version": provider.api_version,
            "vertex": provider.vertex.as_ref().map(|place| json!({
                "project": place.project,
                "location": place.location,
            })),
        });
        (provider.name.clone(), settings)
    });
    let unconfigured: Vec<&str> = config
        .unconfigured
        .iter()
        .map(|name| name.as_str())
        .collect();
    let catalogue = config.catalogue();
    let models: Vec<String> = catalogue
        .models()
        .iter()
        .map(|spec| spec.canonical())
        .collect();
    json!({
        "server": config.server,
        "api_keys": config.api_keys.names(),
        "gateway": config.gateway,
        "cache": config.cache,
        "background": {"daily_usd": config.background_daily_usd},
        "routing": config.routing,
        "embedding": {
            "enabled": config.embedding.enabled,
            "sessions": config.embedding.sessions,
            "onnx_runtime": config.onnx_runtime,
        },
        "telemetry": config.telemetry,
        "store": {
            "place": match &config.store_place {
                StorePlace::Memory => "memory:".to_owned(),
                StorePlace::Sqlite(path) => format!("sqlite://{}", path.display()),
                StorePlace::Postgres(_) => "postgres://***".to_owned(),
            },
            "retention_days": config.store.retention_days,
            "connections": config.store.connections,
            "cache_max_mb": config.store.cache_max_mb,
        },
        "limits": config.limits.limits,
        "callers": config.limits.callers,
        "providers": {
            "timeouts": config.providers.timeouts,
            "configured": providers.collect::<Map<_, _>>(),
            "unconfigured": unconfigured,
        },
        "models": models,
        "aliases": config.aliases,
        "prompts": config.prompts,
    })
}

fn write_members(text: &mut String, members: &Map<String, Value>, depth: usize) {
    for (key, value) in members {
        let _ = write!(
            text,
            "{:indent$}{}:",
            "",
            scalar_text(key),
            indent = depth * 2
        );
        write_value(text, value, depth + 1);
    }
}

fn write_value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            write_members(text, members, depth);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                let _ = write!(text, "{:indent$}-", "", indent = depth * 2);
                write_value(text, item, depth + 1);
            }
        }
        Value::String(words) => {
            let _ = writeln!(text, " {}", scalar_text(words));
        }
        // JSON's empty collections, numbers and literals are YAML's too.
        other => {
            let _ = writeln!(text, " {other}");
        }
    }
}

/// Writes a string bare where YAML cannot take it for anything else, and as
/// JSON otherwise.
fn scalar_text(words: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let is_bare = words.starts_with(|c: char| c.is_ascii_alphabetic())
        && words.chars().all(is_plain)
        && !["true", "false", "null", "yes", "no", "on", "off"]
            .contains(&words.to_ascii_lowercase().as_str());
    if is_bare {
        words.to_owned()
    } else {
        Value::from(words).to_string()
    }
}
