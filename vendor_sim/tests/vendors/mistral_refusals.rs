//! What Mistral refuses, and how.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};

pub(crate) fn base() -> Value {
    json!({"model": "mistral-large-4", "messages": [{"role": "user", "content": "hi"}]})
}

/// Asserts that `base` is accepted and each change is not.
pub(crate) async fn refused(base: &Value, changes: &Value) -> Answer {
    let simulator = Simulator::new(1);
    let ask = async |body: &Value| {
        client::complete(&simulator, Vendor::Mistral, body)
            .await
            .unwrap()
    };
    let accepted = ask(base).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let answer = ask(&changed(base, changes)).await;
    assert!(answer.header("mistral-correlation-id").is_some());
    answer
}

/// A change to a good request, and the finding's type and place it earns.
type Case = (Value, &'static str, Value);

async fn assert_findings(base: Value, cases: Vec<Case>) {
    for (changes, kind, place) in cases {
        let answer = refused(&base, &changes).await;

        assert_eq!(answer.status, 422, "{changes}: {}", answer.text());
        let is_inside_messages = place[1] == "messages" && place.get(2).is_some();
        let finding = if is_inside_messages {
            assert_eq!(answer.at("/object"), "error");
            answer.at("/message/detail/0")
        } else {
            answer.at("/detail/0")
        };
        assert_eq!(
            (&finding["type"], &finding["loc"]),
            (&json!(kind), &place),
            "{changes}: {finding}"
        );
        assert!(finding["msg"].is_string() && finding.get("input").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn members_of_other_vendors() {
    let cases = [
        "seed",
        "user",
        "max_completion_tokens",
        "stream_options",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "service_tier",
        "store",
        "top_k",
    ]
    .map(|name| (json!({name: 1}), "extra_forbidden", json!(["body", name])));
    assert_findings(base(), cases.to_vec()).await;
}

#[tokio::test(start_paused = true)]
async fn members_of_other_vendors_messages() {
    let cases = [
        ("refusal", Value::Null),
        ("annotations", json!([])),
        ("reasoning_content", json!("x")),
        ("name", json!("x")),
    ]
    .map(|(name, value)| {
        let replayed = json!({"role": "assistant", "content": "hello", name: value});
        let user = json!({"role": "user", "content": "hi"});
        (
            json!({"messages": [user, replayed, user]}),
            "extra_forbidden",
            json!(["body", "messages", 1, "assistant", name]),
        )
    });
    assert_findings(base(), cases.to_vec()).await;
}

#[tokio::test(start_paused = true)]
async fn documents_that_do_not_fit() {
    let message = |message: Value| json!({"messages": [message]});
    let cases = vec![
        (json!({"model": null}), "missing", json!(["body", "model"])),
        (
            json!({"messages": null}),
            "missing",
            json!(["body", "messages"]),
        ),
        (json!({"model": 5}), "string_type", json!(["body", "model"])),
        (
            json!({"stream": "yes"}),
            "bool_type",
            json!(["body", "stream"]),
        ),
        (
            message(json!({"content": "hi"})),
            "union_tag_not_found",
            json!(["body", "messages", 0]),
        ),
        (
            message(json!({"role": "developer", "content": "hi"})),
            "union_tag_invalid",
            json!(["body", "messages", 0]),
        ),
        (
            message(json!({"role": "user"})),
            "missing",
            json!(["body", "messages", 0, "user", "content"]),
        ),
        (
            message(json!({"role": "user", "content": [{"type": "video"}]})),
            "union_tag_invalid",
            json!(["body", "messages", 0, "user", "content", 0]),
        ),
        (
            json!({"tool_choice": "every"}),
            "enum",
            json!(["body", "tool_choice"]),
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "add"}}]}),
            "missing",
            json!(["body", "tools", 0, "function", "parameters"]),
        ),
        (
            json!({"response_format": {"type": "json_schema"}}),
            "value_error",
            json!(["body", "response_format"]),
        ),
        (
            json!({"reasoning_effort": "huge"}),
            "enum",
            json!(["body", "reasoning_effort"]),
        ),
    ];
    assert_findings(base(), cases).await;
}

#[tokio::test(start_paused = true)]
async fn members_that_may_not_be_null() {
    let simulator = Simulator::new(1);
    for (name, is_refused) in [
        ("top_p", true),
        ("stop", true),
        ("tool_choice", true),
        ("stream", true),
        ("reasoning_effort", true),
        ("temperature", false),
        ("max_tokens", false),
        ("random_seed", false),
        ("tools", false),
        ("n", false),
    ] {
        let mut body = base();
        body[name] = Value::Null;

        let answer = client::complete(&simulator, Vendor::Mistral, &body)
            .await
            .unwrap();

        assert_eq!(
            answer.status == 422,
            is_refused,
            "{name}: {}",
            answer.text()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_out_of_range() {
    let case =
        |member: &str, value: Value, kind| (json!({member: value}), kind, json!(["body", member]));
    let cases = vec![
        case("temperature", json!(1.6), "less_than_equal"),
        case("temperature", json!(-0.1), "greater_than_equal"),
        case("top_p", json!(0), "greater_than"),
        case("top_p", json!(1.1), "less_than_equal"),
        case("presence_penalty", json!(-2.1), "greater_than_equal"),
        case("frequency_penalty", json!(2.1), "less_than_equal"),
        case("random_seed", json!(-1), "greater_than_equal"),
        case("random_seed", json!(1.5), "int_type"),
        case("max_tokens", json!(-1), "greater_than_equal"),
        case("max_tokens", json!(1_048_576), "less_than"),
        case("n", json!(0), "greater_than_equal"),
        case("n", json!(129), "less_than_equal"),
    ];
    assert_findings(base(), cases).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_model_does_not_take() {
    let image = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": "https://a/b.png"}]}]);
    let cases = [
        (json!({"model": "gpt-6"}), "invalid_model", "1500"),
        (
            json!({"model": "open-mixtral-8x7b"}),
            "invalid_model",
            "1500",
        ),
        (
            json!({"reasoning_effort": "medium"}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"reasoning_effort": "high", "model": "ministral-3b-2512"}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"reasoning_effort": "none", "model": "mistral-large-2512"}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"prompt_mode": "reasoning"}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"temperature": 0, "top_p": 0.5}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"temperature": 0, "reasoning_effort": "high"}),
            "invalid_request_invalid_args",
            "3051",
        ),
        (
            json!({"model": "codestral-latest", "messages": image}),
            "invalid_request_invalid_args",
            "3051",
        ),
    ];
    for (changes, kind, code) in cases {
        let answer = refused(&base(), &changes).await;

        assert_eq!(answer.status, 400, "{changes}: {}", answer.text());
        let mut body = answer.json();
        assert!(body["message"].take().is_string());
        let expected = json!({"object": "error", "message": null, "type": kind, "param": null,
            "code": code, "raw_status_code": 400});
        assert_eq!(body, expected, "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn prompts_that_are_too_long() {
    let long = |tokens: usize| json!([{"role": "user", "content": "abcd".repeat(tokens)}]);
    let base = changed(
        &base(),
        &json!({"model": "ministral-3b-2512", "messages": long(131_000)}),
    );
    for changes in [
        json!({"messages": long(131_069)}),
        json!({"max_tokens": 69}),
    ] {
        let answer = refused(&base, &changes).await;

        assert_eq!(answer.status, 400, "{changes}");
        assert_eq!(answer.at("/code"), "3051");
        let message = answer.at("/message");
        assert!(
            message
                .as_str()
                .unwrap()
                .ends_with("too large for model with 131072 maximum context length"),
            "{message}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_never_reach_a_model() {
    let simulator = Simulator::new(1);
    let chat = "/v1/chat/completions";
    let good = base().to_string();
    let with_key = |key: &str| {
        http::Request::post(format!("/mistral{chat}"))
            .header("content-type", "application/json")
            .header("authorization", key)
    };
    let request = |method, path| client::request(Vendor::Mistral, method, path);
    let unauthorized = json!({"detail": "Unauthorized"});
    let finding = |kind: &str| json!({"type": kind});
    let cases = [
        (
            http::Request::post(format!("/mistral{chat}")),
            good.clone(),
            401,
            unauthorized.clone(),
        ),
        (
            with_key("Bearer bad-key"),
            good.clone(),
            401,
            unauthorized.clone(),
        ),
        (
            with_key("Basic abc"),
            good.clone(),
            401,
            unauthorized.clone(),
        ),
        (with_key("Bearer "), good.clone(), 401, unauthorized),
        (
            request(Method::GET, chat),
            String::new(),
            405,
            json!({"detail": "Method Not Allowed"}),
        ),
        (
            request(Method::POST, "/chat/completions"),
            good.clone(),
            404,
            json!({"message": "no Route matched with those values"}),
        ),
        (
            request(Method::POST, chat),
            "{".to_owned(),
            422,
            finding("json_invalid"),
        ),
        (
            request(Method::POST, chat),
            "[]".to_owned(),
            422,
            finding("model_attributes_type"),
        ),
        (
            http::Request::post(format!("/mistral{chat}")).header("authorization", "Bearer k"),
            good,
            422,
            finding("model_attributes_type"),
        ),
        (
            request(Method::POST, chat),
            "x".repeat((50 << 20) + 1),
            413,
            json!({"message": "Request size limit exceeded"}),
        ),
    ];
    for (request, body, status, expected) in cases {
        let request = request.body(Body::from(body)).unwrap();

        let answer = client::send(&simulator, request).await.unwrap();

        assert_eq!(answer.status, status, "{}", answer.text());
        let told = if status == 422 {
            json!({"type": answer.at("/detail/0/type")})
        } else {
            answer.json()
        };
        assert_eq!(told, expected);
    }
    assert_eq!(simulator.stats(Vendor::Mistral).refused, 10);
}

#[tokio::test(start_paused = true)]
async fn greedy_sampling_is_taken_with_a_top_p_of_one() {
    let simulator = Simulator::new(1);
    for changes in [
        json!({"temperature": 0}),
        json!({"temperature": 0, "top_p": 1, "reasoning_effort": "high"}),
        json!({"temperature": 1.5, "top_p": 0.5}),
    ] {
        let body = changed(&base(), &changes);

        let answer = client::complete(&simulator, Vendor::Mistral, &body)
            .await
            .unwrap();

        assert_eq!(answer.status, 200, "{changes}: {}", answer.text());
    }
}
