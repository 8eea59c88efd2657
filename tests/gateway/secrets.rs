//! No key and no prompt may be read anywhere but at the vendor.

use std::sync::Arc;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use vendor_sim::{Fault, Simulator};

use crate::support::{ANTHROPIC_KEY, OPENAI_KEY, Rig, VENDORS};

#[tokio::test(start_paused = true)]
async fn no_answer_of_any_door_repeats_a_key() {
    let rig = Rig::new();
    let faults = [
        Fault::Healthy,
        Fault::Status { status: 401 },
        Fault::Status { status: 400 },
        Fault::Down,
        Fault::Garbage,
        Fault::ErrorInside200,
    ];
    let mut seen = String::new();
    for fault in faults {
        for vendor in VENDORS {
            rig.simulator.push(vendor, fault.clone());
        }
        for model in ["gpt-6-luna", "claude-haiku-5-5"] {
            let asked = json!({"prompt": "hi", "model": model, "explain": true});
            seen += &rig.tool("unified_completion", asked).await.to_string();
            let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
            let answer = rig.chat(body.to_string()).await;
            seen += &format!("{answer:?}");
        }
    }
    for tool in ["get_provider_status", "health_check"] {
        seen += &rig.tool(tool, json!({})).await.to_string();
    }
    for path in ["/metrics", "/ready", "/health", "/v1/models"] {
        seen += &rig.get(path).await.text;
    }
    seen += &format!("{:?}", rig.ledger());

    assert!(seen.len() > 10_000);
    for key in [OPENAI_KEY, ANTHROPIC_KEY] {
        assert!(!seen.contains(key));
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_and_status_hold_no_prompt() {
    let rig = Rig::new();
    rig.complete(json!({"prompt": "say: marzipan", "system": "marzipan"}))
        .await;
    let asked = json!({"prompt": "marzipan", "model": "marzipan"});
    rig.refused(asked).await;

    let metrics = rig.get("/metrics").await.text;
    let status = rig.tool("get_provider_status", json!({})).await.to_string();

    assert!(metrics.contains("gateway_tokens_total"));
    assert!(!metrics.contains("marzipan") && !status.contains("marzipan"));
}

/// A vendor that repeats every header of a request in its refusal.
struct Echo;

#[async_trait]
impl Transport for Echo {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let headers = request.headers().iter();
        let words: Vec<&str> = headers
            .filter_map(|(_, value)| value.to_str().ok())
            .collect();
        let error = json!({"type": "authentication_error", "message": words.join(" ")});
        let body = Full::new(Bytes::from(
            json!({"type": "error", "error": error}).to_string(),
        ));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        Ok(Response::builder().status(401).body(body).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_repeats_the_key_is_not_quoted_with_it() {
    let rig = Rig::over(Arc::new(Echo), Simulator::new(1), &[]);
    for (model, key) in [
        ("gpt-6-luna", OPENAI_KEY),
        ("claude-haiku-5-5", ANTHROPIC_KEY),
    ] {
        let error = rig.refused(json!({"prompt": "hi", "model": model})).await;
        let status = rig.tool("get_provider_status", json!({})).await;

        assert_eq!(error["attempts"][0]["outcome"], "unauthorized");
        assert!(
            error["message"].as_str().unwrap().contains("***"),
            "{error:#}"
        );
        assert!(!error.to_string().contains(key) && !status.to_string().contains(key));
    }
}
