//! Google's models on Vertex AI.

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, Answer, GOOGLE_ON_VERTEX, changed, question};
use crate::faults::answered;
use crate::google_troubles::detail;

async fn ask(changes: Value) -> Answer {
    let body = changed(&question(Vendor::Vertex, "say: hello there"), &changes);
    let answer = client::complete(&Simulator::new(1), Vendor::Vertex, &body).await;
    answer.unwrap()
}

async fn post(path: &str) -> Answer {
    let body = question(Vendor::Vertex, "say: hello there");
    let answer = client::post(&Simulator::new(1), Vendor::Vertex, path, &body).await;
    answer.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_vertexs_own_members() {
    let answer = ask(json!({"model": "gemini-3.7-flash"})).await;

    assert_eq!(
        answer.at("/candidates/0/content/parts/0/text"),
        "hello there"
    );
    assert_eq!(answer.at("/modelVersion"), "gemini-3.8-flash");
    assert_eq!(answer.at("/createTime"), "2026-11-22T00:00:00Z");
    assert_eq!(answer.at("/usageMetadata/trafficType"), "ON_DEMAND");
    assert_eq!(
        answer.at("/usageMetadata/candidatesTokensDetails/0/tokenCount"),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_comes_as_events_or_as_an_array() {
    let events = post(&format!(
        "{GOOGLE_ON_VERTEX}/gemini-3.8-flash:streamGenerateContent?alt=sse"
    ))
    .await;
    let array = post(&format!(
        "{GOOGLE_ON_VERTEX}/gemini-3.8-flash:streamGenerateContent"
    ))
    .await;

    assert!(events.text().starts_with("data: {"));
    assert!(array.json().is_array());
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_for_a_whole_request() {
    let simulator = Simulator::new(1);
    let body = json!({"contents": question(Vendor::Vertex, "say: hello there")["contents"],
        "systemInstruction": {"parts": [{"text": "be brief"}]}});
    let path = format!("{GOOGLE_ON_VERTEX}/gemini-3.8-flash:countTokens");

    let answer = client::post(&simulator, Vendor::Vertex, &path, &body).await;

    let answer = answer.unwrap();
    assert_eq!(answer.at("/totalTokens"), 10);
    assert_eq!(answer.at("/totalBillableCharacters"), 14);
}

#[tokio::test(start_paused = true)]
async fn the_request_differs_from_geminis() {
    let part = |part: Value| json!({"contents": [{"role": "user", "parts": [part]}]});
    let file = json!({"fileData": {"fileUri": "gs://a/b", "mimeType": "image/png"}});
    let config = |config: Value| json!({"generationConfig": config});
    let labels = json!({"labels": {"team": "a"}});
    for accepted in [part(file), config(json!({"topK": 0.5e2})), labels] {
        assert_eq!(ask(accepted.clone()).await.status, 200, "{accepted}");
    }
    let level = json!({"thinkingConfig": {"thinkingLevel": "XHIGH"}});
    for refused in [
        json!({"contents": [{"parts": [{"text": "no role"}]}]}),
        part(json!({"text": ""})),
        part(json!({"fileData": {"fileUri": "gs://a/b"}})),
        config(level),
        json!({"store": true}),
        json!({"labels": {"team": 1}}),
    ] {
        let answer = ask(refused.clone()).await;

        assert_eq!(answer.status, 400, "{refused}");
        assert_eq!(answer.at("/error/status"), "INVALID_ARGUMENT");
    }
    let hot = ask(config(json!({"temperature": 3}))).await;
    let told = hot.at("/error/message");
    assert!(told.as_str().unwrap().starts_with("Unable to submit"));
}

async fn with_token(simulator: &Simulator, token: Option<&str>) -> Answer {
    let path = format!("{GOOGLE_ON_VERTEX}/gemini-3.8-flash:generateContent");
    let mut request = client::request(Vendor::Vertex, Method::POST, &path);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let body = question(Vendor::Vertex, "hi").to_string();
    let request = request.body(Body::from(body)).unwrap();
    client::send(simulator, request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn only_tokens_of_the_metadata_server_are_taken() {
    let simulator = Simulator::new(1);
    let reason = |answer: &Answer| detail(answer, "ErrorInfo")["reason"].clone();

    let good = with_token(&simulator, Some(&client::bearer(&simulator).await)).await;
    let none = with_token(&simulator, None).await;
    let foreign = with_token(&simulator, Some("Bearer ya29.other")).await;
    let of_another_seed = client::bearer(&Simulator::new(2)).await;
    let other = with_token(&simulator, Some(&of_another_seed)).await;

    assert_eq!(good.status, 200);
    assert_eq!(
        (none.status.as_u16(), reason(&none)),
        (401, json!("CREDENTIALS_MISSING"))
    );
    assert_eq!(
        (foreign.status.as_u16(), reason(&foreign)),
        (401, json!("ACCESS_TOKEN_TYPE_UNSUPPORTED"))
    );
    assert_eq!(foreign.at("/error/status"), "UNAUTHENTICATED");
    assert_eq!(other.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_taken_for_its_lifetime() {
    let simulator = Simulator::new(1);
    simulator.set_token_lifetime(Duration::from_secs(60));
    let token = client::bearer(&simulator).await;

    tokio::time::advance(Duration::from_secs(59)).await;
    let in_time = with_token(&simulator, Some(&token)).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let late = with_token(&simulator, Some(&token)).await;

    assert_eq!(in_time.status, 200);
    assert_eq!(late.status, 401);
    assert_eq!(detail(&late, "ErrorInfo")["reason"], "ACCESS_TOKEN_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn places_and_models_that_do_not_exist() {
    let path = |project: &str, location: &str, rest: &str| {
        format!("/v1/projects/{project}/locations/{location}/publishers/{rest}")
    };
    let good = "google/models/gemini-3.8-flash:generateContent";
    let status = async |path: String| post(&path).await.status.as_u16();

    assert_eq!(status(path("p", "europe-west4", good)).await, 200);
    assert_eq!(status(path("p", "eu", good)).await, 200);
    assert_eq!(status(path("p", "mars", good)).await, 400);
    assert_eq!(status(path("bad-project", "global", good)).await, 403);
    for rest in [
        "google/models/gemini-pro:generateContent",
        "google/models/gemini-flash-latest:generateContent",
        "google/models/gemini-3.8-flash:rawPredict",
        "google/models/gemini-3.8-flash:predict",
        "google/models/gemini-3.8-flash",
        "mistralai/models/x:rawPredict",
        "anthropic/models/claude-haiku-5-5:generateContent",
    ] {
        assert_eq!(status(path("p", "global", rest)).await, 404, "{rest}");
    }
    assert_eq!(status("/v1/models".to_owned()).await, 404);
}

#[tokio::test(start_paused = true)]
async fn models_are_listed_by_their_publisher() {
    let simulator = Simulator::new(1);
    let get = async |path: &str| {
        let request = client::request(Vendor::Vertex, Method::GET, path)
            .header("authorization", client::bearer(&simulator).await);
        let request = request.body(Body::empty()).unwrap();
        client::send(&simulator, request).await.unwrap()
    };

    let list = get("/v1beta1/publishers/google/models?pageSize=3").await;
    let one = get("/v1/publishers/google/models/gemini-4-argon").await;
    let none = get("/v1/publishers/google/models/gemini-pro").await;

    assert_eq!(list.at("/publisherModels").as_array().unwrap().len(), 3);
    assert!(list.at("/nextPageToken").is_string());
    assert_eq!(one.at("/name"), "publishers/google/models/gemini-4-argon");
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_shared_capacity_names_no_time() {
    let limited = answered(Vendor::Vertex, Fault::RateLimited { retry_after: None }).await;
    let retry_after = Some("7".to_owned());
    let told = answered(Vendor::Vertex, Fault::RateLimited { retry_after }).await;
    let of_day = answered(Vendor::Vertex, Fault::QuotaExhausted).await;

    assert_eq!(limited.status, 429);
    assert_eq!(limited.at("/error/details"), Value::Null);
    assert_eq!(detail(&told, "RetryInfo")["retryDelay"], "7s");
    let quota = detail(&of_day, "QuotaFailure");
    let id = quota["violations"][0]["quotaId"].as_str().unwrap();
    assert!(id.contains("PerDay"));
}
