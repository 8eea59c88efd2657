//! The configuration folder and its four files.

use std::fs;

use super::{Folder, faults, load};
use crate::config::Config;
use crate::domain::Tier;

const MODEL: &str = "
models:
  - id: gpt-6-luna
    provider: openai
    tier: fast
    context_window: 1000
    max_output: 500
    capabilities: [streaming]
    request: &REQUEST
      max_tokens_field: max_tokens
      sampling: any
      max_stop_sequences: 0
      allows_prefill: true
      allows_forced_tool: true
";

fn model() -> String {
    MODEL.replace(" &REQUEST", "")
}

#[test]
fn a_model_of_the_folder_replaces_ours_in_place() {
    let text = format!(
        "{}\n  - {{id: new, provider: openai, tier: cheap, context_window: 9, max_output: 9, \
         capabilities: [], request: {{max_tokens_field: max_tokens, sampling: drop, \
         max_stop_sequences: 1, allows_prefill: false, allows_forced_tool: false}}}}\n\
         aliases: {{mine: openai/new, gpt-4-turbo: null}}",
        model()
    );
    let config = load(&[("models.yaml", &text)], &[("OPENAI_API_KEY", "k")]);

    let catalogue = config.catalogue();
    let luna = catalogue.find("gpt-6-luna").unwrap();
    assert_eq!((luna.tier, luna.context_window), (Tier::Fast, 1_000));
    assert!(luna.request.efforts.is_empty());
    let position = |id: &str| config.models.iter().position(|spec| spec.id.as_str() == id);
    assert_eq!(position("gpt-6-luna"), Some(4));
    assert_eq!(position("new"), Some(46));
    assert_eq!(catalogue.find("mine").unwrap().id.as_str(), "new");
    assert!(catalogue.find("gpt-4-turbo").is_err());
    assert!(catalogue.find("gpt-3.5-turbo").is_ok());
    let warnings = config.warnings().join("\n");
    assert!(
        warnings.contains("openai/new has no price today"),
        "{warnings}"
    );
    // What ours had measured says nothing about theirs.
    assert!(luna.prior_source.contains("none of its own"), "{luna:?}");
}

#[test]
fn a_price_of_the_folder_replaces_the_one_of_its_day() {
    let text = "prices:
  - {model: openai/gpt-6-luna, from: 2024-01-01, input: 7, output: 8, source: contract}
  - {model: openai/gpt-6-luna, from: 2026-12-01, input: 9, output: 10, source: contract}
  - {model: openai/gone, from: 2024-01-01, input: 1, output: 1, source: memory}";
    let config = load(&[("pricing.yaml", text)], &[("OPENAI_API_KEY", "k")]);

    let table = config.price_table();
    let spec = config
        .models
        .iter()
        .find(|spec| spec.id.as_str() == "gpt-6-luna")
        .unwrap();
    let cost = |day: &str| {
        let rates = table.rates(&spec.provider, &spec.id, 1, day.parse().unwrap());
        rates.unwrap().estimate(1_000, 0).nanos()
    };
    assert_eq!(cost("2026-11-25T00:00:00Z"), 7);
    assert_eq!(cost("2026-12-01T00:00:00Z"), 9);
    let warnings = config.warnings().join("\n");
    assert!(
        warnings.contains("prices[2]: no model is named openai/gone"),
        "{warnings}"
    );
}

#[test]
fn a_prompt_of_the_folder_replaces_ours_alone() {
    let config = load(&[("prompts.yaml", "instructions: Ask {{nicely}}.")], &[]);

    assert_eq!(config.prompts.instructions, "Ask {{nicely}}.");
    assert!(
        config
            .prompts
            .ai_gateway_prompt
            .contains("unified_completion")
    );
}

#[test]
fn empty_files_and_sections_change_nothing() {
    let config = load(
        &[
            (
                "gateway.yaml",
                "\u{feff}# all of it\ngateway:\n  # max_attempts: 3\nserver: null\n",
            ),
            ("models.yaml", "---\n"),
            ("pricing.yaml", "prices:\n"),
            ("prompts.yaml", ""),
        ],
        &[],
    );

    assert_eq!(config.gateway.max_attempts, 4);
    assert_eq!(config.models.len(), 46);
}

#[test]
fn variables_are_put_into_values() {
    let config = load(
        &[
            (
                "gateway.yaml",
                "gateway: {max_attempts: \"${TRIES}\"}\n\
             server: {allowed_hosts: [\"${NAME}.example.com:${PORT_NUMBER}\"]}\n\
             telemetry: {log_filter: \"info,a=${LEVEL}\"}",
            ),
            ("prompts.yaml", "instructions: \"write $${X} and $5\""),
        ],
        &[
            ("TRIES", "3"),
            ("NAME", "gw"),
            ("PORT_NUMBER", "1"),
            ("LEVEL", "warn"),
        ],
    );

    assert_eq!(config.gateway.max_attempts, 3);
    assert_eq!(config.server.allowed_hosts, ["gw.example.com:1"]);
    assert_eq!(config.telemetry.log_filter, "info,a=warn");
    assert_eq!(config.prompts.instructions, "write ${X} and $5");
}

#[test]
fn a_file_of_another_name_is_a_fault_in_a_named_folder() {
    let files = [
        ("model.yaml", ""),
        ("gateway.yml", ""),
        ("README.md", ""),
        (".x.yaml", ""),
    ];

    assert_eq!(
        faults(&files, &[]),
        [
            "FOLDER/gateway.yml: no file of this name is read; did you mean gateway.yaml?",
            "FOLDER/model.yaml: no file of this name is read; did you mean models.yaml?",
        ]
    );
}

#[test]
fn malformed_yaml_is_named_with_its_line() {
    for (text, wrong) in [
        ("gateway:\n  max_attempts: [", " line 3"),
        ("gateway: {}\ngateway: {}\n", "duplicated key"),
        ("\n\na: b: c", " line 3"),
        ("a: 1\nb: .nan\n", "line 2: .nan is not a finite number"),
        ("- 1\n- 2", "not a YAML mapping"),
        ("just words", "not a YAML mapping"),
        ("a: 1\n---\nb: 2", "2 YAML documents"),
        ("a: &x 1\nb: *x", "anchors"),
        (
            "\t- x: [\u{0}",
            "FOLDER/gateway.yaml: is not a YAML mapping",
        ),
    ] {
        let faults = faults(&[("gateway.yaml", text)], &[]);

        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("FOLDER/gateway.yaml: "), "{faults:?}");
        assert!(faults[0].contains(wrong), "{faults:?}");
    }
}

#[test]
fn no_file_overflows_the_stack_or_the_memory() {
    let deep_block: String = (0..2_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    for text in [
        "[".repeat(1 << 20),
        "{a: ".repeat(1 << 18),
        "- ".repeat(1 << 19),
        "? ".repeat(1 << 19),
        deep_block,
        format!("--- {}", "- ".repeat(1 << 18)),
        format!("{}{}{}", " ".repeat(199), "- ".repeat(50), "[".repeat(250)),
        "a".repeat((1 << 20) + 1),
    ] {
        let faults = faults(&[("gateway.yaml", &text)], &[]);

        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

#[test]
fn a_file_that_is_not_text_is_a_fault() {
    let folder = Folder::new(&[]);
    fs::write(folder.0.join("gateway.yaml"), [0xff, 0xfe]).unwrap();
    fs::create_dir(folder.0.join("models.yaml")).unwrap();

    let faults = Config::load(&folder.sources(&[])).unwrap_err().to_string();

    assert!(faults.contains("gateway.yaml: is not UTF-8"), "{faults}");
    assert!(faults.contains("models.yaml: cannot be read"), "{faults}");
}
