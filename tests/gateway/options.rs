//! What the vendors' own forms have no place for, on both of them.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::{Answer, Rig};

const DOORS: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];

async fn asked(rig: &Rig, path: &str, gateway: Value) -> Answer {
    let body = json!({"model": "auto", "max_tokens": 500, "gateway": gateway,
        "messages": [{"role": "user", "content": "say: well"}]});
    let request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    rig.send(request.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn requirements_choose_the_model() {
    for path in DOORS {
        for provider in ["openai", "anthropic", "google", "mistral", "groq"] {
            let rig = Rig::of_all(&[]);

            let wishes = json!({"requirements": {"providers": [provider], "low_cost": true}});
            let answer = asked(&rig, path, wishes).await;

            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert_eq!(answer.header("x-gateway-provider"), provider, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_callers_time_is_kept() {
    for path in DOORS {
        let rig = Rig::new();
        for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
            rig.simulator.set_standing(vendor, Some(Fault::Hang));
        }

        let answer = asked(&rig, path, json!({"timeout_ms": 900})).await;

        assert_eq!(answer.status, 504, "{path}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_option_is_named() {
    let rig = Rig::new();
    for path in DOORS {
        for (options, place) in [
            (json!({"wish": 1}), "wish"),
            (json!({"cache_mode": "never"}), "gateway.cache_mode"),
            (
                json!({"requirements": {"min_quality": 7}}),
                "requirements.min_quality",
            ),
            (json!({"timeout_ms": 0}), "timeout_ms"),
        ] {
            let answer = asked(&rig, path, options).await;

            assert_eq!(answer.status, 400, "{path}: {}", answer.text);
            assert!(
                answer.text.contains(place),
                "{path} {place}: {}",
                answer.text
            );
        }
    }
}
