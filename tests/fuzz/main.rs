//! No prompt makes the gateway's readers panic or say what is no number.
//!
//! Runs some hundred prompts of each kind; `PROPTEST_CASES=1000000 cargo test
//! --release --test fuzz` runs as many as one likes.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

use ai_gateway::cache::{History, canonical_key, tier};
use ai_gateway::routing::{Features, TaskClassifier, TaskMix, estimate_text_tokens};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::LazyLock;

static CLASSIFIER: LazyLock<TaskClassifier> = LazyLock::new(|| TaskClassifier::built_in().unwrap());

/// Texts as bytes may make them, as characters may, and as people write them,
/// with what readers look for.
fn prompts() -> impl Strategy<Value = String> {
    let bytes = vec(any::<u8>(), 0..3_000);
    let pieces = prop_oneof![
        Just("```".to_owned()),
        Just("\n".to_owned()),
        Just(" translate to ".to_owned()),
        Just("Übersetze ins Französische: ".to_owned()),
        Just("please, could you ".to_owned()),
        Just("in German?".to_owned()),
        Just("don't".to_owned()),
        Just("1,000.5e-7 µg/m²".to_owned()),
        Just("日本語で".to_owned()),
        Just("\u{202e}\u{0301}\u{fe0f}".to_owned()),
        Just("{};$\\^=".repeat(40)),
        "[a-z]{1,12} ",
        any::<String>(),
    ];
    prop_oneof![
        bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        any::<String>(),
        vec(pieces, 0..400).prop_map(|pieces| pieces.concat()),
    ]
}

/// Embeddings as they are, and as they must not be.
fn embeddings() -> impl Strategy<Value = Option<Vec<f32>>> {
    prop_oneof![
        Just(None),
        vec(-1.0_f32..1.0, 384).prop_map(Some),
        vec(any::<f32>(), 0..400).prop_map(Some),
    ]
}

proptest! {
    #[test]
    fn every_prompt_has_a_task(prompt in prompts(), vector in embeddings()) {
        let task = CLASSIFIER.classify(&prompt, vector.as_deref());

        let sum: f64 = task.probabilities.iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
        prop_assert!((0.0..=1.0).contains(&task.confidence));
        let most = task.probabilities.iter().copied().fold(0.0, f64::max);
        prop_assert_eq!(most.to_bits(), task.confidence.to_bits());
        let again = CLASSIFIER.classify(&prompt, vector.as_deref());
        prop_assert_eq!(task, again);
        let _ = TaskMix::of(&task);
    }

    #[test]
    fn every_prompt_has_features_tokens_and_a_key(prompt in prompts(), vector in embeddings()) {
        let features = Features::read(&prompt, vector.as_deref());

        if let Some(embedding) = features.embedding() {
            prop_assert!(embedding.iter().all(|value| value.is_finite()));
        }
        prop_assert!(estimate_text_tokens(&prompt) <= 1 + prompt.len() as u64);
        let _ = tier(&prompt, History::None);
        let key = canonical_key(&prompt);
        prop_assert_eq!(&key, &canonical_key(&prompt));
    }
}
