//! What vendors say about when to come again is kept to the millisecond.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use vendor_sim::{Fault, Vendor};

use crate::runner::hold;
use crate::scenario::{millis, secs, throttled};
use crate::scenarios;
use crate::town::Town;
use crate::vendors;

#[tokio::test(start_paused = true)]
async fn in_a_storm_of_429_no_target_is_asked_before_its_time() {
    let (town, _) = hold(scenarios::storm()).await;

    let asked = town.wire.attempts();
    let mut early = Vec::new();
    for refused in &asked {
        let Some((at, 429)) = refused.head else {
            continue;
        };
        let forbidden = (at + millis(1))..(at + secs(2));
        early.extend(asked.iter().filter_map(|next| {
            let is_same = next.vendor == refused.vendor && next.model == refused.model;
            let (name, began) = (&next.model, next.began);
            (is_same && forbidden.contains(&began))
                .then(|| format!("{name}: {began:?}, refused at {at:?}"))
        }));
    }
    assert_eq!(early, [""; 0], "of {}", asked.len());
}

/// One model of each of four vendors, so that one call meets them all.
const FOUR: &str = "{budget_usd: 1000, budget_window: total, models: [openai/gpt-6-luna, \
    anthropic/claude-haiku-5-5, mistral/mistral-small-2603, groq/openai/gpt-oss-20b]}";

#[tokio::test(start_paused = true)]
async fn who_comes_back_when_told_is_let_through() {
    let town = Town::with(1, &[("GATEWAY__LIMITS__DEFAULT", FOUR)]);
    for (seconds, vendor) in (2..).zip(vendors::ALL) {
        town.simulator.set_standing(
            vendor,
            Some(throttled(&f64::to_string(&(0.7 * f64::from(seconds))))),
        );
    }
    let ask = async || {
        let asked = json!({"prompt": "hi", "timeout_ms": 3_000});
        town.tool("unified_completion", &asked).await["error"].clone()
    };
    let mut error = ask().await;

    for turn in 0..20 {
        assert_eq!(error["type"], "provider_rate_limited", "{turn}: {error:#}");
        let wait = wait_of(&error).unwrap_or_else(|| panic!("{turn}: {error:#}"));
        let asked = town.wire.count();

        sleep(wait).await;
        error = ask().await;

        assert!(town.wire.count() > asked, "{turn}: {error:#}");
    }
}

/// A `retry-after`, and the least and the most milliseconds that are told of
/// it: a tenth may be added, so that not all come back at once.
const ODD: [(Option<&str>, u64, u64); 9] = [
    (Some("2"), 2_000, 2_200),
    (Some("0.25"), 250, 275),
    (Some("120"), 120_000, 132_000),
    // A quarter of an hour is the longest that a header can ask for.
    (Some("1e99"), 900_000, 990_000),
    // These say nothing, and nothing means a second.
    (None, 1_000, 1_100),
    (Some("0"), 1_000, 1_100),
    (Some("-1"), 1_000, 1_100),
    (Some("soon"), 1_000, 1_100),
    (Some("Wed, 21 Oct 2015 07:28:00 GMT"), 0, 1_100),
];

#[tokio::test(start_paused = true)]
async fn odd_waits_are_understood_told_and_kept() {
    let models = [
        (Vendor::OpenAi, "openai/gpt-6-luna"),
        (Vendor::Anthropic, "anthropic/claude-haiku-5-5"),
        (Vendor::Google, "google/gemini-3.8-flash"),
        (Vendor::Mistral, "mistral/mistral-small-2603"),
        (Vendor::Groq, "groq/openai/gpt-oss-20b"),
    ];
    for (vendor, model) in models {
        for (header, least, most) in ODD {
            let name = format!("{header:?} of {vendor}");
            // These two say how long in another way as well.
            let says_itself = match vendor {
                Vendor::Google => header.is_none(),
                Vendor::Groq => !header.is_some_and(|it| it.parse().is_ok_and(|it: f64| it > 0.0)),
                _ => false,
            };
            if says_itself {
                continue;
            }
            let town = Town::new(1);
            let retry_after = header.map(str::to_owned);
            let fault = Fault::RateLimited { retry_after };
            town.simulator.set_standing(vendor, Some(fault));
            // Too short to wait for anything within the call.
            let question = json!({"prompt": "hi", "model": model, "timeout_ms": 1_000});
            let began = Instant::now();

            let first = town.tool("unified_completion", &question).await["error"].clone();

            assert!(began.elapsed() <= millis(1_050), "{name}");
            assert_eq!(first["type"], "provider_rate_limited", "{name}: {first:#}");
            let wait = wait_of(&first).unwrap_or_else(|| panic!("{name}: {first:#}"));
            assert!(
                (least..=most).contains(&wait.as_millis().try_into().unwrap()),
                "{name}: {wait:?}"
            );
            if let Some(rest) = wait.checked_sub(millis(10)) {
                let asked = town.wire.count();
                sleep(rest).await;
                let early = town.tool("unified_completion", &question).await["error"].clone();
                assert_eq!(town.wire.count(), asked, "{name}: asked too early");
                assert_eq!(early["type"], "provider_rate_limited", "{name}: {early:#}");
                let left = wait_of(&early).unwrap_or_default().as_millis();
                assert!((9..=10).contains(&left), "{name}: {early:#}");
                sleep(millis(10)).await;
            }
            let asked = town.wire.count();
            town.tool("unified_completion", &question).await;
            assert!(
                town.wire.count() > asked,
                "{name}: not asked when it may be"
            );
        }
    }
}

fn wait_of(error: &Value) -> Option<Duration> {
    error["retry_after_ms"].as_u64().map(millis)
}
