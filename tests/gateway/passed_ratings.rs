//! Ratings that came to another instance than the one that answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ai_gateway::domain::{
    Caller, KeptPart, PartName, PartVersion, PassedRating, RatingStore, Ratio, RoutingStore,
    StoreError,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::learned_parts::Parts;
use crate::support::Rig;

/// Longer than a round and shorter than two.
const ROUND: Duration = Duration::from_secs(80);

/// Ratings that wait for whoever answered.
#[derive(Default)]
struct Waiting(Mutex<Vec<PassedRating>>);

impl Waiting {
    fn leave(&self, answer: &Value, score: f64, at: &str) {
        self.0.lock().unwrap().push(PassedRating {
            request: answer["request_id"].as_str().unwrap().parse().unwrap(),
            caller: Caller::new("local"),
            score: Ratio::try_from(score).unwrap(),
            at: at.parse::<Timestamp>().unwrap(),
        });
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[async_trait]
impl RatingStore for Waiting {
    async fn pass_on(&self, _: &PassedRating) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn passed_on(&self) -> Result<Vec<PassedRating>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn take(&self, ratings: &[PassedRating]) -> Result<(), StoreError> {
        self.0.lock().unwrap().retain(|it| !ratings.contains(it));
        Ok(())
    }
}

/// A store that does not answer.
struct Away;

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError("away".to_owned()))
}

#[async_trait]
impl RoutingStore for Away {
    async fn load_parts(&self, _: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError> {
        away()
    }

    async fn put_part(&self, _: PartName, _: &[u8]) -> Result<PartVersion, StoreError> {
        away()
    }

    async fn replace_part(&self, _: PartName, _: &[u8]) -> Result<Option<PartVersion>, StoreError> {
        away()
    }

    async fn fold_parts(
        &self,
        _: &[PartVersion],
        _: PartName,
        _: &[u8],
    ) -> Result<bool, StoreError> {
        away()
    }
}

fn question() -> Value {
    json!({"prompt": "What is the capital of France?", "explain": true})
}

/// Lets a gateway learn for one round, and not to its end.
async fn learn_a_round(rig: &Rig) {
    let learning = rig.app.gateway.keep_learning(CancellationToken::new());
    tokio::select! {
        () = learning => {}
        () = sleep(ROUND) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_learned_from_is_removed_when_it_is_kept() {
    for (is_away, left) in [(false, 0), (true, 1)] {
        let waiting = Arc::new(Waiting::default());
        let parts: Arc<dyn RoutingStore> = if is_away {
            Arc::new(Away)
        } else {
            Arc::<Parts>::default()
        };
        let rig = Rig::sharing((parts, Some(Arc::clone(&waiting) as _)));
        let answer = rig.complete(question()).await;
        waiting.leave(&answer, 0.2, "2026-11-25T12:00:00Z");

        learn_a_round(&rig).await;

        assert_eq!(waiting.count(), left);
        let again = rig.complete(question()).await;
        assert_eq!(again["cache"]["status"], "miss", "it was bad");
        let given = json!({"request_id": answer["request_id"], "score": 0.9});
        let given = rig.tool("submit_feedback", given).await;
        assert_eq!(given["structuredContent"]["feedback"], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_takes_nothing_back() {
    let waiting = Arc::new(Waiting::default());
    let parts = Arc::<Parts>::default();
    let rig = Rig::sharing((parts, Some(Arc::clone(&waiting) as _)));
    let answer = rig.complete(question()).await;
    let hit = rig.complete(question()).await;
    let given = json!({"request_id": hit["request_id"], "score": 0.95});
    rig.tool("submit_feedback", given).await;
    waiting.leave(&answer, 0.1, "2026-11-25T11:00:00Z");

    learn_a_round(&rig).await;

    assert_eq!(waiting.count(), 0);
    let still = rig.complete(question()).await;
    assert_eq!(still["cache"]["status"], "exact");
    let again = json!({"request_id": still["request_id"], "score": 0.5});
    let again = rig.tool("submit_feedback", again).await;
    let replaced = again["structuredContent"]["replaced"].as_f64().unwrap();
    assert!((replaced - 0.95).abs() < 1e-6, "{again}");
}
