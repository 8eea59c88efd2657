//! `/v1`, `/health`, `/ready` and `/metrics`.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::{Rig, VENDORS};

fn hello(more: Value) -> String {
    let mut body =
        json!({"model": "gpt-6-luna", "messages": [{"role": "user", "content": "say: hello"}]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_openais_form() {
    let rig = Rig::new();

    let answer = rig.chat(hello(json!({"reasoning_effort": "none"}))).await;

    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "gpt-6-luna");
    let choice = &body["choices"][0];
    assert_eq!(choice["message"]["content"], "hello");
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(choice["finish_reason"], "stop");
    let usage = &body["usage"];
    let total =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], total);
    assert!(answer.header("x-gateway-request-id").starts_with("req_"));
    assert_eq!(answer.header("x-gateway-provider"), "openai");
    assert_eq!(answer.header("x-gateway-cache"), "bypass");
    assert_eq!(answer.header("x-gateway-attempts"), "1");
    let spent = rig.ledger()[0].cost.amount().unwrap().to_string();
    assert_eq!(format!("${}", answer.header("x-gateway-cost-usd")), spent);
}

#[tokio::test(start_paused = true)]
async fn the_headers_name_what_was_dropped() {
    let rig = Rig::new();

    let all = rig.chat(hello(json!({"reasoning_effort": "none"}))).await;
    let some = rig.chat(hello(json!({"stop": "x", "seed": 1}))).await;

    assert_eq!(all.header("x-gateway-dropped-parameters"), "");
    assert_eq!(some.header("x-gateway-dropped-parameters"), "stop");
}

#[tokio::test(start_paused = true)]
async fn mistakes_get_openais_envelope_and_never_a_500() {
    let rig = Rig::new();
    let long_list = vec![json!({"role": "user", "content": "a"}); 1_001];
    let cases = [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("[]".to_owned(), 400),
        ("{}".to_owned(), 400),
        (format!("{} {{}}", hello(json!({}))), 400),
        (hello(json!({"messages": []})), 400),
        (format!("{}1{}", "[".repeat(100), "]".repeat(100)), 400),
        (hello(json!({"messages": "hi"})), 400),
        (
            hello(json!({"messages": [{"role": "robot", "content": "a"}]})),
            400,
        ),
        (
            hello(json!({"messages": [{"role": "user", "content": 5}]})),
            400,
        ),
        (
            hello(json!({"messages": [{"role": "user", "content": [{"type": "text"}]}]})),
            400,
        ),
        (
            hello(
                json!({"messages": [{"role": "user", "content": [{"type": "smell", "text": "a"}]}]}),
            ),
            400,
        ),
        (
            hello(json!({"messages": [{"role": "user", "content": ""}]})),
            400,
        ),
        (hello(json!({"messages": long_list})), 400),
        (hello(json!({"model": "gpt-6-lunar"})), 404),
        (hello(json!({"temperature": 3})), 400),
        (hello(json!({"max_tokens": 0})), 400),
        (hello(json!({"n": 2})), 400),
        (hello(json!({"verbosity": "low"})), 400),
        (
            hello(json!({"tools": [{"type": "function", "function": {"name": "a b"}}]})),
            400,
        ),
        (
            hello(
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}),
            ),
            400,
        ),
        (hello(json!({"stop": vec!["a"; 17]})), 400),
        (hello(json!({"reasoning_effort": "extreme"})), 400),
        (hello(json!({"unheard_of": 1})), 400),
    ];
    for (body, status) in cases {
        let shown: String = body.chars().take(200).collect();
        let answer = rig.chat(body).await;

        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text);
        let error = &answer.json()["error"];
        assert!(error["message"].as_str().unwrap().len() > 5, "{shown}");
        assert_eq!(error["type"], "invalid_request_error", "{shown}");
        assert_eq!(answer.header("x-should-retry"), "false", "{shown}");
    }
    assert!(VENDORS.into_iter().all(|vendor| rig.asked(vendor) == 0));
}

#[tokio::test(start_paused = true)]
async fn failures_of_vendors_get_their_status_and_wait() {
    let statuses = [
        (
            Fault::RateLimited {
                retry_after: Some("15".to_owned()),
            },
            429,
            "provider_rate_limited",
        ),
        (Fault::Down, 503, "provider_unavailable"),
        (Fault::Status { status: 400 }, 400, "provider_rejected"),
        (Fault::Status { status: 504 }, 504, "provider_timeout"),
        (Fault::Hang, 504, "gateway_timeout"),
    ];
    for (fault, status, code) in statuses {
        let rig = Rig::new();
        let is_rate_limit = matches!(fault, Fault::RateLimited { .. });
        // Where nothing was sent, the one vendor is asked once more.
        let attempts = if fault == Fault::Down { "2" } else { "1" };
        rig.simulator.set_standing(Vendor::OpenAi, Some(fault));

        let answer = rig.chat(hello(json!({}))).await;

        assert_eq!(answer.status.as_u16(), status, "{code}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], code);
        assert_eq!(answer.header("x-gateway-attempts"), attempts);
        if is_rate_limit {
            let wait: u64 = answer.header("retry-after-ms").parse().unwrap();
            assert!((15_000..=16_500).contains(&wait), "{wait}");
            let seconds: u64 = answer.header("retry-after").parse().unwrap();
            assert_eq!(seconds, wait.div_ceil(1_000));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_end_at_four_mebibytes() {
    let rig = Rig::new();

    let answer = rig.chat(vec![b' '; (4 << 20) + 1]).await;

    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test(start_paused = true)]
async fn models_are_listed_and_described() {
    let rig = Rig::new();

    let list = rig.get("/v1/models").await.json();
    let one = rig.get("/v1/models/openai/gpt-6-luna").await.json();
    let unknown = rig.get("/v1/models/gpt-6-lunar").await;

    let ids: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert_eq!(ids[0], "auto");
    assert!(ids.len() > 20 && ids.contains(&json!("claude-opus-5-5")));
    assert_eq!(
        (&one["id"], &one["owned_by"]),
        (&json!("gpt-6-luna"), &json!("openai"))
    );
    assert_eq!(unknown.status, 404);
}

#[tokio::test(start_paused = true)]
async fn readiness_tells_what_is_degraded_and_when_to_leave() {
    let rig = Rig::new();
    let ready = rig.get("/ready").await;
    rig.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Down));
    for _ in 0..3 {
        rig.chat(hello(json!({}))).await;
    }
    let degraded = rig.get("/ready").await;
    rig.app.shutdown.draining.cancel();
    let draining = rig.get("/ready").await;

    assert_eq!(
        (ready.status.as_u16(), &ready.json()["status"]),
        (200, &json!("ready"))
    );
    assert_eq!(degraded.status, 200);
    assert!(
        degraded.text.contains("provider openai is unavailable"),
        "{}",
        degraded.text
    );
    assert_eq!(draining.status, 503);
    assert_eq!(rig.get("/health").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn metrics_count_calls_attempts_tokens_and_money() {
    let rig = Rig::new();
    // The second is a retry of the first.
    rig.simulator
        .push_many(Vendor::OpenAi, [Fault::Down, Fault::Down]);
    rig.chat(hello(json!({}))).await;
    rig.chat(hello(json!({}))).await;

    let text = rig.get("/metrics").await.text;

    for line in [
        r#"gateway_calls_total{outcome="answered"} 1"#,
        r#"gateway_calls_total{outcome="provider_unavailable"} 1"#,
        r#"gateway_attempts_total{outcome="answered",provider="openai"} 1"#,
        r#"gateway_attempts_total{outcome="transport",provider="openai"} 2"#,
        r#"gateway_tokens_total{class="output",model="gpt-6-luna",provider="openai"}"#,
        r#"gateway_cost_usd_total{model="gpt-6-luna",provider="openai"}"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_and_methods_are_told_apart() {
    let rig = Rig::new();
    let delete = Request::delete("/v1/models")
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();

    assert_eq!(rig.get("/nothing").await.status, 404);
    let long = format!("/v1/models/{}", "a".repeat(9_000));
    assert_eq!(rig.get(&long).await.status, 414);
    assert_eq!(rig.get("/v1/chat/completions").await.status, 405);
    assert_eq!(rig.send(delete).await.status, 405);
}
