//! The calls of a soak: which, of whom, and how long their callers stay.

use std::time::Duration;

use serde_json::json;
use vendor_sim::{Fault as VendorFault, Latency, Profile, Vendor, WeightedFault};

use crate::Fault;
use crate::question::Question;
use crate::scenario::{Door, Load, Pace, secs};
use crate::simulated::City;

/// How many prompts there are; later ones come again.
const PROMPTS: usize = 100_000;

/// The vendors of the callers who stay. They fail in ways that cost nothing,
/// so that their bill is known to the token.
pub(crate) const BILLED: [Vendor; 3] = [Vendor::OpenAi, Vendor::Anthropic, Vendor::Google];

/// A call, and when its caller leaves, if ever.
pub(crate) struct Visit {
    pub(crate) question: Question,
    pub(crate) leaves_after: Option<Duration>,
}

/// Tells the vendors how to do: three fail one time in ten, one never answers,
/// one answers drop by drop.
pub(crate) async fn prepare(city: &City) -> Result<(), Fault> {
    let faults = [
        VendorFault::Overloaded,
        VendorFault::Status { status: 500 },
        VendorFault::HtmlError { status: 502 },
        VendorFault::RateLimited {
            retry_after: Some("0.05".to_owned()),
        },
    ];
    let weighted = |fault| WeightedFault { fault, weight: 1 };
    let failing = Profile {
        failure_share: 0.1,
        faults: faults.map(weighted).into(),
        latency: Latency::default(),
    };
    for vendor in BILLED {
        city.order(vendor, &failing, None).await?;
    }
    let well = Profile::default();
    city.order(Vendor::Mistral, &well, Some(&VendorFault::Hang))
        .await?;
    let drip = VendorFault::Drip { gap_ms: 2 };
    city.order(Vendor::Groq, &well, Some(&drip)).await
}

impl Visit {
    /// Returns call `number`: one in twenty leaves a vendor that is silent,
    /// one in twenty an answer that has begun, three in ten are streams.
    pub(crate) fn of(number: usize) -> Self {
        // Spread evenly over any stretch of calls, and differently each time.
        let draw = number.wrapping_mul(7_919) % 1_000;
        let text = format!("answer {} of a soak", number % PROMPTS);
        let (question, leaves_after) = match number % 20 {
            0 => (named("mistral/mistral-small-2603", Door::Mcp, text), true),
            10 => (named("groq/openai/gpt-oss-20b", Door::V1Stream, text), true),
            1 | 4 | 7 | 11 | 14 | 17 => (free(Door::V1Stream, text), false),
            2 | 5 | 8 | 12 | 15 | 18 => (free(Door::V1, text), false),
            _ => (free(Door::Mcp, text), false),
        };
        let patience = Duration::from_micros(2_000 + draw as u64 * 30);
        Self {
            question,
            leaves_after: leaves_after.then_some(patience),
        }
    }
}

/// A question for whichever of the billed vendors is best.
fn free(door: Door, text: String) -> Question {
    let wishes = json!({"providers": BILLED.map(Vendor::name)});
    Question::with(&load("auto"), door, text, &wishes)
}

/// A question for one model alone.
fn named(model: &'static str, door: Door, text: String) -> Question {
    Question::with(&load(model), door, text, &json!({}))
}

const fn load(model: &'static str) -> Load {
    Load {
        calls: 1,
        pace: Pace::Clients(1),
        doors: &[],
        model,
        timeout: secs(50),
    }
}
