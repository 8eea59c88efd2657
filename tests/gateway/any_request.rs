//! Whatever a caller may ask, no vendor refuses the way in which it is asked.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use proptest::{collection, option};
use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::seats::SEATS;
use crate::support::Rig;

/// Calls for each way to reach the vendors: with keys, by the older version of
/// Gemini's API, and on Vertex AI.
const CASES: u32 = 1_200;

/// Makes the members of a valid request that do not depend on the model.
fn arguments() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        4 => "[ -~]{1,40}",
        2 => "\\PC{1,40}",
        1 => Just("x ".repeat(3_000)),
        1 => Just("\n\t é\u{301}👩‍💻".to_owned()),
    ];
    let text = text.prop_filter("an empty message is the caller's fault", |text| {
        !text.trim().is_empty()
    });
    let role = prop_oneof![Just("user"), Just("assistant"), Just("system")];
    let turns = collection::vec((role, text.clone()), 0..6);
    let sampling = (
        option::of(prop_oneof![Just(0.0), Just(2.0), 0.0_f64..=2.0]),
        option::of(prop_oneof![Just(0.0), Just(1.0), 0.0_f64..=1.0]),
        option::of(any::<i64>()),
        collection::vec("[ -~]{1,12}|\n", 0..=4),
    );
    (turns, text, 1_u32..=32_000, sampling).prop_map(|(turns, last, max_tokens, sampling)| {
        let mut messages: Vec<Value> = turns
            .into_iter()
            .map(|(role, content)| json!({"role": role, "content": content}))
            .collect();
        messages.push(json!({"role": "user", "content": last}));
        let (temperature, top_p, seed, stop) = sampling;
        json!({"messages": messages, "max_tokens": max_tokens, "temperature": temperature,
            "top_p": top_p, "seed": seed, "stop": stop})
    })
}

#[test]
fn any_valid_request_is_one_that_the_model_accepts() {
    for seat in [&SEATS[0], &SEATS[3], &SEATS[SEATS.len() - 1]] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let rig = runtime.block_on(async { seat.rig() });
        let config = Config {
            cases: CASES,
            ..Config::default()
        };
        let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let strategy = (
            arguments(),
            any::<proptest::sample::Index>(),
            any::<proptest::sample::Index>(),
        );

        runner
            .run(&strategy, |(mut arguments, model, effort)| {
                let known = rig.app.gateway.known();
                let models = known.catalogue.models();
                let spec = &models[model.index(models.len())];
                let efforts = &spec.request.efforts;
                let chosen = effort.index(efforts.len() + 1);
                let effort = efforts.get(chosen).map(|effort| effort.as_str());
                arguments["model"] = json!(spec.canonical());
                arguments["reasoning_effort"] = json!(effort);
                // A capable model: one that can write as much as is asked.
                let most = arguments["max_tokens"].as_u64().unwrap();
                arguments["max_tokens"] = json!(most.min(u64::from(spec.max_output)));

                let before = refused(&rig);
                let result = runtime.block_on(rig.tool("unified_completion", arguments));

                prop_assert_eq!(refused(&rig), before, "{} {:#}", spec.canonical(), result);
                prop_assert!(is_answered(&result), "{} {:#}", spec.canonical(), result);
                Ok(())
            })
            .unwrap();
        assert!(asked(&rig) > CASES as usize / 2, "{}", asked(&rig));
    }
}

/// Tells whether there is an answer, or thinking alone took all the room.
fn is_answered(result: &Value) -> bool {
    let attempt = &result["structuredContent"]["error"]["attempts"][0];
    let words = attempt["error"].as_str().unwrap_or_default();
    result["isError"] == false || words.starts_with("broken: the output limit was used up")
}

/// Counts the requests that broke some vendor's rules.
fn refused(rig: &Rig) -> u64 {
    let all = Vendor::ALL.iter();
    all.map(|vendor| rig.simulator.stats(*vendor).refused).sum()
}

fn asked(rig: &Rig) -> usize {
    let all = Vendor::ALL.iter();
    all.map(|vendor| rig.asked(*vendor)).sum()
}

/// Makes a conversation with tool calls that anybody may have made.
pub(crate) fn conversation() -> impl Strategy<Value = Value> {
    let id = "[a-zA-Z0-9_-]{1,40}";
    let argument = prop_oneof![
        Just(json!({})),
        "[ -~]{0,20}".prop_map(|text| json!({ "a": text })),
        any::<i32>().prop_map(|number| json!({"b": [number, {"c": null}], "é": true})),
    ];
    let result = prop_oneof![
        "[ -~]{0,40}",
        Just("{\"sum\": 3}".to_owned()),
        Just("[1, 2]".to_owned()),
    ];
    let calls = collection::btree_map(id, (argument, result), 1..4);
    let words = prop_oneof![Just(String::new()), "[a-z]{1,9}"];
    let round = (words, calls, any::<bool>());
    (collection::vec(round, 1..4), any::<bool>()).prop_map(|(rounds, ends_with_user)| {
        let mut messages = vec![json!({"role": "user", "content": "begin"})];
        for (number, (words, calls, says_more)) in rounds.into_iter().enumerate() {
            let id = |id: &str| format!("{id}{number}");
            let made: Vec<Value> = calls
                .iter()
                .map(|(key, (arguments, _))| {
                    json!({"id": id(key), "type": "function",
                        "function": {"name": "add", "arguments": arguments.to_string()}})
                })
                .collect();
            let content = if words.is_empty() {
                Value::Null
            } else {
                json!(words)
            };
            messages.push(json!({"role": "assistant", "content": content, "tool_calls": made}));
            for (key, (_, result)) in &calls {
                let call_id = id(key);
                messages.push(json!({"role": "tool", "tool_call_id": call_id, "content": result}));
            }
            if says_more {
                messages.push(json!({"role": "user", "content": "go on"}));
            }
        }
        if ends_with_user {
            messages.push(json!({"role": "user", "content": "say: done"}));
        }
        Value::Array(messages)
    })
}

#[test]
fn any_conversation_with_tools_is_one_that_the_model_accepts() {
    for seat in [&SEATS[0], &SEATS[SEATS.len() - 1]] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let rig = runtime.block_on(async { seat.rig() });
        let config = Config {
            cases: CASES / 2,
            ..Config::default()
        };
        let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let strategy = (
            conversation(),
            any::<bool>(),
            any::<proptest::sample::Index>(),
        );

        runner
            .run(&strategy, |(messages, has_tools, model)| {
                let known = rig.app.gateway.known();
                let models = known.catalogue.models();
                let spec = &models[model.index(models.len())];
                let mut body = json!({"model": spec.canonical(), "messages": messages});
                if has_tools {
                    body["tools"] = json!([{"type": "function", "function": {"name": "add"}}]);
                }

                let before = refused(&rig);
                let answer = runtime.block_on(rig.chat(body.to_string()));

                prop_assert_eq!(
                    refused(&rig),
                    before,
                    "{} {}",
                    spec.canonical(),
                    answer.text
                );
                Ok(())
            })
            .unwrap();
        assert!(asked(&rig) > CASES as usize / 4, "{}", asked(&rig));
    }
}
