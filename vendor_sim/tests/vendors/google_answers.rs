//! What Google answers.

use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, Answer, changed};

async fn ask(changes: Value) -> Answer {
    answered(changes, Fault::Healthy).await
}

async fn answered(changes: Value, fault: Fault) -> Answer {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::Google, fault);
    let base = client::question(Vendor::Google, "say: hello there");
    let answer = client::complete(&simulator, Vendor::Google, &changed(&base, &changes)).await;
    answer.unwrap()
}

fn config(config: Value) -> Value {
    json!({"generationConfig": config})
}

fn prompt(text: &str) -> Value {
    json!([{"role": "user", "parts": [{"text": text}]}])
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_every_member_of_a_real_one() {
    let without_thinking = config(json!({"thinkingConfig": {"thinkingBudget": 0}}));
    let answer = ask(changed(
        &without_thinking,
        &json!({"model": "gemini-2.5-flash"}),
    ))
    .await;

    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    let mut body = answer.json();
    assert!(body["responseId"].is_string());
    body.as_object_mut().unwrap().remove("responseId");
    let expected = json!({
        "candidates": [{"index": 0, "finishReason": "STOP",
            "content": {"role": "model", "parts": [{"text": "hello there"}]}}],
        "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {
            "promptTokenCount": 8, "candidatesTokenCount": 3, "totalTokenCount": 11,
            "cachedContentTokenCount": 2,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}],
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 2}],
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test(start_paused = true)]
async fn thoughts_are_counted_apart_and_shown_on_demand() {
    let thinking = json!({"thinkingLevel": "LOW", "includeThoughts": true});
    let shown = ask(config(json!({"thinkingConfig": thinking}))).await;
    let hidden = ask(config(json!({"thinkingConfig": {"thinkingLevel": "LOW"}}))).await;

    let usage = shown.at("/usageMetadata");
    let thoughts = usage["thoughtsTokenCount"].as_u64().unwrap();
    assert!((64..=80).contains(&thoughts));
    assert_eq!(usage["candidatesTokenCount"], 3);
    assert_eq!(usage["totalTokenCount"], 8 + 3 + thoughts);
    assert_eq!(shown.at("/candidates/0/content/parts/0/thought"), true);
    assert_eq!(
        shown.at("/candidates/0/content/parts/1/text"),
        "hello there"
    );
    assert_eq!(
        hidden.at("/candidates/0/content/parts/0/text"),
        "hello there"
    );
    assert!(
        hidden
            .at("/candidates/0/content/parts/0/thoughtSignature")
            .is_string()
    );
}

#[tokio::test(start_paused = true)]
async fn limits_and_stop_sequences_end_the_text() {
    let limited = |limit: u64| {
        changed(
            &json!({"model": "gemini-2.5-flash-lite"}),
            &config(json!({"maxOutputTokens": limit})),
        )
    };
    let cut = ask(limited(1)).await;
    let starved = ask(config(json!({"maxOutputTokens": 10}))).await;
    let stopped = ask(config(json!({"stopSequences": [" t"]}))).await;

    assert_eq!(cut.at("/candidates/0/content/parts/0/text"), "hell");
    assert_eq!(cut.at("/candidates/0/finishReason"), "MAX_TOKENS");
    assert_eq!(
        starved.at("/candidates/0"),
        json!({"index": 0, "finishReason": "MAX_TOKENS"})
    );
    assert_eq!(starved.at("/usageMetadata/thoughtsTokenCount"), 10);
    assert_eq!(
        starved.at("/usageMetadata/candidatesTokenCount"),
        Value::Null
    );
    assert_eq!(stopped.at("/candidates/0/content/parts/0/text"), "hello");
    assert_eq!(stopped.at("/candidates/0/finishReason"), "STOP");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_model_is_answered_by_another() {
    for (asked, answering) in [
        ("gemini-3.5-flash", "gemini-3.6-flash"),
        ("gemini-3.7-flash", "gemini-3.8-flash"),
        ("gemini-flash-latest", "gemini-3.8-flash"),
        ("gemini-4-argon", "gemini-4-argon"),
    ] {
        let answer = ask(json!({"model": asked})).await;

        assert_eq!(answer.at("/modelVersion"), answering);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_call_ends_with_stop_and_comes_signed() {
    let tools = json!([{"functionDeclarations": [{"name": "add",
        "parametersJsonSchema": {"type": "object"}}]}]);
    let contents = prompt("call tool add {\"a\": 1}");

    let answer = ask(json!({"tools": tools, "contents": contents})).await;

    let content = answer.at("/candidates/0/content");
    let part = &content["parts"][0];
    assert_eq!(part["functionCall"]["args"], json!({"a": 1}));
    assert!(part["functionCall"]["id"].is_string() && part["thoughtSignature"].is_string());
    assert_eq!(answer.at("/candidates/0/finishReason"), "STOP");
    let result = json!({"functionResponse": {"name": "add", "response": {"sum": 2},
        "id": part["functionCall"]["id"]}});
    let after = json!([contents[0], content, {"role": "user", "parts": [result]}]);
    let next = ask(json!({"tools": tools, "contents": after})).await;
    assert!(next.at("/candidates/0/content/parts/0/text").is_string());
    let usage = next.at("/usageMetadata");
    let counted = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(counted("toolUsePromptTokenCount"), 4);
    assert_eq!(
        counted("totalTokenCount"),
        counted("promptTokenCount")
            + counted("toolUsePromptTokenCount")
            + counted("candidatesTokenCount")
            + counted("thoughtsTokenCount")
    );
}

#[tokio::test(start_paused = true)]
async fn modes_force_and_forbid_calls() {
    let tools = json!([{"functionDeclarations": [{"name": "add"}, {"name": "sub",
        "parameters": {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}}}]}]);
    let mode = async |mode: &str, allowed: Value| {
        let answer = ask(
            json!({"tools": tools, "contents": prompt("call tool add {}"),
            "toolConfig": {"functionCallingConfig": {"mode": mode,
                "allowedFunctionNames": allowed}}}),
        )
        .await;
        answer.at("/candidates/0/content/parts/0/functionCall")
    };

    assert_eq!(mode("NONE", json!([])).await, Value::Null);
    assert_eq!(mode("AUTO", json!([])).await["name"], "add");
    assert_eq!(mode("VALIDATED", json!([])).await["name"], "add");
    let forced = mode("ANY", json!(["sub"])).await;
    assert_eq!(
        (&forced["name"], &forced["args"]),
        (&json!("sub"), &json!({"a": 1}))
    );
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_answered_with_an_instance() {
    let text = async |changes: Value| {
        let asked = json!({"contents": prompt("is it?"), "generationConfig": changes});
        ask(asked).await.at("/candidates/0/content/parts/0/text")
    };
    let mime = "application/json";
    let open_api = json!({"type": "OBJECT", "properties": {"ok": {"type": "BOOLEAN"}}});
    let standard = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}});

    let from_open_api = text(json!({"responseMimeType": mime, "responseSchema": open_api})).await;
    let from_standard =
        text(json!({"responseMimeType": mime, "responseJsonSchema": standard})).await;
    let from_neither = text(json!({"responseMimeType": mime})).await;

    assert_eq!(from_open_api, "{\"ok\":true}");
    assert_eq!(from_standard, "{\"ok\":true}");
    assert_eq!(from_neither, "{\"answer\":\"simulated\"}");
}

#[tokio::test(start_paused = true)]
async fn older_models_give_several_candidates() {
    let answer = ask(
        json!({"model": "gemini-2.5-flash-lite", "contents": prompt("hello"),
        "generationConfig": {"candidateCount": 2}}),
    )
    .await;

    let texts = [0, 1].map(|index| {
        let text = answer.at(&format!("/candidates/{index}/content/parts/0/text"));
        vendor_sim::token_count(text.as_str().unwrap())
    });
    assert_eq!(
        answer.at("/usageMetadata/candidatesTokenCount"),
        texts[0] + texts[1]
    );
    assert_eq!(answer.at("/candidates/1/index"), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_odd() {
    let odd = |fault| answered(json!({}), fault);

    let empty = odd(Fault::EmptyLength).await;
    assert_eq!(
        empty.at("/candidates/0"),
        json!({"index": 0, "finishReason": "MAX_TOKENS"})
    );
    assert_eq!(empty.at("/usageMetadata/thoughtsTokenCount"), 4_096);
    let refusal = odd(Fault::Refusal).await;
    assert_eq!(refusal.at("/candidates/0/finishReason"), "SAFETY");
    assert_eq!(refusal.at("/candidates/0/content"), Value::Null);
    assert_eq!(refusal.at("/candidates/0/safetyRatings/0/blocked"), true);
    let blocked = odd(Fault::BlockedPrompt).await;
    assert_eq!(
        blocked.at("/promptFeedback/blockReason"),
        "PROHIBITED_CONTENT"
    );
    assert_eq!(blocked.at("/candidates"), Value::Null);
    assert_eq!(blocked.at("/usageMetadata/totalTokenCount"), 8);
    let unknown = odd(Fault::UnknownFinish).await;
    assert_eq!(
        unknown.at("/candidates/0/finishReason"),
        "PAUSED_FOR_COMPUTE"
    );
    let reason = "RECITATION".to_owned();
    let finish = odd(Fault::Finish { reason }).await;
    assert_eq!(finish.at("/candidates/0/finishReason"), "RECITATION");
    assert_eq!(
        finish.at("/candidates/0/content/parts/0/text"),
        "hello there"
    );
    let fields = odd(Fault::UnknownFields).await;
    assert!(fields.at("/provenance").is_object());
    assert!(
        fields
            .at("/candidates/0/content/parts/0/watermark")
            .is_object()
    );
    assert_eq!(odd(Fault::NoUsage).await.at("/usageMetadata"), Value::Null);
    let error = odd(Fault::ErrorInside200).await;
    assert_eq!(
        (error.status.as_u16(), error.at("/error/status")),
        (200, json!("INTERNAL"))
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_as_they_are_charged() {
    let simulator = Simulator::new(1);
    let count = async |path: &str, body: Value| {
        let path = format!("/v1/models/{path}:countTokens");
        let answer = client::post(&simulator, Vendor::Google, &path, &body).await;
        let answer = answer.unwrap();
        (answer.status.as_u16(), answer.at("/totalTokens"))
    };
    let contents = prompt("say: hello there");
    let inside = |model: &str| {
        json!({"generateContentRequest": {"model": model, "contents": contents,
            "systemInstruction": {"parts": [{"text": "be brief"}]}}})
    };
    let id = "gemini-3.8-flash";

    assert_eq!(
        count(id, json!({"contents": contents})).await,
        (200, json!(8))
    );
    assert_eq!(
        count(id, inside("models/gemini-3.8-flash")).await,
        (200, json!(10))
    );
    let beside = json!({"contents": contents, "systemInstruction": {"parts": []}});
    assert_eq!(count(id, beside).await.0, 400);
    assert_eq!(count(id, inside("")).await.0, 400);
    assert_eq!(count(id, inside("models/gemini-3.6-flash")).await.0, 400);
    let both = changed(
        &inside("models/gemini-3.8-flash"),
        &json!({"contents": contents}),
    );
    assert_eq!(count(id, both).await.0, 400);
    assert_eq!(
        count("gemini-pro", json!({"contents": contents})).await.0,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn the_bill_is_what_the_answers_say() {
    let simulator = Simulator::new(1);
    let body = client::question(Vendor::Google, "say: hello there");
    let answer = client::complete(&simulator, Vendor::Google, &body).await;

    let billed = simulator.stats(Vendor::Google).billed["gemini-3.8-flash"];

    let usage = answer.unwrap().at("/usageMetadata");
    assert_eq!(usage["promptTokenCount"], billed.total_input());
    assert_eq!(usage["candidatesTokenCount"], billed.output);
    assert_eq!(usage["thoughtsTokenCount"], billed.reasoning);
    assert_eq!(usage["cachedContentTokenCount"], billed.cache_read);
}
