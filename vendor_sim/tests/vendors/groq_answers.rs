//! Groq's answers, streams, troubles and models.

use serde_json::{Value, json};
use vendor_sim::{BilledTokens, Fault, Simulator, Vendor};

use crate::client::{self, Answer, changed, question};

async fn answered(changes: Value) -> Answer {
    let simulator = Simulator::new(1);
    let body = changed(&question(Vendor::Groq, "say: hello there"), &changes);
    client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_its_parts_in_their_places() {
    let answer = answered(json!({"max_completion_tokens": 500})).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.at("/model"), "openai/gpt-oss-20b");
    assert_eq!(answer.at("/choices/0/message/content"), "hello there");
    assert!(answer.at("/choices/0/message/reasoning").is_string());
    assert_eq!(answer.at("/choices/0/finish_reason"), "stop");
    assert!(
        answer
            .at("/x_groq/id")
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
    assert!(answer.at("/usage/total_time").is_f64());
    for header in ["requests", "tokens"] {
        assert!(
            answer
                .header(&format!("x-ratelimit-remaining-{header}"))
                .is_some()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn usage_is_the_bill() {
    let simulator = Simulator::new(1);
    let body = question(Vendor::Groq, "What is a token bucket, and who needs one?");

    let answer = client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap();

    let billed: BilledTokens = simulator.stats(Vendor::Groq).billed["openai/gpt-oss-20b"];
    assert_eq!(answer.at("/usage/prompt_tokens"), billed.total_input());
    assert_eq!(answer.at("/usage/completion_tokens"), billed.total_output());
    let details = "/usage/completion_tokens_details/reasoning_tokens";
    assert_eq!(answer.at(details), billed.reasoning);
    let cached = answer.at("/usage/prompt_tokens_details/cached_tokens");
    assert_eq!(cached, billed.cache_read);
    assert!(billed.cache_read > 0 && billed.reasoning > 0);
}

#[tokio::test(start_paused = true)]
async fn thoughts_stand_where_the_request_wants_them() {
    let qwen = |changes: Value| {
        changed(
            &json!({"model": "qwen/qwen3.8-27b", "reasoning_effort": "low"}),
            &changes,
        )
    };
    let of = async |changes: Value| {
        let answer = answered(changes).await;
        let message = answer.at("/choices/0/message");
        let content = message["content"].as_str().unwrap().to_owned();
        (
            content.starts_with("<think>"),
            message.get("reasoning").is_some(),
        )
    };

    // Unasked, Qwen's stand in the text.
    assert_eq!(of(qwen(json!({}))).await, (true, false));
    assert_eq!(
        of(qwen(json!({"include_reasoning": false}))).await,
        (false, false)
    );
    assert_eq!(
        of(qwen(json!({"include_reasoning": true}))).await,
        (false, true)
    );
    assert_eq!(
        of(qwen(json!({"reasoning_format": "raw"}))).await,
        (true, false)
    );
    assert_eq!(
        of(qwen(json!({"reasoning_format": "parsed"}))).await,
        (false, true)
    );
    assert_eq!(
        of(qwen(json!({"reasoning_format": "hidden"}))).await,
        (false, false)
    );
    assert_eq!(
        of(qwen(json!({"reasoning_effort": "none"}))).await,
        (false, false)
    );
    assert_eq!(of(json!({})).await, (false, true));
    assert_eq!(
        of(json!({"include_reasoning": false})).await,
        (false, false)
    );
}

#[tokio::test(start_paused = true)]
async fn tools_are_called_and_schemas_kept() {
    let tools = json!([{"type": "function", "function": {"name": "add", "parameters":
        {"type": "object", "properties": {"a": {"type": "integer"}}}}}]);
    let order = json!([{"role": "user", "content": "call tool add {\"a\": 1}"}]);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});

    let called = answered(json!({"tools": tools, "messages": order})).await;
    let formed = answered(json!({"response_format": format,
        "messages": [{"role": "user", "content": "where"}]}))
    .await;

    assert_eq!(called.at("/choices/0/finish_reason"), "tool_calls");
    let call = called.at("/choices/0/message/tool_calls/0/function");
    assert_eq!(call, json!({"name": "add", "arguments": "{\"a\":1}"}));
    let text = formed.at("/choices/0/message/content");
    let document: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert!(document["city"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_usage_that_nobody_asked_for() {
    let answer = answered(json!({"stream": true})).await;

    let text = answer.text();
    let events: Vec<&str> = text
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"));
    let chunks: Vec<Value> = events
        .iter()
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .collect();
    let joined = |member: &str| -> String {
        let deltas = chunks
            .iter()
            .map(|chunk| chunk["choices"][0]["delta"][member].clone());
        deltas
            .filter_map(|piece| piece.as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(joined("content"), "hello there");
    assert!(!joined("reasoning").is_empty());
    assert!(chunks[0]["x_groq"]["id"].is_string());
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(last["x_groq"]["usage"]["total_tokens"].as_u64().unwrap() > 0);
}

async fn troubled(fault: Fault) -> Answer {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::Groq, fault);
    let body = question(Vendor::Groq, "say: hello there");
    client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn troubles_are_told_in_its_own_words() {
    for (fault, status, code) in [
        (Fault::Overloaded, 498, json!("capacity_exceeded")),
        (
            Fault::RateLimited { retry_after: None },
            429,
            json!("rate_limit_exceeded"),
        ),
        (Fault::SpendLimit, 400, json!("blocked_api_access")),
        (Fault::Status { status: 401 }, 401, json!("invalid_api_key")),
        (Fault::Status { status: 404 }, 404, json!("model_not_found")),
        (Fault::Status { status: 500 }, 500, Value::Null),
        (Fault::Status { status: 503 }, 503, Value::Null),
    ] {
        let name = fault.to_string();
        let answer = troubled(fault).await;

        assert_eq!(answer.status, status, "{name}");
        assert_eq!(answer.at("/error/code"), code, "{name}");
        assert!(answer.header("x-request-id").is_some(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_odd() {
    let empty = troubled(Fault::EmptyLength).await;
    assert_eq!(empty.at("/choices/0/finish_reason"), "length");
    assert_eq!(empty.at("/choices/0/message/content"), "");
    assert_eq!(troubled(Fault::NoUsage).await.at("/usage"), Value::Null);
    let refusal = troubled(Fault::Refusal).await;
    assert_eq!(refusal.at("/choices/0/finish_reason"), "content_filter");
    let unknown = troubled(Fault::UnknownFinish).await;
    assert_eq!(unknown.at("/choices/0/finish_reason"), "paused_for_compute");
    let fields = troubled(Fault::UnknownFields).await;
    assert!(fields.at("/provenance").is_object());
    let error = troubled(Fault::ErrorInside200).await;
    assert_eq!(
        (error.status.as_u16(), error.at("/error/type")),
        (200, json!("internal_server_error"))
    );
    let chosen = troubled("finish:function_call".parse().unwrap()).await;
    assert_eq!(chosen.at("/choices/0/finish_reason"), "function_call");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_says_so_in_x_groq() {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::Groq, Fault::ErrorInside200);
    let body = changed(
        &question(Vendor::Groq, "say: hello there"),
        &json!({"stream": true}),
    );

    let answer = client::complete(&simulator, Vendor::Groq, &body)
        .await
        .unwrap();

    let text = answer.text();
    assert!(
        text.contains(r#""error":"internal server error""#),
        "{text}"
    );
    assert!(!text.contains("[DONE]"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn models_tell_whether_they_are_active() {
    let simulator = Simulator::new(1);
    let get = async |path: &str| client::get(&simulator, Vendor::Groq, path).await;

    let list = get("/openai/v1/models").await;
    let one = get("/openai/v1/models/qwen/qwen3.8-27b").await;
    let none = get("/openai/v1/models/gpt-oss-20b").await;

    assert_eq!(list.at("/data").as_array().unwrap().len(), 3);
    assert_eq!(one.at("/active"), true);
    assert_eq!(one.at("/context_window"), 131_072);
    assert_eq!(one.at("/max_completion_tokens"), 16_384);
    assert_eq!(none.at("/error/code"), "model_not_found");
}
