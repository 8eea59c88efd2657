//! What Google refuses about keys, paths, settings and safety, and how.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};

pub(crate) fn base() -> Value {
    json!({"model": "gemini-3.8-flash",
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
}

/// A change to a good request, and a piece of the message that it earns.
pub(crate) type Case = (Value, &'static str);

pub(crate) async fn assert_refused(base: Value, cases: Vec<Case>) {
    let simulator = Simulator::new(1);
    let accepted = ask(&simulator, &base).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    for (changes, message) in cases {
        let answer = ask(&simulator, &changed(&base, &changes)).await;

        assert_eq!(answer.status, 400, "{changes}: {}", answer.text());
        let told = answer.at("/error/message");
        assert!(
            told.as_str().unwrap().contains(message),
            "{changes}: {told}"
        );
        assert_eq!(answer.at("/error/code"), 400);
        assert_eq!(answer.at("/error/status"), "INVALID_ARGUMENT");
    }
}

async fn ask(simulator: &Simulator, body: &Value) -> Answer {
    client::complete(simulator, Vendor::Google, body)
        .await
        .unwrap()
}

/// A request whose settings are these.
fn with(config: Value) -> Value {
    json!({"generationConfig": config})
}

/// A setting, and what is said about it.
fn setting(config: Value, message: &'static str) -> Case {
    (with(config), message)
}

#[tokio::test(start_paused = true)]
async fn settings_that_no_model_takes() {
    let schema = json!({"type": "STRING"});
    assert_refused(
        base(),
        vec![
            setting(json!({"temperature": 2.1}), "range [0.0, 2.0]"),
            setting(json!({"temperature": -0.1}), "range [0.0, 2.0]"),
            setting(json!({"topP": 1.1}), "range [0.0, 1.0]"),
            setting(json!({"topK": 0}), "top_k must be positive"),
            setting(
                json!({"stopSequences": ["1", "2", "3", "4", "5", "6"]}),
                "at most 5",
            ),
            setting(json!({"stopSequences": [""]}), "must not be empty"),
            setting(json!({"seed": 2_147_483_648_u64}), "(TYPE_INT32)"),
            setting(json!({"maxOutputTokens": 0}), "value of 0"),
            setting(json!({"maxOutputTokens": 65_537}), "65537 (exclusive)"),
            setting(json!({"candidateCount": 0}), "range [1, 8]"),
            setting(json!({"candidateCount": 9}), "range [1, 8]"),
            setting(json!({"responseModalities": ["IMAGE"]}), "modalities"),
            setting(json!({"responseLogprobs": true}), "Logprobs"),
            setting(json!({"logprobs": 2}), "Logprobs"),
            setting(
                json!({"responseMimeType": "text/html"}),
                "allowed mimetypes",
            ),
            setting(json!({"responseSchema": schema}), "application/json"),
            setting(json!({"responseJsonSchema": {}}), "application/json"),
            setting(
                json!({"responseMimeType": "application/json", "responseSchema": schema,
                    "responseJsonSchema": {}}),
                "only one of",
            ),
            setting(
                json!({"responseMimeType": "application/json", "responseJsonSchema": true}),
                "must be an object",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn settings_that_newer_models_do_not_take() {
    for model in ["gemini-3.1-flash-lite", "gemini-4-argon"] {
        assert_refused(
            changed(&base(), &json!({"model": model})),
            vec![
                setting(json!({"presencePenalty": 0.0}), "Penalty is not enabled"),
                setting(json!({"frequencyPenalty": 0.5}), "Penalty is not enabled"),
                setting(json!({"candidateCount": 2}), "Multiple candidates"),
            ],
        )
        .await;
    }
    let old = changed(
        &base(),
        &json!({"model": "gemini-2.5-pro",
        "generationConfig": {"presencePenalty": 1, "frequencyPenalty": -2, "candidateCount": 2}}),
    );
    assert_refused(
        old,
        vec![setting(json!({"presencePenalty": 2}), "range [-2.0, 2.0)")],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn thinking_that_does_not_fit_the_model() {
    let think = |model: &str, config: Value, message| {
        let changes = json!({"model": model, "generationConfig": {"thinkingConfig": config}});
        (changes, message)
    };
    let level = |level: &str| json!({"thinkingLevel": level});
    let budget = |budget: i64| json!({"thinkingBudget": budget});
    let both = json!({"thinkingLevel": "LOW", "thinkingBudget": 512});
    let no_level = "Thinking level is not supported";
    assert_refused(
        base(),
        vec![
            think("gemini-3.8-flash", both, "only one of thinking budget"),
            think("gemini-3.8-flash", level("XHIGH"), "Thinking level XHIGH"),
            think("gemini-3.8-flash", budget(0), "only works in thinking mode"),
            think("gemini-3.1-pro-preview", level("MINIMAL"), "MINIMAL"),
            think("gemini-4-argon", level("MINIMAL"), "MINIMAL"),
            think("gemini-4-argon", budget(1_024), "budget is not supported"),
            think("gemini-4-argon", budget(-1), "budget is not supported"),
            think("gemini-2.5-pro", level("LOW"), no_level),
            think("gemini-2.5-pro", budget(0), "only works in thinking mode"),
            think("gemini-2.5-pro", budget(127), "between 128 and 32768"),
            think("gemini-2.5-pro", budget(32_769), "between 128 and 32768"),
            think("gemini-2.5-pro", budget(-2), "between 128 and 32768"),
            think("gemini-2.5-flash", level("HIGH"), no_level),
            think("gemini-2.5-flash", budget(24_577), "between 0 and 24576"),
            think("gemini-2.5-flash-lite", budget(511), "between 512 and"),
            think(
                "gemini-2.5-flash",
                json!({"thinkingBudget": 0, "includeThoughts": true}),
                "include_thoughts",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn thinking_that_fits_the_model() {
    let simulator = Simulator::new(1);
    for (model, config) in [
        ("gemini-3.8-flash", json!({"thinkingLevel": "minimal"})),
        ("gemini-3.8-flash", json!({"thinkingBudget": 2_048})),
        ("gemini-4-argon", json!({"thinkingLevel": "HIGH"})),
        ("gemini-2.5-pro", json!({"thinkingBudget": -1})),
        ("gemini-2.5-pro", json!({"thinkingBudget": 128})),
        ("gemini-2.5-flash", json!({"thinkingBudget": 0})),
        ("gemini-2.5-flash-lite", json!({"thinkingBudget": 512})),
        (
            "gemini-2.5-flash",
            json!({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}),
        ),
    ] {
        let body = changed(&base(), &with(json!({"thinkingConfig": config})));

        let answer = ask(&simulator, &changed(&body, &json!({"model": model}))).await;

        assert_eq!(answer.status, 200, "{model} {config}: {}", answer.text());
    }
}

#[tokio::test(start_paused = true)]
async fn argon_writes_more_into_a_stream() {
    let body = json!({"model": "gemini-4-argon",
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"maxOutputTokens": 32_768}});
    let more = with(json!({"maxOutputTokens": 32_769}));
    assert_refused(body.clone(), vec![(more.clone(), "32769 (exclusive)")]).await;

    let streamed = changed(&changed(&body, &more), &json!({"stream": true}));
    let answer = ask(&Simulator::new(1), &streamed).await;

    assert_eq!(answer.status, 200);
}

#[tokio::test(start_paused = true)]
async fn safety_settings_that_do_not_fit() {
    let safety = |settings: Value| json!({"safetySettings": settings});
    let good = json!({"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"});
    assert_refused(
        changed(&base(), &safety(json!([good]))),
        vec![
            (safety(json!([good, good])), "only one setting"),
            (
                safety(json!([{"category": "HARM_CATEGORY_HARASSMENT"}])),
                "$.threshold",
            ),
            (safety(json!([{"threshold": "OFF"}])), "$.category"),
            (
                safety(json!([{"category": "HARM_CATEGORY_JAILBREAK", "threshold": "OFF"}])),
                "$.category",
            ),
            (
                safety(json!([{"category": "HARM_CATEGORY_X", "threshold": "OFF"}])),
                "v1beta.HarmCategory), \"HARM_CATEGORY_X\"",
            ),
            (
                safety(json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "SOME"}])),
                "HarmBlockThreshold",
            ),
        ],
    )
    .await;
}

/// Sends a request that names its own headers.
async fn with_key(path: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::builder().uri(format!("/google{path}"));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    client::send(&Simulator::new(1), request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn keys_are_needed_in_the_header_or_the_query() {
    let good = with_key("/v1/models", Some(("x-goog-api-key", "k"))).await;
    let in_query = with_key("/v1/models?key=k", None).await;
    let none = with_key("/v1/models", None).await;
    let bad = with_key("/v1/models", Some(("x-goog-api-key", "bad-key"))).await;
    let bearer = with_key("/v1/models", Some(("authorization", "Bearer k"))).await;

    assert_eq!(
        (good.status, in_query.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(
        (none.status.as_u16(), none.at("/error/status")),
        (403, json!("PERMISSION_DENIED"))
    );
    assert_eq!(
        (bad.status.as_u16(), bad.at("/error/status")),
        (400, json!("INVALID_ARGUMENT"))
    );
    assert_eq!(bad.at("/error/details/0/reason"), "API_KEY_INVALID");
    assert_eq!(
        bad.at("/error/details/0/@type"),
        "type.googleapis.com/google.rpc.ErrorInfo"
    );
    assert_eq!(
        (bearer.status.as_u16(), bearer.at("/error/details/0/reason")),
        (401, json!("ACCESS_TOKEN_TYPE_UNSUPPORTED"))
    );
}

#[tokio::test(start_paused = true)]
async fn paths_and_methods_that_do_not_exist() {
    let simulator = Simulator::new(1);
    let model = "/v1/models/gemini-3.8-flash";
    for (method, path) in [
        (Method::POST, "/v1/chat/completions".to_owned()),
        (Method::GET, "/v2/models".to_owned()),
        (Method::GET, "/models".to_owned()),
        (Method::GET, "/v1/models/".to_owned()),
        (Method::POST, "/v1/models".to_owned()),
        (Method::POST, model.to_owned()),
        (Method::POST, format!("{model}:generateText")),
        (Method::GET, format!("{model}:generateContent")),
        (Method::PUT, format!("{model}:generateContent")),
    ] {
        let request = client::request(Vendor::Google, method, &path);
        let request = request.body(Body::empty()).unwrap();

        let answer = client::send(&simulator, request).await.unwrap();

        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=UTF-8")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn models_that_do_not_exist() {
    let simulator = Simulator::new(1);
    let body = json!({"contents": base()["contents"]});
    for path in [
        "/v1beta/models/gemini-pro:generateContent",
        "/v1beta/models/gemini-pro:countTokens",
        "/v1beta/models/gemini-embedding-001:generateContent",
        "/v1/models/gemini-flash-latest:streamGenerateContent",
    ] {
        let answer = client::post(&simulator, Vendor::Google, path, &body).await;

        let answer = answer.unwrap();
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.at("/error/status"), "NOT_FOUND");
    }
}

#[tokio::test(start_paused = true)]
async fn caches_and_other_models_in_the_body() {
    let simulator = Simulator::new(1);
    let path = "/v1/models/gemini-3.8-flash:generateContent";
    let send = async |changes: Value| {
        let body = changed(&json!({"contents": base()["contents"]}), &changes);
        let answer = client::post(&simulator, Vendor::Google, path, &body).await;
        answer.unwrap().status.as_u16()
    };

    assert_eq!(
        send(json!({"cachedContent": "cachedContents/1"})).await,
        403
    );
    assert_eq!(send(json!({"model": "models/gemini-3.8-flash"})).await, 200);
    assert_eq!(send(json!({"model": "models/gemini-3.6-flash"})).await, 400);
    assert_eq!(send(json!({"store": false})).await, 200);
}
