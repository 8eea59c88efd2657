//! Rates, budgets and what callers may ask for, as callers see them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use ai_gateway::domain::{ErrorKind, Outcome};
use serde_json::{Value, json};
use tokio::time::advance;
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, folder};

/// Starts a gateway with these limits; without keys every caller is `local`.
pub(crate) fn rig(yaml: &str) -> Rig {
    rig_with(yaml, &[])
}

fn rig_with(yaml: &str, more: &[(&str, &str)]) -> Rig {
    // Tests run at the same time.
    let mut hasher = DefaultHasher::new();
    yaml.hash(&mut hasher);
    let name = format!("limits-{:x}", hasher.finish());
    let folder = folder(&name, &[("gateway.yaml", yaml)]);
    let directory = [("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())];
    Rig::with(&[&directory[..], more].concat())
}

fn ask(text: &str) -> Value {
    json!({"prompt": format!("say: {text}"), "model": "openai/gpt-6-luna",
        "reasoning_effort": "none", "max_tokens": 100})
}

#[tokio::test(start_paused = true)]
async fn a_rate_admits_its_burst_and_names_the_exact_wait() {
    let rig = rig("callers: {local: {requests_per_minute: 1, burst: 2}}");

    let first = rig.tool("unified_completion", ask("one")).await;
    rig.complete(ask("two")).await;
    let refused = rig.refused(ask("three")).await;

    assert_eq!(first["_meta"]["ai-gateway/remaining"]["requests"], 1);
    assert_eq!(refused["type"], "policy_rate_limited");
    assert_eq!(refused["retryable"], true);
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((50_000..=60_000).contains(&wait), "{wait}");
    advance(Duration::from_millis(wait - 1)).await;
    assert_eq!(rig.refused(ask("four")).await["retry_after_ms"], 1);
    assert_eq!(rig.asked(Vendor::OpenAi), 2);
    advance(Duration::from_millis(1)).await;
    rig.complete(ask("five")).await;
    let last = rig.ledger()[2].outcome;
    assert_eq!(last, Outcome::Failed(ErrorKind::PolicyRateLimited));
}

#[tokio::test(start_paused = true)]
async fn both_doors_share_the_rate() {
    let rig = rig("limits: {default: {requests_per_minute: 1}}");
    let body = json!({"model": "openai/gpt-6-luna", "reasoning_effort": "none",
        "messages": [{"role": "user", "content": "say: hi"}]});

    let first = rig.chat(body.to_string()).await;
    let second = rig.refused(ask("more")).await;
    let third = rig.chat(body.to_string()).await;

    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.header("x-ratelimit-remaining-requests"), "0");
    assert_eq!(second["type"], "policy_rate_limited");
    assert_eq!(third.status, 429);
    assert_eq!(third.header("retry-after"), "60");
    assert_eq!(third.json()["error"]["code"], "policy_rate_limited");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_all_takes_nothing_from_one() {
    let rig = rig("limits: {global: {requests_per_minute: 60, burst: 1}}\n\
         callers: {local: {requests_per_minute: 2, burst: 2}}");

    rig.complete(ask("one")).await;
    for _ in 0..5 {
        let refused = rig.refused(ask("no")).await;
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .starts_with("all callers")
        );
    }
    advance(Duration::from_secs(1)).await;

    rig.complete(ask("two")).await;
    let refused = rig.refused(ask("three")).await;
    assert!(refused["message"].as_str().unwrap().contains("all callers"));
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_not_used_come_back() {
    let rig = rig("callers: {local: {tokens_per_minute: 5000}}");

    for round in 0..20 {
        let result = rig.tool("unified_completion", ask("a b c")).await;
        assert_eq!(result["isError"], false, "{round}: {result}");
        let left = &result["_meta"]["ai-gateway/remaining"]["tokens"];
        assert!(left.as_u64().unwrap() < 5_000, "{left}");
    }
    let huge = json!({"prompt": "word ".repeat(6_000), "model": "openai/gpt-6-luna"});
    let refused = rig.refused(huge).await;
    assert_eq!(refused["type"], "policy_rate_limited");
    assert_eq!(refused["retryable"], false, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn no_more_are_in_flight_than_may_be() {
    let rig = rig("callers: {local: {max_concurrent: 2}}");
    for _ in 0..2 {
        rig.simulator
            .push(Vendor::OpenAi, Fault::Slow { ms: 1_000 });
    }

    let (one, two, three) = tokio::join!(
        rig.tool("unified_completion", ask("1")),
        rig.tool("unified_completion", ask("2")),
        rig.tool("unified_completion", ask("3")),
    );

    assert_eq!(
        (&one["isError"], &two["isError"]),
        (&json!(false), &json!(false))
    );
    let error = &three["structuredContent"]["error"];
    assert_eq!(error["type"], "policy_rate_limited", "{error}");
    rig.complete(ask("4")).await;
}

#[tokio::test(start_paused = true)]
async fn spent_never_exceeds_the_budget_at_any_concurrency() {
    // One call costs some 30 µ$, its bound some 500.
    let rig = rig("callers: {local: {budget_usd: 0.0005, budget_window: day}}");
    let slow = Fault::Slow { ms: 1_000 };
    rig.simulator.set_standing(Vendor::OpenAi, Some(slow));
    let calls = (0..200).map(|number| {
        let rig = &rig;
        async move {
            rig.tool("unified_completion", ask(&number.to_string()))
                .await
        }
    });

    let results = futures_util::future::join_all(calls).await;

    let refused = results.iter().filter(|it| it["isError"] == true);
    for result in refused.clone() {
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["type"], "policy_budget_exceeded", "{error}");
        assert_eq!(error["retryable"], true, "{error}");
    }
    assert!(refused.count() > 0, "all bounds together exceed the budget");
    let spent = |rig: &Rig| -> f64 {
        let entries = rig.ledger();
        let costs = entries.iter().filter_map(|entry| entry.cost.amount());
        costs.map(|cost| cost.usd()).sum()
    };
    assert!(spent(&rig) <= 0.0005, "{}", spent(&rig));
    // Once all have settled, nobody is refused whose bound fits.
    rig.simulator.set_standing(Vendor::OpenAi, None);
    let mut rounds = 0;
    while rig.tool("unified_completion", ask("more")).await["isError"] == false {
        rounds += 1;
        assert!(rounds < 10_000);
    }
    assert!(spent(&rig) <= 0.0005, "{}", spent(&rig));
    assert!(spent(&rig) > 0.0004, "{} after {rounds}", spent(&rig));
}

#[tokio::test(start_paused = true)]
async fn what_timed_out_may_have_cost_something() {
    let rig = rig("callers: {local: {budget_usd: 0.01, budget_window: total}}");
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let mut last = json!({});

    for _ in 0..2_000 {
        let mut question = ask("hi");
        question["timeout_ms"] = json!(3_000);
        question["reasoning_effort"] = json!("high");
        last = rig.refused(question).await;
        if last["type"] == "policy_budget_exceeded" {
            break;
        }
    }

    assert_eq!(last["type"], "policy_budget_exceeded", "{last}");
    assert_eq!(last["retryable"], false, "{last}");
    let entries = rig.ledger();
    let possible: i64 = entries.iter().map(|it| it.possible_cost.nanos()).sum();
    assert!(possible > 0 && possible <= 10_000_000, "{possible}");
}

#[tokio::test(start_paused = true)]
async fn a_dear_model_gives_way_to_one_that_the_budget_bears() {
    let rig = rig("callers: {local: {budget_usd: 0.004, budget_window: day}}");
    let question = json!({"prompt": "say: cheap", "max_tokens": 500,
        "requirements": {"weights": {"quality": 1}}});

    let answer = rig.complete(question).await;

    assert_eq!(answer["text"], "cheap");
    assert_eq!(answer["routing"]["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn money_that_goes_too_fast_turns_to_cheaper_models() {
    let yaml = "callers: {local: {budget_usd: 0.2, budget_window: total}}";
    let question = || json!({"prompt": "say: well", "max_tokens": 200});
    let free = rig("{}");
    let usual = free.complete(question()).await["model"].clone();
    let rig = rig(yaml);

    let mut models = Vec::new();
    for _ in 0..2_000 {
        let result = rig.tool("unified_completion", question()).await;
        if result["isError"] == true {
            break;
        }
        models.push(result["structuredContent"].clone());
    }

    assert_eq!(models[0]["model"], usual);
    let last = models.last().unwrap();
    let reason = last["routing"]["reason"].as_str().unwrap();
    assert!(reason.contains("budget goes faster"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn models_that_are_not_allowed_are_not_used() {
    let rig = rig("callers: {local: {models: ['anthropic/*', gpt-6-luna]}}");

    let blocked = rig
        .refused(json!({"prompt": "hi", "model": "openai/gpt-6-sol"}))
        .await;
    let listed = rig.get("/v1/models").await.json();
    for number in 0..6 {
        let answer = rig
            .complete(json!({"prompt": format!("say: {number}"), "max_tokens": 500}))
            .await;
        let model = answer["model"].as_str().unwrap();
        assert!(
            model.starts_with("claude") || model == "gpt-6-luna",
            "{model}"
        );
    }

    assert_eq!(blocked["type"], "policy_blocked");
    let ids = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap());
    for id in ids {
        assert!(
            id == "auto" || id.starts_with("claude") || id == "gpt-6-luna",
            "{id}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_throttles_gets_less() {
    let rig = rig("callers: {local: {requests_per_minute: 600, burst: 600}}");
    rig.simulator.set_standing(
        Vendor::OpenAi,
        Some(Fault::RateLimited { retry_after: None }),
    );
    for _ in 0..8 {
        rig.refused(ask("no")).await;
        advance(Duration::from_secs(1)).await;
    }
    rig.simulator.set_standing(Vendor::OpenAi, None);
    let asked = rig.asked(Vendor::OpenAi);

    let mut answered = 0;
    for _ in 0..300 {
        let result = rig.tool("unified_completion", ask("yes")).await;
        answered += i32::from(result["isError"] == false);
        advance(Duration::from_millis(100)).await;
    }

    // Half a minute at a tenth of 600 and rising.
    assert!((25..=80).contains(&answered), "{answered}");
    assert_eq!(rig.asked(Vendor::OpenAi) - asked, answered as usize);
}

#[tokio::test(start_paused = true)]
async fn every_call_has_a_line_that_ends_it() {
    let rig = rig("callers: {local: {requests_per_minute: 4}}");
    let fault = Fault::Status { status: 500 };
    rig.simulator
        .push_many(Vendor::OpenAi, [fault.clone(), fault]);

    rig.refused(ask("fails")).await;
    rig.complete(ask("answered")).await;
    rig.refused(json!({"prompt": "hi", "model": "nobody"}))
        .await;
    rig.complete(ask("answered")).await;
    rig.refused(ask("limited")).await;

    let entries = rig.whole_ledger();
    let ends = entries.iter().filter(|entry| entry.ends_call());
    assert_eq!(ends.count(), 5, "{entries:#?}");
    // A failed call of two attempts has a line of its own beside theirs.
    assert_eq!(entries.len(), 7, "{entries:#?}");
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_no_calls_take_from_the_rate_too() {
    let rig = rig("callers: {local: {requests_per_minute: 2}}");

    let unknown = rig
        .refused(json!({"prompt": "hi", "model": "nobody"}))
        .await;
    let invalid = rig.refused(json!({"prompt": "hi", "max_tokens": 0})).await;
    let limited = rig.refused(json!({"prompt": "hi", "max_tokens": 0})).await;
    let chat = rig.chat(r#"{"messages": []}"#).await;

    assert_eq!(unknown["type"], "caller_invalid_request");
    assert_eq!(invalid["type"], "caller_invalid_request");
    assert_eq!(limited["type"], "policy_rate_limited");
    assert_eq!(chat.status, 429, "{}", chat.text);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_dear_for_all_names_the_wait_of_the_cheapest() {
    // Enough for the cheapest once, for the best never.
    let rig = rig("callers: {local: {budget_usd: 0.0002, budget_window: day}}");
    let question = || json!({"prompt": "say: hi", "max_tokens": 300});
    let mut last = json!({});
    for _ in 0..200 {
        let result = rig.tool("unified_completion", question()).await;
        if result["isError"] == true {
            last = result["structuredContent"]["error"].clone();
            break;
        }
    }

    assert_eq!(last["type"], "policy_budget_exceeded", "{last}");
    assert_eq!(last["retryable"], true, "{last}");
    assert!(last["retry_after_ms"].is_number(), "{last}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_that_of_the_slowest_limit() {
    let rig = rig("limits: {global: {requests_per_minute: 60, burst: 1}}\n\
         callers: {local: {budgets: [{usd: 0.00001, window: hour}, {usd: 0.00001, window: day}]}}");

    let refused = rig.refused(ask("hi")).await;

    // The bound exceeds both, so no wait helps.
    assert_eq!(refused["retryable"], false, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_allowed_is_not_described() {
    let rig = rig("callers: {local: {models: ['anthropic/*']}}");

    assert_eq!(rig.get("/v1/models/gpt-6-luna").await.status, 403);
    assert_eq!(rig.get("/v1/models/claude-haiku-5-5").await.status, 200);
}
