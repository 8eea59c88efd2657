//! A wall clock that jumps changes no wait.

use serde_json::{Value, json};
use tokio::time::sleep;
use vendor_sim::{Fault, Vendor};

use crate::scenario::{secs, throttled};
use crate::town::Town;

/// An hour back, a day on: what a machine does that learns the time late.
const JUMPS: [i64; 2] = [-3_600, 86_400];

fn question() -> Value {
    json!({"prompt": "say: ok", "model": "openai/gpt-6-luna", "timeout_ms": 5_000})
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_lasts_as_long_as_it_was_told() {
    for jump in JUMPS {
        let town = Town::new(1);
        town.simulator.push(Vendor::OpenAi, throttled("30"));
        let first = town.tool("unified_completion", &question()).await;
        let told = first["error"]["retry_after_ms"].as_u64();
        let told = told.unwrap_or_else(|| panic!("{jump}: {first:#}"));

        town.calendar.jump(jump);
        sleep(secs(10)).await;
        let second = town.tool("unified_completion", &question()).await;
        let asked = town.wire.count();
        sleep(secs(23)).await;
        let third = town.tool("unified_completion", &question()).await;

        assert_eq!(asked, 1, "{jump}: asked too early");
        let left = second["error"]["retry_after_ms"].as_u64();
        assert_eq!(left, Some(told - 10_000), "{jump}: {second:#}");
        assert_eq!(third["text"], "ok", "{jump}: {third:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_circuit_goes_by_another_clock() {
    let question = json!({"prompt": "say: ok", "model": "openai/gpt-6-luna", "timeout_ms": 5_000,
        "requirements": {"failover_enabled": true}});
    for jump in JUMPS {
        let town = Town::new(1);
        let fault = Fault::Status { status: 500 };
        town.simulator.set_standing(Vendor::OpenAi, Some(fault));
        for _ in 0..12 {
            town.tool("unified_completion", &question).await;
        }
        let asked = town.simulator.stats(Vendor::OpenAi).received;

        town.calendar.jump(jump);
        let elsewhere = town.tool("unified_completion", &question).await;
        let status = town.tool("get_provider_status", &json!({})).await;
        let still = town.simulator.stats(Vendor::OpenAi).received;
        town.simulator.heal(Vendor::OpenAi);
        sleep(secs(130)).await;
        let back = town.tool("unified_completion", &question).await;

        let circuit = &status["providers"][0]["circuit"];
        assert_eq!(circuit, "open", "{jump}: {status:#}");
        assert_eq!(still, asked, "{jump}: the circuit closed by the wall clock");
        assert_ne!(elsewhere["provider"], "openai", "{jump}: {elsewhere:#}");
        assert_eq!(back["provider"], "openai", "{jump}: {back:#}");
    }
}
