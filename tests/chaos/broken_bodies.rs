//! A 200 that holds no answer, whatever it holds.

use serde_json::json;
use vendor_sim::{Fault, Vendor};

use crate::question::{End, Question};
use crate::scenario::{Door, Load, Pace, secs};
use crate::town::Town;

const MODELS: [(Vendor, &str); 5] = [
    (Vendor::OpenAi, "openai/gpt-6-luna"),
    (Vendor::Anthropic, "anthropic/claude-haiku-5-5"),
    (Vendor::Google, "google/gemini-3.8-flash"),
    (Vendor::Mistral, "mistral/mistral-small-2603"),
    (Vendor::Groq, "groq/openai/gpt-oss-20b"),
];

/// The longest answer and the longest line of a stream that are read, and a
/// piece more.
const MOST_BYTES: usize = (8 << 20) + (128 << 10);
const MOST_OF_A_LINE: usize = (1 << 20) + (128 << 10);

fn faults() -> [(Fault, usize); 9] {
    [
        (Fault::HtmlError { status: 200 }, MOST_BYTES),
        (Fault::EmptyBody, MOST_BYTES),
        (Fault::Garbage, MOST_BYTES),
        (Fault::Deep { levels: 100 }, MOST_BYTES),
        (Fault::Deep { levels: 100_000 }, MOST_BYTES),
        (Fault::WrongTypes, MOST_BYTES),
        (Fault::Huge { bytes: 1 << 30 }, MOST_BYTES),
        (Fault::EndlessLine { bytes: 1 << 30 }, MOST_OF_A_LINE),
        (Fault::CutBody { after_bytes: 0 }, MOST_BYTES),
    ]
}

#[tokio::test(start_paused = true)]
async fn another_vendor_answers_in_its_place() {
    for (vendor, model) in MODELS {
        for (fault, most) in faults() {
            for door in [Door::Mcp, Door::V1, Door::V1Stream] {
                let name = format!("{fault} of {vendor} over {door:?}");
                let town = Town::new(1);
                town.simulator.push(vendor, fault.clone());
                let load = Load {
                    calls: 1,
                    pace: Pace::Clients(1),
                    doors: &[],
                    model,
                    timeout: secs(50),
                };
                let question = Question::new(&load, door, "the right words".to_owned());

                let got = town.ask(&question).await;

                assert_eq!(got, End::Answered, "{name}");
                let asked = town.wire.attempts();
                assert_eq!(asked.len(), 2, "{name}");
                let most = if door == Door::V1Stream {
                    most
                } else {
                    MOST_BYTES
                };
                assert!(
                    asked[0].read_bytes <= most,
                    "{name}: {} bytes",
                    asked[0].read_bytes
                );
                assert_eq!(town.leftovers().await, [""; 0], "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_caller_is_blamed_for_it() {
    for (vendor, model) in MODELS {
        for (fault, _) in faults() {
            let town = Town::new(1);
            town.simulator.set_standing(vendor, Some(fault.clone()));
            let question = json!({"prompt": "hi", "model": model});

            let answer = town.tool("unified_completion", &question).await;

            let error = &answer["error"];
            let name = format!("{fault} of {vendor}");
            assert_eq!(error["type"], "provider_unavailable", "{name}: {answer:#}");
            assert_eq!(
                error["attempts"][0]["outcome"], "broken",
                "{name}: {error:#}"
            );
        }
    }
}
