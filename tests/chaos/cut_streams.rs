//! A stream that ends after any of its events.

use vendor_sim::{Fault, Vendor};

use crate::question::{End, Question};
use crate::scenario::{Door, Load, Pace, secs};
use crate::town::Town;

const TEXT: &str = "one two three four five six seven eight nine ten";

/// The first piece of it that vendors send.
const FIRST: &[u8] = b"one two";

const DONE: &[u8] = b"data: [DONE]\n\n";

const MODELS: [(Vendor, &str); 5] = [
    (Vendor::OpenAi, "openai/gpt-6-luna"),
    (Vendor::Anthropic, "anthropic/claude-haiku-5-5"),
    (Vendor::Google, "google/gemini-3.8-flash"),
    (Vendor::Mistral, "mistral/mistral-small-2603"),
    (Vendor::Groq, "groq/openai/gpt-oss-20b"),
];

fn load(model: &'static str) -> Load {
    Load {
        calls: 1,
        pace: Pace::Clients(1),
        doors: &[Door::V1Stream],
        model,
        timeout: secs(50),
    }
}

fn question(model: &'static str) -> Question {
    Question::new(&load(model), Door::V1Stream, TEXT.to_owned())
}

/// Returns what a vendor sends when all is well, and where its events end.
async fn whole(model: &'static str) -> (Vec<u8>, Vec<usize>) {
    let town = Town::new(1);
    assert_eq!(town.ask(&question(model)).await, End::Answered, "{model}");
    let body = town.wire.attempts().remove(0).body;
    let ends = (0..=body.len()).filter(|end| {
        let sent = &body[..*end];
        sent.ends_with(b"\n\n") || sent.ends_with(b"\r\n\r\n")
    });
    let ends: Vec<usize> = std::iter::once(0).chain(ends).collect();
    assert!(
        ends.len() > 4,
        "{model}: {}",
        String::from_utf8_lossy(&body)
    );
    (body, ends)
}

/// Returns every fault that leaves `sent` of a stream.
fn faults(sent: usize) -> [Fault; 3] {
    [
        Fault::CutBody { after_bytes: sent },
        Fault::ResetBody { after_bytes: sent },
        Fault::Stall { after_bytes: sent },
    ]
}

#[tokio::test(start_paused = true)]
async fn on_v1_another_answers_before_the_first_piece_and_an_error_ends_it_after() {
    for (vendor, model) in MODELS {
        let (body, ends) = whole(model).await;
        for &end in &ends[..ends.len() - 1] {
            for fault in faults(end) {
                let name = format!("{fault} of {vendor}, {} bytes in all", body.len());
                let town = Town::new(1);
                town.simulator.push(vendor, fault);

                let got = town.ask(&question(model)).await;

                let has_begun = body[..end].windows(FIRST.len()).any(|at| at == FIRST);
                // Text, reason and counts are all there, and nobody asked
                // for the mark.
                let is_whole = &body[end..] == DONE;
                match got {
                    End::Answered => assert!(!has_begun || is_whole, "{name}: no end, no error"),
                    End::Refused(refusal) => {
                        assert!(has_begun, "{name}: {refusal:?}");
                        assert!(refusal.kind.starts_with("provider_"), "{name}: {refusal:?}");
                        assert_eq!(town.wire.count(), 1, "{name}");
                    }
                    End::Wrong(what) => panic!("{name}: {what}"),
                }
                assert_eq!(town.leftovers().await, [""; 0], "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_event_ends_a_stream_once() {
    for (vendor, model) in MODELS {
        let town = Town::new(1);
        town.simulator.push(vendor, Fault::ErrorInside200);

        let got = town.ask(&question(model)).await;

        // The reader knows that nothing follows an error.
        let End::Refused(refusal) = got else {
            panic!("{vendor}: {got:?}");
        };
        assert!(
            refusal.kind.starts_with("provider_"),
            "{vendor}: {refusal:?}"
        );
    }
}
