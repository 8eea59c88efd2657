//! How Google reads documents, and what it says of those that do not fit.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};
use crate::google_refusals::{assert_refused, base};

async fn ask(changes: Value) -> Answer {
    let body = changed(&base(), &changes);
    let answer = client::complete(&Simulator::new(1), Vendor::Google, &body).await;
    answer.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_told_with_its_place() {
    let answer = ask(json!({"generationConfig": {"x": 1}, "y": 2})).await;

    let of_config = "Invalid JSON payload received. Unknown name \"x\" at 'generation_config': \
                     Cannot find field.";
    let of_root = "Invalid JSON payload received. Unknown name \"y\": Cannot find field.";
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.at("/error/message"),
        format!("{of_config}\n{of_root}")
    );
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": "generation_config", "description": of_config},
            {"description": of_root},
        ],
    }]);
    assert_eq!(answer.at("/error/details"), details);
}

#[tokio::test(start_paused = true)]
async fn values_of_another_type() {
    let config = |config: Value| json!({"generationConfig": config});
    let part = |part: Value| json!({"contents": [{"role": "user", "parts": [part]}]});
    assert_refused(
        base(),
        vec![
            (
                config(json!({"temperature": "hot"})),
                "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
            ),
            (
                config(json!({"maxOutputTokens": 1.5})),
                "'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
            ),
            (config(json!({"temperature": [1]})), "is not a list"),
            (
                config(json!({"stopSequences": [1]})),
                "stop_sequences[0]' (TYPE_STRING)",
            ),
            (config(json!([])), "is not a list"),
            (
                config(json!({"thinkingConfig": 1})),
                "v1beta.ThinkingConfig), 1",
            ),
            (
                config(json!({"thinkingConfig": {"thinkingLevel": "MAX"}})),
                "ThinkingLevel",
            ),
            (
                config(json!({"thinkingConfig": {"includeThoughts": 1}})),
                "(TYPE_BOOL)",
            ),
            (part(json!("hi")), "'contents[0].parts[0]'"),
            (
                part(json!({"text": 5})),
                "'contents[0].parts[0].text' (TYPE_STRING), 5",
            ),
            (
                part(json!({"inlineData": {"mimeType": "image/png", "data": "~"}})),
                "(TYPE_BYTES)",
            ),
            (
                part(json!({"text": "a", "inlineData": {"mimeType": "image/png", "data": "aGk="}})),
                "oneof field 'data' is already set. Cannot set 'text'",
            ),
            (
                part(json!({"functionCall": {"name": "add", "args": []}})),
                "is not a list",
            ),
            (
                part(json!({"executableCode": {"code": "1"}})),
                "\"executableCode\"",
            ),
            (json!({"tools": [{"googleSearch": {}}]}), "\"googleSearch\""),
            (json!({"contents": "hi"}), "v1beta.Content), \"hi\""),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn both_spellings_are_one_name() {
    let answer = ask(json!({
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "generation_config": {"max_output_tokens": "2000", "stop_sequences": "x",
            "thinking_config": {"thinking_level": "low", "include_thoughts": null}},
        "contents": {"parts": {"text": "say: ok"}},
    }))
    .await;
    let twice = ask(json!({"generation_config": {"topK": 1, "top_k": 1}})).await;

    assert_eq!(answer.at("/candidates/0/content/parts/0/text"), "ok");
    assert_eq!(twice.status, 400);
    let told = twice.at("/error/message");
    assert!(told.as_str().unwrap().contains("Duplicate field 'topK'"));
}

async fn raw(content_type: &str, body: &'static str) -> Answer {
    let path = "/google/v1/models/gemini-3.8-flash:generateContent";
    let request = http::Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("x-goog-api-key", "k")
        .header("content-type", content_type)
        .body(Body::from(body))
        .unwrap();
    client::send(&Simulator::new(1), request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_no_documents() {
    for (content_type, body) in [
        ("application/json", "{"),
        ("application/json", ""),
        ("application/json", "[]"),
        ("text/plain", "{}"),
    ] {
        let answer = raw(content_type, body).await;

        assert_eq!(answer.status, 400, "{body}");
        let told = answer.at("/error/message");
        assert!(told.as_str().unwrap().starts_with("Invalid JSON payload"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_more_than_20_mib_is_refused() {
    let text = "x".repeat(21 << 20);

    let answer = ask(json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})).await;

    assert_eq!(answer.status, 400);
    let told = answer.at("/error/message");
    assert!(told.as_str().unwrap().contains("20971520 bytes"));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_parameter_of_the_query_is_refused() {
    let simulator = Simulator::new(1);
    let path = "/v1/models/gemini-3.8-flash:generateContent?stream=true";

    let body = json!({"contents": base()["contents"]});
    let answer = client::post(&simulator, Vendor::Google, path, &body).await;
    let list = client::get(&simulator, Vendor::Google, "/v1/models?limit=1").await;

    let told = answer.unwrap().at("/error/message");
    assert!(
        told.as_str()
            .unwrap()
            .contains("Cannot bind query parameter")
    );
    assert_eq!(list.status, 400);
}
