//! Keys: where they come from, and that nothing shows them.

use std::fs;

use super::{Folder, faults, load};
use crate::config::Config;

const CANARY: &str = "sk-canary-7f3a9c";

#[test]
fn a_key_is_in_force_and_never_shown() {
    let config = load(
        &[(
            "gateway.yaml",
            "telemetry: {log_filter: \"info,${MY_TOKEN}=off\"}",
        )],
        &[
            ("OPENAI_API_KEY", CANARY),
            ("MY_TOKEN", "secret_target"),
            ("GROQ_API_KEY", CANARY),
        ],
    );

    let openai = &config.providers.configured[0];
    assert_eq!(openai.api_key.as_ref().unwrap().expose(), CANARY);
    assert!(config.effective().contains("api_key: \"***\""));
    for shown in [
        config.effective().to_owned(),
        format!("{config:?}"),
        config.warnings().join("\n"),
    ] {
        assert!(!shown.contains(CANARY), "{shown}");
    }
    assert!(config.effective().contains("log_filter: \"info,***=off\""));
}

#[test]
fn no_fault_shows_a_key() {
    let spaced = format!("{CANARY} with blanks");
    let folder = Folder::new(&[
        (
            "gateway.yaml",
            "gateway: {max_attempts: \"${OPENAI_API_KEY}\"}\n\
             telemetry: {log_format: \"${OPENAI_API_KEY}\"}\n\
             server: {allowed_hosts: [\"${OPENAI_API_KEY}\"], host: \"${OPENAI_API_KEY}\"}\n\
             routing: {fallbacks: {\"openai/gpt-6-sol\": [\"${OPENAI_API_KEY}\"]}}",
        ),
        ("models.yaml", "aliases: {x: \"${OPENAI_API_KEY}\"}"),
    ]);
    let sources = folder.sources(&[
        ("OPENAI_API_KEY", spaced.as_str()),
        ("ANTHROPIC_API_KEY", "sk-canary-7f3a9c\n"),
        (
            "ANTHROPIC_BASE_URL",
            "https://user:sk-canary-7f3a9c@a.example",
        ),
    ]);

    let faults = Config::load(&sources).unwrap_err();

    assert!(faults.iter().len() >= 8, "{faults}");
    assert!(!faults.to_string().contains("canary"), "{faults}");
    assert!(!format!("{faults:?}").contains("canary"), "{faults:?}");
    assert!(!format!("{sources:?}").contains("canary"));
}

#[test]
fn a_key_may_stand_in_a_file() {
    let folder = Folder::new(&[("key", "  sk-from-file\n")]);
    let path = folder.path("key");

    let config = Config::load(&folder.sources(&[("OPENAI_API_KEY_FILE", &path)])).unwrap();

    let key = config.providers.configured[0].api_key.as_ref().unwrap();
    assert_eq!(key.expose(), "sk-from-file");
}

#[test]
fn a_key_file_that_gives_no_key_is_a_fault() {
    let folder = Folder::new(&[("empty", " \n"), ("key", "k")]);
    fs::write(folder.0.join("huge"), vec![b'k'; (64 << 10) + 1]).unwrap();
    let reason = |variables: &[(&str, &str)]| {
        let faults = Config::load(&folder.sources(variables)).unwrap_err();
        assert_eq!(faults.iter().len(), 1, "{faults}");
        faults.to_string()
    };

    for (name, wrong) in [
        ("empty", "is empty"),
        ("absent", "does not exist"),
        ("huge", "is larger than 65536 bytes"),
        ("", "cannot be read"),
    ] {
        let path = folder.path(name);
        let fault = reason(&[("ANTHROPIC_API_KEY_FILE", &path)]);
        assert!(
            fault.starts_with("environment: ANTHROPIC_API_KEY_FILE: the file"),
            "{fault}"
        );
        assert!(fault.contains(wrong), "{fault}");
    }
    let path = folder.path("key");
    let both = reason(&[("OPENAI_API_KEY", "k"), ("OPENAI_API_KEY_FILE", &path)]);
    assert!(
        both.contains("is set, and so is OPENAI_API_KEY_FILE"),
        "{both}"
    );
}

#[test]
fn an_empty_key_counts_as_unset() {
    let config = load(&[], &[("OPENAI_API_KEY", "")]);

    assert!(config.providers.configured.is_empty());
}

#[test]
fn a_key_that_no_header_carries_is_refused() {
    for key in ["two words", "tab\tbed", "line\n", "naïve", "\u{1}"] {
        let faults = faults(&[], &[("OPENAI_API_KEY", key)]);

        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(!faults[0].contains(key), "{faults:?}");
    }
}
