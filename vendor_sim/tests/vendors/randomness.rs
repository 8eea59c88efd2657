//! The same seed is the same story.

use std::time::Duration;

use tokio::time::Instant;
use vendor_sim::{ConnectionFault, Fault, Latency, Profile, Simulator, Vendor, WeightedFault};

use crate::client::{self, question};

/// Forty answers with the time they took; `None` for a failed connection.
async fn story(seed: u64) -> Vec<(Option<(u16, String)>, Duration)> {
    let simulator = Simulator::new(seed);
    let vendor = Vendor::OpenAi;
    simulator.set_profile(
        vendor,
        Profile {
            failure_share: 0.4,
            faults: vec![
                WeightedFault {
                    fault: Fault::Reset,
                    weight: 1,
                },
                WeightedFault {
                    fault: Fault::Overloaded,
                    weight: 1,
                },
            ],
            latency: Latency {
                from_ms: 5,
                to_ms: 50,
                ..Latency::default()
            },
        },
    );
    let mut story = Vec::new();
    for number in 0..40 {
        let begun = Instant::now();
        let body = question(vendor, &format!("question {number}"));
        let answer = client::complete(&simulator, vendor, &body).await;
        let told = answer
            .ok()
            .map(|answer| (answer.status.as_u16(), answer.text()));
        story.push((told, begun.elapsed()));
    }
    story
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_tells_the_same_story() {
    let (first, second, other) = (story(7).await, story(7).await, story(8).await);

    assert_eq!(first, second);
    assert_ne!(first, other);
    let failed = first
        .iter()
        .filter(|(told, _)| !matches!(told, Some((200, _))))
        .count();
    assert!((8..=24).contains(&failed), "{failed}");
    assert!(
        first
            .iter()
            .all(|(_, took)| (5..=50).contains(&took.as_millis()))
    );
}

#[tokio::test(start_paused = true)]
async fn vendors_fail_apart_from_each_other() {
    let simulator = Simulator::new(7);
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Down));

    for vendor in Vendor::ALL {
        let body = question(*vendor, "hi");
        let answer = client::complete(&simulator, *vendor, &body).await;

        let expected = match vendor {
            Vendor::OpenAi => Err(ConnectionFault::Refused),
            _ => Ok(200),
        };
        let told = answer.map(|answer| answer.status.as_u16());
        assert_eq!(told, expected, "{vendor}");
    }
}
