//! The layers of `gateway.yaml`: defaults, file, environment, flags.

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::fault::Report;
use super::files::Document;
use super::path::Path;
use super::sources::Sources;
use super::{document, interpolate};

/// What the environment's layer calls itself, before the variable's name.
pub(super) const ENVIRONMENT: &str = "environment: ";
/// What the flags' layer calls itself, before the flag's name.
pub(super) const COMMAND_LINE: &str = "command line: ";

const PREFIX: &str = "GATEWAY__";

/// Merges the layers, the later over the earlier; mappings merge by key.
/// Each value still knows its source.
pub(super) fn merge(documents: Vec<Document>, sources: &Sources, report: &mut Report) -> Value {
    let mut builder = Config::builder();
    for mut document in documents {
        document::drop_nulls(&mut document.members);
        document.members.retain(|key, _| {
            let is_plain = is_plain(key);
            if !is_plain {
                let path = Path::default().key(key);
                report.fault(&document.source, path, "unknown key");
            }
            is_plain
        });
        builder = builder.add_source(Layer(document.members));
    }
    for layer in overrides(sources, report) {
        builder = builder.add_source(layer);
    }
    for layer in named_variables(sources, report) {
        builder = builder.add_source(layer);
    }
    for layer in flags(sources) {
        builder = builder.add_source(layer);
    }
    match builder.build() {
        Ok(merged) => merged.cache,
        Err(fault) => {
            report.fault("configuration", "", fault.to_string());
            Value::from(Map::<String, Value>::new())
        }
    }
}

/// One layer. Its root keys are plain words, because `config` takes a root
/// key for a path: `a[9]` would become a list of ten.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

impl Layer {
    /// Makes a layer of one value.
    fn of(path: &[&str], mut value: Value) -> Option<Self> {
        for key in path.iter().skip(1).rev() {
            value = Value::from(Map::from_iter([((*key).to_owned(), value)]));
        }
        Some(Self(Map::from_iter([((*path.first()?).to_owned(), value)])))
    }
}

fn is_plain(key: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    key.starts_with(|c: char| c.is_ascii_lowercase()) && key.chars().all(is_plain)
}

/// Reads `GATEWAY__SECTION__KEY`, the values as YAML.
fn overrides(sources: &Sources, report: &mut Report) -> Vec<Layer> {
    for name in &sources.unreadable {
        if name.starts_with(PREFIX) {
            report.variable(name, "the value is not UTF-8");
        }
    }
    let mut layers = Vec::new();
    for (name, text) in &sources.environment {
        let Some(keys) = name.strip_prefix(PREFIX).filter(|_| !text.is_empty()) else {
            continue;
        };
        let keys = keys.to_ascii_lowercase();
        let path: Vec<&str> = keys.split("__").collect();
        if path.len() > 16 || !path.iter().all(|key| is_plain(key)) {
            report.variable(name, "names no key; the form is GATEWAY__SECTION__KEY");
            continue;
        }
        let origin = format!("{ENVIRONMENT}{name}");
        match document::parse_value(&origin, text) {
            Ok(mut value) => {
                let place = Path::dotted(&path.join("."));
                interpolate::expand(&mut value, &origin, &place, sources, report);
                if let ValueKind::Table(members) = &mut value.kind {
                    document::drop_nulls(members);
                }
                if !matches!(value.kind, ValueKind::Nil) {
                    layers.extend(Layer::of(&path, value));
                }
            }
            Err(reason) => report.variable(name, format!("the value {reason}")),
        }
    }
    layers
}

/// Reads the variables that have names of their own.
fn named_variables(sources: &Sources, report: &mut Report) -> Vec<Layer> {
    let variables: [(&str, &[&str], Form); 13] = [
        ("HOST", &["server", "host"], Form::Text),
        ("PORT", &["server", "port"], Form::Number),
        ("AUTH_MODE", &["server", "auth_modes"], Form::List),
        ("OIDC_ISSUER", &["server", "oidc", "issuer"], Form::Text),
        (
            "OIDC_AUDIENCE",
            &["server", "oidc", "audiences"],
            Form::List,
        ),
        ("OIDC_JWKS_URL", &["server", "oidc", "jwks_url"], Form::Text),
        ("OIDC_ALLOWED", &["server", "oidc", "allowed"], Form::List),
        ("IAP_AUDIENCE", &["server", "iap", "audiences"], Form::List),
        ("PUBLIC_URL", &["server", "public_url"], Form::Text),
        ("ALLOWED_HOSTS", &["server", "allowed_hosts"], Form::List),
        (
            "ALLOWED_ORIGINS",
            &["server", "allowed_origins"],
            Form::List,
        ),
        ("LOG_FORMAT", &["telemetry", "log_format"], Form::Text),
        ("RUST_LOG", &["telemetry", "log_filter"], Form::Text),
    ];
    let mut layers = Vec::new();
    for (name, path, form) in variables {
        if let Some(text) = sources.variable(name, report) {
            let origin = format!("{ENVIRONMENT}{name}");
            layers.extend(Layer::of(path, form.value(&origin, text)));
        }
    }
    layers
}

/// How a variable's text is read.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    /// Items between commas.
    List,
}

impl Form {
    fn value(self, origin: &str, text: &str) -> Value {
        let origin = Some(origin.to_owned());
        let value = |kind: ValueKind| Value::new(origin.as_ref(), kind);
        match self {
            Self::Text => value(text.trim().into()),
            Self::Number => value(match text.trim().parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => text.trim().into(),
            }),
            Self::List => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                let items: Vec<Value> = items.map(|item| value(item.into())).collect();
                value(ValueKind::Array(items))
            }
        }
    }
}

fn flags(sources: &Sources) -> Vec<Layer> {
    let layer = |flag: &str, key, kind: ValueKind| {
        let origin = format!("{COMMAND_LINE}{flag}");
        Layer::of(&["server", key], Value::new(Some(&origin), kind))
    };
    let host = sources.host.map(|host| host.to_string().into());
    let port = sources.port.map(|port| i64::from(port).into());
    [
        host.and_then(|host| layer("--host", "host", host)),
        port.and_then(|port| layer("--port", "port", port)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
