//! Every fault of every file, in one run.

use super::faults;

#[test]
fn ten_faults_of_different_kinds_come_at_once() {
    let gateway = "
gateway: {max_attempt: 3, max_attempts: 99}
server: {port: \"80\", auth_modes: [oicd, none], allowed_hosts: [ok.example, 5, 'a b']}
routing:
  weights: {quality: -1}
  cost_scale_usd: {low: 2, high: 1}
  latency_scale_seconds: {low: 1e999}
  fallbacks: {openai/gpt-6-so: [openai/gpt-6-sol, nope]}
telemetry: {log_filter: \"${UNSET_LEVEL}\"}
sever: {}
";
    let models = "
aliases: {gpt-5.5: openai/gpt-6-sol, lost: openai/gpt-7, auto: openai/gpt-6-sol}
model: []
";
    let pricing = "
prices:
  - {model: openai/gpt-6-sol, from: 2027-02-30, input: 1, output: 1, source: x}
  - {model: openai/gpt-6-sol, from: 2027-01-01, input: -1, output: 1, source: x}
";
    let files = [
        ("gateway.yaml", gateway),
        ("models.yaml", models),
        ("pricing.yaml", pricing),
        ("prompts.yaml", "instruction: x"),
    ];

    let found = faults(&files, &[]);

    let expected = [
        "gateway.yaml: telemetry.log_filter: UNSET_LEVEL is not set",
        "gateway.yaml: gateway.max_attempt: unknown key `max_attempt`; did you mean max_attempts?",
        "gateway.yaml: gateway.max_attempts: 99 is not within 1..=16",
        "gateway.yaml: server.port: must be a whole number from 0 to 65535, not text",
        "gateway.yaml: server.auth_modes[0]: unknown value `oicd`; did you mean oidc?",
        "gateway.yaml: server.allowed_hosts[1]: must be text, not a number",
        "gateway.yaml: server.allowed_hosts[2]: must be a host name, with or without :port",
        "gateway.yaml: routing.weights.quality: -1 is not a weight: it must be 0 or more",
        "gateway.yaml: routing.cost_scale_usd: low 2 and high 1 must be 0 < low < high",
        "gateway.yaml: routing.latency_scale_seconds.low: must be a finite number",
        "gateway.yaml: routing.fallbacks.\"openai/gpt-6-so\": no model is named \
         \"openai/gpt-6-so\"; did you mean openai/gpt-6-sol?",
        "gateway.yaml: routing.fallbacks.\"openai/gpt-6-so\"[1]: no model is named \"nope\"",
        "gateway.yaml: sever: unknown key `sever`; did you mean server?",
        "models.yaml: model: unknown key `model`; did you mean models?",
        "models.yaml: aliases.\"gpt-5.5\": hides a model of the same name",
        "models.yaml: aliases.lost: no model is named \"openai/gpt-7\"",
        "models.yaml: aliases.auto: hides a model of the same name",
        "pricing.yaml: prices[0].from: ",
        "pricing.yaml: prices[1].input: must not be negative",
        "prompts.yaml: instruction: unknown key `instruction`; did you mean instructions?",
    ];
    for start in expected {
        let start = format!("FOLDER/{start}");
        assert!(
            found.iter().any(|fault| fault.starts_with(&start)),
            "{start} is not in {found:#?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_model_is_checked_member_by_member() {
    let text = "
models:
  - {id: a b, provider: acme, tier: huge, extra: 1}
  - id: m
    provider: openai
    tier: cheap
    context_window: 10
    max_output: 20
    ends: 2026-13-01
    capabilities: [smell]
  - id: n
    provider: openai
    context_window: 10
    max_output: 20
    capabilities: []
    request:
      max_tokens_field: max_tokens
      temperature: [1, 3]
      max_stop_sequences: 99
      seed_field: 'no field'
      efforts: [high, low]
      default_effort: max
      reasoning_allowance: {medium: 1, high: 20}
    priors:
      - {effort: max, quality: 2, ttft_ms: -1, tokens_per_second: 0}
";
    let found = faults(&[("models.yaml", text)], &[]);

    for start in [
        "models[0].tier: unknown value `huge`",
        "models[0].extra: unknown key `extra`",
        "models[1].ends: ",
        "models[1].capabilities[0]: unknown value `smell`",
        "models[2].tier: is missing",
        "models[2].max_output: must not exceed context_window",
        "models[2].request.sampling: is missing",
        "models[2].request.allows_prefill: is missing",
        "models[2].request.temperature: must be two numbers within 0..=2",
        "models[2].request.max_stop_sequences: must be within 0..=16",
        "models[2].request.seed_field: must be the name of a field",
        "models[2].request.efforts: must rise",
        "models[2].request.default_effort: max is not among",
        "models[2].request.reasoning_allowance.medium: is not among",
        "models[2].request.reasoning_allowance.high: must be less than max_output",
        "models[2].prior_source: is missing",
        "models[2].priors[0].quality: must be a number within 0..=1",
        "models[2].priors[0].ttft_ms: ",
        "models[2].priors[0].tokens_per_second: ",
    ] {
        let start = format!("FOLDER/models.yaml: {start}");
        assert!(
            found.iter().any(|fault| fault.starts_with(&start)),
            "{start} is not in {found:#?}"
        );
    }
}

#[test]
fn a_model_or_price_listed_twice_is_a_fault() {
    let models = "models: [{id: m, provider: openai}, {id: m, provider: openai}]";
    let row = "{model: openai/gpt-6-sol, from: 2027-01-01, input: 1, output: 1, source: x}";
    let pricing = format!("prices: [{row}, {row}]");

    let found = faults(&[("models.yaml", models), ("pricing.yaml", &pricing)], &[]);

    let wanted = [
        "FOLDER/models.yaml: models[1]: openai/m is listed twice",
        "FOLDER/pricing.yaml: prices[1]: openai/gpt-6-sol has two prices from 2027-01-01",
    ];
    for fault in wanted {
        assert!(found.iter().any(|line| line == fault), "{found:#?}");
    }
}

#[test]
fn prices_are_checked_band_by_band() {
    let text = "
prices:
  - model: gpt-6-sol
    input: 1.5
  - model: gpt-6-sol
    from: 2027-01-01
    output: 1
    bands: [{above_input: 9, input: 1, output: 1}, {above_input: 9, input: 1, output: -1}]
";
    let found = faults(&[("pricing.yaml", text)], &[]);

    let expected = [
        "prices[0].input: must be a whole number, not a number with a fraction",
        "prices[0].from: is missing",
        "prices[0].source: is missing",
        "prices[0].output: is missing",
        "prices[0].model: must be provider/id, as in openai/gpt-6-luna",
        "prices[1].source: is missing",
        "prices[1].input: is missing",
        "prices[1].bands[1].above_input: must be a number of tokens, 1 or more, rising from \
         band to band",
        "prices[1].bands[1].output: must not be negative (pico-dollars per token)",
        "prices[1].model: must be provider/id, as in openai/gpt-6-luna",
    ];
    let expected = expected.map(|fault| format!("FOLDER/pricing.yaml: {fault}"));
    assert_eq!(found, expected);
}

#[test]
fn every_fault_of_limits_is_named() {
    let text = "
limits:
  default: {requests_per_minute: 600, burst: 1.5, models: [gpt-6-lun, 'anthropic/*', 'nobody/*']}
  global: {burst: 5, budget_window: day, budgets: [{usd: 1, window: day}, {usd: 2, window: day}]}
callers:
  alice: {budget_usd: -5, budget_window: week}
  Bob: {requests_per_minute: 0, group: nobody}
";
    let found = faults(&[("gateway.yaml", text)], &[]);

    for start in [
        "limits.default.burst: must be a whole number, 1 to 1000000000",
        "limits.default.models[0]: no model is named",
        "limits.default.models[2]: no model is named",
        "limits.global.burst: has no meaning without requests_per_minute",
        "limits.global.budget_window: has no meaning without budget_usd",
        "limits.global.budgets[1].usd: there is another budget per day",
        "callers.alice.budget_usd: must be an amount of US dollars, 0 or more",
        "callers.alice.budget_window: unknown value `week`; values here: hour, day, month, total",
        "callers.Bob: a caller's name has 1 to 64",
        "callers.Bob.requests_per_minute: must be a whole number, 1 to 1000000000",
        "callers.Bob.group: there is no group \"nobody\"",
    ] {
        let start = format!("FOLDER/gateway.yaml: {start}");
        assert!(
            found.iter().any(|fault| fault.starts_with(&start)),
            "{start} is not in {found:#?}"
        );
    }
}

#[test]
fn what_a_caller_is_stands_under_callers_alone() {
    let text = "
limits:
  default: {admin: false}
  global: {group: team}
  groups: {team: {group: team, admin: true, grup: team}}
callers:
  alice: {group: team, admin: true}
";
    let found = faults(&[("gateway.yaml", text)], &[]);

    let expected = [
        "limits.groups.team.grup: unknown key `grup`; did you mean group?",
        "limits.default.admin: belongs to an entry of callers",
        "limits.global.group: belongs to an entry of callers",
        "limits.groups.team.group: belongs to an entry of callers",
        "limits.groups.team.admin: belongs to an entry of callers",
    ];
    let expected = expected.map(|fault| format!("FOLDER/gateway.yaml: {fault}"));
    assert_eq!(found, expected);
}

#[test]
fn weights_must_not_all_be_zero() {
    let text = "routing: {weights: {quality: 0, cost: 0, latency: 0, reliability: 0}}";

    let found = faults(&[("gateway.yaml", text)], &[]);

    assert_eq!(
        found,
        ["FOLDER/gateway.yaml: routing.weights: must not all be 0, nor too large to add up"]
    );
}

#[test]
fn an_endless_number_of_faults_is_cut() {
    let text: String = (0..1_000).map(|n| format!("unknown_{n}: 1\n")).collect();

    let found = faults(&[("gateway.yaml", &text), ("models.yaml", &text)], &[]);

    assert_eq!(found.len(), 201);
    assert!(
        found[200].contains("more than 200 faults"),
        "{}",
        found[200]
    );
}

#[test]
fn a_fault_of_a_merged_mapping_names_who_changed_it() {
    let low = "routing: {cost_scale_usd: {low: 1}}";
    let high = ("GATEWAY__ROUTING__LATENCY_SCALE_SECONDS__HIGH", "0.1");

    let found = faults(&[("gateway.yaml", low)], &[high]);

    assert_eq!(
        found,
        [
            "FOLDER/gateway.yaml: routing.cost_scale_usd: low 1 and high 0.1 must be 0 < low < high",
            "environment: GATEWAY__ROUTING__LATENCY_SCALE_SECONDS__HIGH: \
             routing.latency_scale_seconds: low 0.2 and high 0.1 must be 0 < low < high",
        ]
    );
}

#[test]
fn members_of_a_list_keep_their_places() {
    let text = "server: {allowed_hosts: [1, 2, ok.example, 3, 'a b', 4]}";

    let found = faults(&[("gateway.yaml", text)], &[]);

    let places: Vec<&str> = found
        .iter()
        .filter_map(|fault| fault.split(": ").nth(1))
        .collect();
    let expected = [0, 1, 3, 5, 4].map(|index| format!("server.allowed_hosts[{index}]"));
    assert_eq!(places, expected);
}
