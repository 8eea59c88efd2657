//! Prompts that a vendor finds too long, though the catalogue did not.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::seats::{SEATS, Seat};

/// A model of each vendor with a small window, in tokens.
fn smallest(seat: &Seat) -> (&'static str, usize) {
    match seat.provider {
        "openai" => ("openai/gpt-4o-mini", 128_000),
        "anthropic" => ("anthropic/claude-haiku-4-5", 200_000),
        "google" => ("google/gemini-2.5-flash-lite", 1_048_576),
        "mistral" => ("mistral/codestral-2508", 128_000),
        _ => ("groq/openai/gpt-oss-20b", 131_072),
    }
}

/// Returns a folder with a catalogue that takes every window for endless, so
/// that nothing is filtered before it is sent.
fn endless() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("endless");
    fs::create_dir_all(&folder).unwrap();
    let shipped = include_str!("../../config/models.yaml");
    let lines = shipped
        .lines()
        .map(|line| match line.split_once("context_window:") {
            Some((indent, _)) if !line.starts_with('#') => {
                format!("{indent}context_window: 100000000\n")
            }
            _ => format!("{line}\n"),
        });
    fs::write(folder.join("models.yaml"), lines.collect::<String>()).unwrap();
    folder
}

#[tokio::test(start_paused = true)]
async fn a_prompt_beyond_the_window_is_the_callers_to_shorten() {
    let folder = endless();
    let extra = [
        ("GATEWAY_CONFIG_DIR", folder.to_str().unwrap()),
        ("GATEWAY__SERVER__MAX_MCP_BODY_BYTES", "33554432"),
    ];
    for seat in SEATS {
        let rig = seat.rig_with(&extra);
        // No plan shall speak first.
        rig.simulator.set_groq_tokens_per_minute(u64::MAX);
        let (model, window) = smallest(&seat);
        // Four bytes are a token to the simulator.
        let prompt = "word".repeat(window + 100);

        let error = rig
            .refused(json!({"model": model, "prompt": prompt, "max_tokens": 10}))
            .await;

        let outcome = &error["attempts"][0]["outcome"];
        assert_eq!(outcome, "context_length", "{}: {error:#}", seat.name);
        assert_eq!(error["type"], "caller_invalid_request", "{}", seat.name);
        assert_eq!(error["retryable"], false, "{}", seat.name);
    }
}
