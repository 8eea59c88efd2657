//! The sentence embedder that ships, on the real ONNX Runtime.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

#[path = "../support/onnxruntime.rs"]
mod onnxruntime;

use std::sync::Arc;

use ai_gateway::domain::{Embedder as _, EmbedderError, EmbedderState};
use ai_gateway::embedding::{LibraryPlaces, SentenceEmbedder, Settings};
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// Sessions of the embedder under test.
const SESSIONS: u32 = 2;

/// Returns the embedder, for there is one in a process.
async fn embedder() -> Option<Arc<SentenceEmbedder>> {
    static EMBEDDER: OnceCell<Option<Arc<SentenceEmbedder>>> = OnceCell::const_new();
    let made = EMBEDDER.get_or_init(async || {
        let embedder = Arc::new(unloaded(onnxruntime::library()?));
        assert_eq!(embedder.state(), EmbedderState::Starting);
        let early = embedder.embed("hello").await;
        assert_eq!(early, Err(EmbedderError::NotReady));
        embedder.load().await;
        assert_eq!(embedder.state(), EmbedderState::Ready);
        Some(embedder)
    });
    made.await.clone()
}

fn unloaded(library: std::path::PathBuf) -> SentenceEmbedder {
    let settings = Settings {
        sessions: SESSIONS,
        ..Settings::default()
    };
    let places = LibraryPlaces {
        named: Some(library),
        ..LibraryPlaces::default()
    };
    SentenceEmbedder::new(settings, places)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(a * b));
    products.sum()
}

/// Two prompts, and what the model made of them when the verifier was trained.
#[derive(Deserialize)]
struct Pair {
    a: String,
    b: String,
    cos: f64,
}

#[tokio::test]
async fn pairs_are_as_near_as_when_the_verifier_was_trained() {
    let Some(embedder) = embedder().await else {
        return;
    };
    let rows = include_str!("../../models/verifier/golden.jsonl").lines();
    let pairs: Vec<Pair> = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
    assert!(pairs.len() >= 10, "{}", pairs.len());

    let mut furthest = 0.0_f64;
    for pair in &pairs {
        let a = patient(&embedder, &pair.a).await;
        let b = patient(&embedder, &pair.b).await;
        let cosine = cosine(&a, &b);
        furthest = furthest.max((cosine - pair.cos).abs());
        assert!(
            (cosine - pair.cos).abs() <= 0.01,
            "{cosine}, not {}: {} / {}",
            pair.cos,
            pair.a,
            pair.b
        );
    }
    eprintln!("{} pairs, furthest off by {furthest:.6}", pairs.len());
}

/// Embeds however often it is busy.
async fn patient(embedder: &SentenceEmbedder, text: &str) -> Arc<[f32]> {
    loop {
        match embedder.embed(text).await {
            Err(EmbedderError::Busy) => {}
            vector => return vector.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_hundred_callers_of_two_sessions_get_their_own_vector_or_are_told_to_go_on() {
    let Some(embedder) = embedder().await else {
        return;
    };
    let text = |number| format!("What happened in the year {number}?");
    let mut alone = Vec::new();
    for number in 0..100 {
        alone.push(patient(&embedder, &text(number)).await);
    }

    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let embedder = Arc::clone(&embedder);
        tasks.spawn(async move { (number, embedder.embed(&text(number)).await) });
    }
    let answers = tasks.join_all().await;

    let mut done = 0;
    for (number, answer) in answers {
        match answer {
            Ok(vector) => {
                done += 1;
                let same = cosine(&vector, &alone[number]);
                assert!(same > 0.9999, "{number}: {same}");
            }
            Err(fault) => assert_eq!(fault, EmbedderError::Busy),
        }
    }
    assert!(done >= SESSIONS as usize);
    assert!(embedder.embed("and now?").await.is_ok());
}

#[tokio::test]
async fn what_says_nothing_has_no_vector() {
    let Some(embedder) = embedder().await else {
        return;
    };

    for blank in ["", " \n\t", "\u{200b}\u{200b}", "\u{feff}"] {
        let answer = embedder.embed(blank).await;
        assert_eq!(answer, Err(EmbedderError::Blank), "{blank:?}");
    }
}

#[tokio::test]
async fn a_megabyte_costs_what_its_beginning_costs() {
    let Some(embedder) = embedder().await else {
        return;
    };
    let sentence = "The quick brown fox jumps over the lazy dog. ";
    let short = patient(&embedder, &sentence.repeat(20)).await;
    let long = patient(&embedder, &sentence.repeat(25_000)).await;
    let crab = patient(&embedder, &"🦀".repeat(250_000)).await;

    let same = cosine(&short, &long);
    assert!(same > 0.9999, "{same}");
    assert!((cosine(&crab, &crab) - 1.0).abs() < 1e-3);
}

#[tokio::test]
async fn one_that_is_switched_off_looks_for_nothing() {
    let settings = Settings {
        enabled: false,
        ..Settings::default()
    };
    let embedder = SentenceEmbedder::new(settings, LibraryPlaces::default());
    embedder.load().await;

    assert_eq!(embedder.state(), EmbedderState::Disabled);
    assert_eq!(embedder.embed("hello").await, Err(EmbedderError::NotReady));
}

#[tokio::test]
async fn one_that_finds_no_library_fails_without_naming_places() {
    let embedder = unloaded("/nowhere/libonnxruntime.so".into());
    embedder.load().await;

    let reason = "ONNX Runtime cannot be loaded".to_owned();
    assert_eq!(embedder.state(), EmbedderState::Failed(reason));
    assert_eq!(embedder.embed("hello").await, Err(EmbedderError::NotReady));
}
