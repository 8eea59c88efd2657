//! Variables and flags.

use std::net::IpAddr;

use super::{Folder, faults, load};
use crate::config::Config;
use crate::domain::Effort;
use crate::telemetry::LogFormat;

#[test]
fn variables_beat_files_and_flags_beat_variables() {
    let folder = Folder::new(&[(
        "gateway.yaml",
        "server: {port: 1}\ngateway: {max_attempts: 2}",
    )]);
    let mut sources = folder.sources(&[
        ("PORT", "2"),
        ("GATEWAY__SERVER__PORT", "3"),
        ("GATEWAY__GATEWAY__MAX_ATTEMPTS", "7"),
    ]);

    let config = Config::load(&sources).unwrap();
    assert_eq!((config.server.port, config.gateway.max_attempts), (2, 7));
    sources.port = Some(0);
    sources.host = Some("::1".parse().unwrap());
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.server.port, 0);
    assert_eq!(config.server.host, "::1".parse::<IpAddr>().unwrap());
}

#[test]
fn any_key_can_be_overridden_with_yaml() {
    let config = load(
        &[],
        &[
            ("GATEWAY__ROUTING__WEIGHTS__QUALITY", "0.75"),
            ("GATEWAY__ROUTING__MAX_AUTO_EFFORT", "high"),
            (
                "GATEWAY__ROUTING__FALLBACKS",
                "openai/gpt-5.4: [anthropic/claude-opus-5, openai/gpt-5.5]",
            ),
            (
                "GATEWAY__SERVER__ALLOWED_HOSTS",
                "[a.example, 'b.example:1']",
            ),
            ("GATEWAY__PROVIDERS__TIMEOUTS", "{connect_ms: 9}"),
            ("GATEWAY__TELEMETRY__LOG_FILTER", ""),
        ],
    );

    assert_eq!(config.routing.weights.quality, 0.75);
    assert_eq!(config.routing.weights.cost, 0.2);
    assert_eq!(config.routing.max_auto_effort, Effort::High);
    assert_eq!(
        config.routing.fallbacks["openai/gpt-5.4"],
        ["anthropic/claude-opus-5", "openai/gpt-5.5"]
    );
    assert_eq!(config.server.allowed_hosts, ["a.example", "b.example:1"]);
    assert_eq!(config.providers.timeouts.connect_ms, 9);
    assert_eq!(config.providers.timeouts.idle_ms, 20_000);
}

#[test]
fn named_variables_are_read() {
    let config = load(
        &[],
        &[
            ("ALLOWED_HOSTS", "gw.example.com, gw.example.com:8443,"),
            ("ALLOWED_ORIGINS", "https://app.example.com"),
            ("LOG_FORMAT", "json"),
            ("RUST_LOG", "debug,hyper=off"),
            ("AUTH_MODE", "none"),
            ("HOST", "127.0.0.2"),
        ],
    );

    assert_eq!(
        config.server.allowed_hosts,
        ["gw.example.com", "gw.example.com:8443"]
    );
    assert_eq!(config.server.allowed_origins, ["https://app.example.com"]);
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
    assert_eq!(config.telemetry.log_filter, "debug,hyper=off");
    assert_eq!(config.server.host.to_string(), "127.0.0.2");
}

#[test]
fn a_bad_variable_is_named() {
    let faults = faults(
        &[],
        &[
            ("PORT", "http"),
            ("HOST", "localhost"),
            ("AUTH_MODE", "api_key"),
            ("LOG_FORMAT", "jsn"),
            ("RUST_LOG", "a=b=c"),
            ("ALLOWED_HOSTS", "*.example.com"),
            ("ALLOWED_ORIGINS", "app.example.com"),
            ("GATEWAY__GATEWAY__MAX_ATTEMPT", "3"),
            ("GATEWAY__GATEWAY", "{max_in_flight: [}"),
            ("GATEWAY__", "1"),
        ],
    );

    let starts = [
        "environment: GATEWAY__: names no key",
        "environment: GATEWAY__GATEWAY: the value is not YAML: ",
        "environment: GATEWAY__GATEWAY__MAX_ATTEMPT: gateway.max_attempt: unknown key \
         `max_attempt`; did you mean max_attempts?",
        "environment: PORT: server.port: must be a whole number from 0 to 65535, not text",
        "environment: HOST: server.host: must be an IP address",
        "environment: AUTH_MODE: server.auth_modes[0]: unknown value `api_key`",
        "environment: LOG_FORMAT: telemetry.log_format: unknown value `jsn`; did you mean json?",
        "environment: RUST_LOG: telemetry.log_filter: ",
        "environment: ALLOWED_HOSTS: server.allowed_hosts[0]: must be a host name",
        "environment: ALLOWED_ORIGINS: server.allowed_origins[0]: must be http:// or https://",
    ];
    for start in starts {
        assert!(
            faults.iter().any(|fault| fault.starts_with(start)),
            "{start} is not in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), starts.len(), "{faults:#?}");
}

#[test]
fn only_a_used_variable_must_be_utf8() {
    let folder = Folder::new(&[]);
    let mut sources = folder.sources(&[]);
    sources.unreadable.insert("LS_COLORS".to_owned());
    assert!(Config::load(&sources).is_ok());

    sources.unreadable.insert("PORT".to_owned());
    sources
        .unreadable
        .insert("GATEWAY__SERVER__PORT".to_owned());
    let faults = Config::load(&sources).unwrap_err();

    assert_eq!(faults.iter().len(), 2);
}

#[test]
fn nobody_is_let_in_unproved_from_beyond_the_machine() {
    for variables in [
        [("HOST", "0.0.0.0")],
        [("HOST", "::")],
        [("GATEWAY__SERVER__HOST", "192.168.1.2")],
    ] {
        let faults = faults(&[], &variables);

        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("AUTH_MODE none"), "{faults:?}");
    }
    let in_file = faults(&[("gateway.yaml", "server: {host: 0.0.0.0}")], &[]);
    assert!(in_file[0].starts_with("FOLDER/gateway.yaml: server.host: "));
}

#[test]
fn cloud_run_refuses_mode_none() {
    let faults = faults(&[], &[("K_SERVICE", "gateway")]);

    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("environment: AUTH_MODE: mode `none` is refused on Cloud Run"),
        "{faults:?}"
    );
}

#[test]
fn cloud_run_listens_everywhere_unless_told_where() {
    use crate::config::fault::Report;
    use crate::config::{layers, settle_host};
    let host = |variables: &[(&str, &str)]| {
        let sources = Folder::new(&[]).sources(variables);
        let merged = layers::merge(Vec::new(), &sources, &mut Report::default());
        let mut report = Report::default();
        let mut server = crate::config::settings::read(&merged, &mut report).0.server;
        settle_host(&mut server, &sources, &merged, &mut report);
        server.host.to_string()
    };

    assert_eq!(host(&[]), "127.0.0.1");
    assert_eq!(host(&[("K_SERVICE", "gateway")]), "0.0.0.0");
    assert_eq!(
        host(&[("K_SERVICE", "gateway"), ("HOST", "127.0.0.1")]),
        "127.0.0.1"
    );
}

#[test]
fn a_local_server_needs_no_key_and_its_models_are_free() {
    let config = load(
        &[],
        &[
            ("LOCAL_OPENAI_BASE_URL", "http://gpu.example.com:8000/v1/"),
            ("LOCAL_OPENAI_MODEL", "llama3, org/qwen"),
        ],
    );

    let local = &config.providers.configured[0];
    assert_eq!(
        (local.base_url.as_str(), &local.api_key),
        ("http://gpu.example.com:8000/v1", &None)
    );
    let catalogue = config.catalogue();
    assert_eq!(catalogue.models().len(), 2);
    let spec = catalogue.find("local/org/qwen").unwrap();
    let day = "2026-11-25T00:00:00Z".parse().unwrap();
    let rates = config
        .price_table()
        .rates(&spec.provider, &spec.id, 1_000, day);
    assert_eq!(rates.unwrap().estimate(1_000, 1_000).nanos(), 0);
    assert!(
        !config
            .warnings()
            .iter()
            .any(|warning| warning.contains("local/"))
    );
}

#[test]
fn a_local_server_must_name_its_models() {
    let faults = faults(
        &[],
        &[("LOCAL_OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")],
    );

    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("environment: LOCAL_OPENAI_MODEL: must name"));
}

#[test]
fn a_variable_that_changes_nothing_is_a_warning() {
    let config = load(
        &[],
        &[
            ("GROQ_BASE_URL", "https://a.example"),
            ("GOOGLE_VERTEX_BASE_URL", "https://b.example"),
            ("GEMINI_API_KEY", "gemini-1"),
            ("GOOGLE_API_KEY", "google-1"),
        ],
    );

    assert_eq!(
        config.warnings()[..3],
        [
            "GOOGLE_VERTEX_BASE_URL has no effect without GOOGLE_GENAI_USE_VERTEXAI=true",
            "GOOGLE_API_KEY has no effect beside GEMINI_API_KEY",
            "GROQ_BASE_URL has no effect without GROQ_API_KEY",
        ]
    );
}

#[test]
fn a_vendors_address_is_checked() {
    let faults = faults(
        &[],
        &[
            ("OPENAI_API_KEY", "k"),
            ("OPENAI_BASE_URL", "http://2852039166/v1"),
            ("ANTHROPIC_BASE_URL", "http://api.example.com"),
            (
                "LOCAL_OPENAI_BASE_URL",
                "http://[::ffff:169.254.169.254]/v1",
            ),
            ("LOCAL_OPENAI_MODEL", "m"),
        ],
    );

    let starts: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split(": ").nth(1))
        .collect();
    assert_eq!(
        starts,
        [
            "OPENAI_BASE_URL",
            "ANTHROPIC_BASE_URL",
            "LOCAL_OPENAI_BASE_URL"
        ]
    );
}

#[test]
fn the_embedder_is_steered_like_everything_else() {
    let config = load(
        &[("gateway.yaml", "embedding: {sessions: 2}")],
        &[
            ("GATEWAY__EMBEDDING__ENABLED", "false"),
            ("GATEWAY__EMBEDDING__SESSIONS", "8"),
            ("ORT_DYLIB_PATH", "/opt/libonnxruntime.so"),
        ],
    );
    let faults = faults(
        &[("gateway.yaml", "embedding: {sessions: 9, model: x}")],
        &[("GATEWAY__EMBEDDING__ENABLED", "maybe")],
    );

    assert!(!config.embedding.enabled);
    assert_eq!(config.embedding.sessions, 8);
    let library = config.onnx_runtime.as_deref();
    assert_eq!(library, Some("/opt/libonnxruntime.so".as_ref()));
    for part in [
        "embedding.sessions: 9 is not within 1..=8",
        "embedding.model: unknown key",
        "GATEWAY__EMBEDDING__ENABLED: embedding.enabled: must be true or false, not text",
    ] {
        assert!(
            faults.iter().any(|fault| fault.contains(part)),
            "{faults:?}"
        );
    }
}
