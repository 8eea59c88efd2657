//! The shipped catalogue, and how a team adds to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::load;
use crate::config::prices;
use crate::domain::{Effort, EffortForm};

const KEYS: [(&str, &str); 5] = [
    ("OPENAI_API_KEY", "k1"),
    ("ANTHROPIC_API_KEY", "k2"),
    ("GEMINI_API_KEY", "k3"),
    ("MISTRAL_API_KEY", "k4"),
    ("GROQ_API_KEY", "k5"),
];

#[test]
fn every_vendor_has_its_models() {
    let config = load(&[], &[]);

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for spec in &config.models {
        *counts.entry(spec.provider.as_str()).or_default() += 1;
    }
    let expected = [
        ("anthropic", 11),
        ("google", 9),
        ("groq", 3),
        ("mistral", 8),
        ("openai", 15),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn every_model_has_a_price_today_and_a_prior_up_to_medium() {
    let config = load(&[], &[]);

    for spec in &config.models {
        let name = spec.canonical();
        let prices = config
            .prices
            .iter()
            .filter(|price| prices::is_of(price, spec));
        let today = date(2026, 11, 25);
        assert!(
            prices.into_iter().any(|price| price.from <= today),
            "{name} has no price"
        );
        let efforts = &spec.request.efforts;
        let wanted: Vec<Option<Effort>> = if efforts.is_empty() {
            vec![None]
        } else {
            let usual = efforts.iter().filter(|effort| **effort <= Effort::Medium);
            usual.copied().map(Some).collect()
        };
        for effort in wanted {
            assert!(spec.prior(effort).is_some(), "{name} at {effort:?}");
        }
        assert!(spec.prior_source.contains("median") || spec.prior_source.contains("2026-10-03"));
    }
}

#[test]
fn every_alias_leads_to_a_model_and_the_old_names_are_there() {
    let config = load(&[], &KEYS);
    let catalogue = config.catalogue();

    let names: BTreeSet<&str> = catalogue.aliases().map(|(alias, _)| alias).collect();
    assert_eq!(names.len(), config.aliases.len());
    for (alias, model) in [
        ("gpt-4-turbo", "openai/gpt-6-sol"),
        ("gpt-3.5-turbo", "openai/gpt-6-luna"),
        ("claude-3-opus", "anthropic/claude-opus-5-5"),
        ("claude-3-sonnet", "anthropic/claude-sonnet-5-5"),
        ("gemini-pro", "google/gemini-3.8-flash"),
        ("gemini-3.7-flash", "google/gemini-3.8-flash"),
        ("gemini-3.5-flash", "google/gemini-3.6-flash"),
        ("mistral-medium", "mistral/mistral-medium-3-5"),
        ("mistral-small", "mistral/mistral-small-2603"),
        ("mixtral-8x7b", "groq/openai/gpt-oss-20b"),
        ("groq/openai/gpt-oss-20b", "groq/openai/gpt-oss-20b"),
        ("openai/gpt-oss-20b", "groq/openai/gpt-oss-20b"),
    ] {
        assert_eq!(catalogue.find(alias).unwrap().canonical(), model);
    }
}

#[test]
fn the_traps_of_each_vendor_are_in_its_policies() {
    let config = load(&[], &[]);

    for spec in &config.models {
        let (name, policy) = (spec.canonical(), &spec.request);
        let is_gemini_2 = spec.id.as_str().starts_with("gemini-2.5");
        assert_eq!(
            policy.effort_form == EffortForm::Budget,
            is_gemini_2,
            "{name}"
        );
        match spec.provider.as_str() {
            // Whatever is asked for counts against the plan before it runs.
            "groq" => assert_eq!(policy.reasoning_allowance, [], "{name}"),
            "mistral" => {
                assert_eq!(policy.temperature, (0.0, 1.0), "{name}");
                assert_eq!(policy.seed_field.as_deref(), Some("random_seed"), "{name}");
            }
            "google" => assert_eq!(policy.max_stop_sequences, 5, "{name}"),
            _ => {}
        }
    }
}

const NEW_MODEL: &str = "
models:
  - id: gpt-7
    provider: openai
    tier: balanced
    context_window: 400000
    max_output: 100000
    capabilities: [tools]
    request:
      max_tokens_field: max_completion_tokens
      sampling: drop
      max_stop_sequences: 0
      efforts: [low, high]
      default_effort: low
      allows_prefill: false
      allows_forced_tool: true
";

#[test]
fn a_new_model_needs_no_prior() {
    let config = load(&[("models.yaml", NEW_MODEL)], &[]);

    let spec = config.models.last().unwrap();
    assert_eq!(spec.canonical(), "openai/gpt-7");
    // As the balanced models at the efforts that they have unasked.
    let [prior] = spec.priors.as_slice() else {
        panic!("{:?}", spec.priors)
    };
    assert_eq!(prior.effort, Some(Effort::Low));
    assert!((0.3..0.7).contains(&prior.quality.get()), "{prior:?}");
    assert!(
        spec.prior_source.contains("balanced"),
        "{}",
        spec.prior_source
    );
}

#[test]
fn a_price_that_changes_soon_is_mentioned() {
    let config = load(&[], &[("GEMINI_API_KEY", "k")]);

    assert_eq!(
        config.warnings(),
        [
            "google/gemini-4-argon costs 4 / 20 dollars per million tokens of input / output from \
          2026-12-01 on, now 2 / 10"
        ]
    );
}
