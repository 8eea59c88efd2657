//! What the doors say of the embedder.

use std::sync::Arc;

use ai_gateway::app::Embedding;
use ai_gateway::domain::{Embedder as _, EmbedderError, EmbedderState};
use serde_json::json;

use crate::hashed_embedder::HashedEmbedder;
use crate::support::Rig;

#[tokio::test(start_paused = true)]
async fn health_check_says_what_the_embedder_does() {
    let embedder = HashedEmbedder::new(EmbedderState::Starting);
    let rig = Rig::with_embedder(Embedding::new(Arc::clone(&embedder) as _));
    let failed = EmbedderState::Failed("it is tired".to_owned());

    for (state, said, ready) in [
        (
            EmbedderState::Starting,
            json!({"state": "loading"}),
            "ready",
        ),
        (EmbedderState::Ready, json!({"state": "ready"}), "ready"),
        (EmbedderState::Disabled, json!({"state": "off"}), "ready"),
        (
            failed,
            json!({"state": "off", "reason": "it is tired"}),
            "degraded",
        ),
    ] {
        embedder.set_state(state);
        let health = rig.tool("health_check", json!({})).await;
        let page = rig.get("/ready").await;

        assert_eq!(health["structuredContent"]["embedding"], said);
        let healthy = if ready == "ready" { "healthy" } else { ready };
        assert_eq!(health["structuredContent"]["status"], healthy);
        assert_eq!(page.status, 200);
        assert_eq!(page.json()["status"], ready, "{said}");
        let is_named = page.text.contains("embedding: it is tired");
        assert_eq!(is_named, ready == "degraded", "{}", page.text);
    }
    assert_eq!(embedder.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_answers_whatever_the_embedder_does() {
    let failed = EmbedderState::Failed("it is tired".to_owned());
    let rig = Rig::with_embedder(Embedding::new(HashedEmbedder::new(failed)));

    let arguments = json!({"prompt": "say: ok", "model": "gpt-6-luna"});
    assert_eq!(rig.complete(arguments).await["text"], "ok");
}

#[tokio::test]
async fn texts_that_share_words_are_near_for_the_fake_one() {
    let embedder = HashedEmbedder::new(EmbedderState::Ready);
    let router = embedder.embed("How do I reset my router?").await.unwrap();
    let phone = embedder.embed("how do I reset my phone").await.unwrap();
    let cake = embedder.embed("Bake a cake").await.unwrap();
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();

    assert!((cosine(&router, &router) - 1.0).abs() < 1e-6);
    assert!(cosine(&router, &phone) > 0.6);
    assert!(cosine(&router, &cake) < 0.3);
    assert_eq!(embedder.embed(" ?! ").await, Err(EmbedderError::Blank));
}
