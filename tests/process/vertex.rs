//! Vertex AI with the machine's identity: a fake metadata server gives the
//! tokens, and the real library fetches them.

use std::time::Duration;

use serde_json::{Value, json};
use vendor_sim::{Fault, Server, Simulator, Vendor};

use crate::gateway::{Gateway, simulated, until};

/// A model of each publisher; the second has a dated id on Vertex AI.
const MODELS: [&str; 2] = ["google/gemini-3.8-flash", "anthropic/claude-haiku-4-5"];

async fn on_vertex(server: &Server) -> Gateway {
    let host = server.address().to_string();
    let vertex = server.base_url(Vendor::Vertex);
    Gateway::start(
        server,
        &[
            ("OPENAI_API_KEY", ""),
            ("ANTHROPIC_API_KEY", ""),
            ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
            ("GOOGLE_CLOUD_PROJECT", "sim-project"),
            ("GOOGLE_CLOUD_LOCATION", "europe-west4"),
            ("GOOGLE_VERTEX_BASE_URL", &vertex),
            ("GCE_METADATA_HOST", &host),
            // No credentials of whoever runs the tests.
            ("HOME", "/nonexistent"),
        ],
    )
    .await
}

fn tokens_given(simulator: &Simulator) -> usize {
    let requests = simulator.requests(Vendor::Metadata);
    let tokens = requests
        .iter()
        .filter(|request| request.path.ends_with("/token"));
    tokens.count()
}

fn question(model: &str) -> Value {
    json!({"model": model, "prompt": "say: well", "max_tokens": 500})
}

#[tokio::test]
async fn gemini_and_claude_answer_without_a_key() {
    let (simulator, server) = simulated().await;
    let gateway = on_vertex(&server).await;

    for model in MODELS {
        let answer = gateway.complete(question(model)).await.unwrap();
        assert_eq!(answer["text"], "well", "{answer:#}");
    }

    let requests = simulator.requests(Vendor::Vertex);
    let place = "/v1/projects/sim-project/locations/europe-west4/publishers";
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            format!("{place}/google/models/gemini-3.8-flash:generateContent"),
            format!("{place}/anthropic/models/claude-haiku-4-5@20251001:rawPredict"),
        ]
    );
    gateway.terminate();
    let (_, log) = gateway.end().await;
    assert!(!log.contains("ya29"), "{log}");
}

#[tokio::test]
async fn calls_at_the_same_moment_share_one_token() {
    let (simulator, server) = simulated().await;
    let gateway = on_vertex(&server).await;

    let calls = (0..20).map(|number| gateway.complete(question(MODELS[number % 2])));
    let answers = futures_util::future::join_all(calls).await;

    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap()["text"] == "well")
    );
    assert_eq!(tokens_given(&simulator), 1);
}

#[tokio::test]
async fn a_token_is_renewed_four_minutes_before_it_expires() {
    let (simulator, server) = simulated().await;
    simulator.set_token_lifetime(Duration::from_secs(241));
    let gateway = on_vertex(&server).await;

    gateway.complete(question(MODELS[0])).await.unwrap();

    // Four minutes before the end is a second after the beginning.
    until(|| tokens_given(&simulator) > 1).await;
}

#[tokio::test]
async fn without_a_token_the_answer_says_what_to_do() {
    let (simulator, server) = simulated().await;
    simulator.set_standing(Vendor::Metadata, Some(Fault::Status { status: 404 }));
    let gateway = on_vertex(&server).await;

    let refused = gateway.complete(question(MODELS[0])).await.unwrap();
    let asked = tokens_given(&simulator);
    let again = gateway.complete(question(MODELS[0])).await.unwrap();

    let attempt = &refused["error"]["attempts"][0];
    assert_eq!(attempt["outcome"], "unauthorized", "{refused:#}");
    let words = attempt["error"].as_str().unwrap();
    assert!(words.contains("service account"), "{words}");
    assert!(!words.contains("404"), "the cause is for the log: {words}");
    // A probe finds out when there is one.
    assert_eq!(again["error"]["attempts"], json!([]), "{again:#}");
    assert_eq!(tokens_given(&simulator), asked);
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_used_again() {
    let (simulator, server) = simulated().await;
    let gateway = on_vertex(&server).await;

    gateway.complete(question(MODELS[0])).await.unwrap();
    simulator.push(Vendor::Vertex, Fault::Status { status: 401 });
    let answered = gateway.complete(question(MODELS[0])).await.unwrap();

    assert_eq!(answered["text"], "well", "{answered:#}");
    let attempts = answered["routing"]["attempts"].as_array().unwrap();
    let outcomes: Vec<&Value> = attempts.iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["unauthorized", "answered"]);
    assert_eq!(tokens_given(&simulator), 2);
}

#[tokio::test]
async fn completions_need_no_permission_beyond_their_own() {
    let (simulator, server) = simulated().await;
    let gateway = on_vertex(&server).await;

    for model in MODELS {
        gateway.complete(question(model)).await.unwrap();
    }

    let requests = simulator.requests(Vendor::Vertex);
    let with_quota =
        |request: &vendor_sim::ReceivedRequest| request.headers.contains_key("x-goog-user-project");
    assert!(!requests.iter().any(with_quota), "{requests:#?}");
}
