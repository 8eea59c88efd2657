//! Nobody waits longer than said, whatever vendors do.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};
use vendor_sim::Fault;

use crate::question::{End, Question};
use crate::runner::seed_from;
use crate::scenario::{Door, Load, Pace, millis, secs, throttled};
use crate::town::Town;
use crate::vendors;

/// Runs, and the calls of each.
const RUNS: u64 = 24;
const CALLS: usize = 20;
/// How much later than its time a call may end.
const GRACE: Duration = millis(50);
/// How long a call with a key goes on without its caller, and a moment.
const REST: Duration = secs(130);

const DOORS: [Door; 3] = [Door::Mcp, Door::V1, Door::V1Stream];
const MODELS: [&str; 4] = [
    "auto",
    "openai/gpt-6-luna",
    "anthropic/claude-haiku-5-5",
    "groq/openai/gpt-oss-20b",
];

/// Numbers without an order, always the same of one seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn fault(&mut self) -> Option<Fault> {
        let after_bytes = 40;
        Some(match self.below(14) {
            0..3 => return None,
            3..5 => Fault::Hang,
            5..7 => Fault::Slow {
                ms: self.below(40_000),
            },
            7 => Fault::Drip {
                gap_ms: self.below(2_000),
            },
            8 => Fault::Stall { after_bytes },
            9 => Fault::CutBody { after_bytes },
            10 => Fault::Down,
            11 => Fault::Overloaded,
            12 => throttled(&self.below(5).to_string()),
            _ => Fault::Status { status: 500 },
        })
    }

    /// Asks something, with a key or without.
    fn question(&mut self, run: u64, number: usize) -> (Question, Option<String>, Duration) {
        // From the shortest to beyond what most clients wait.
        let magnitude = 8 + self.below(9);
        let timeout = millis(200 + self.below(1 << magnitude));
        let load = Load {
            calls: CALLS,
            pace: Pace::Clients(CALLS),
            doors: &DOORS,
            model: self.of(&MODELS),
            timeout,
        };
        let (door, text) = (self.of(&DOORS), format!("{number} of run {run}"));
        let wishes = json!({"failover_enabled": self.below(4) > 0});
        let key = (self.below(2) > 0).then(|| format!("key-{number}"));
        let question = match &key {
            Some(key) if door == Door::Mcp => {
                let timeout_ms = u64::try_from(timeout.as_millis()).unwrap();
                let asked = json!({"prompt": format!("say: {text}"), "model": load.model,
                    "max_tokens": 1_000, "timeout_ms": timeout_ms, "requirements": wishes,
                    "idempotency_key": key});
                Question::tool(text, &asked)
            }
            _ => Question::with(&load, door, text, &wishes),
        };
        (question, key, timeout)
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_outlives_its_time_and_every_call_ends() {
    let seed = seed_from(4722);
    for run in seed..seed + RUNS {
        let town = Town::new(run);
        let mut chance = Chance(run);
        let questions: Vec<_> = (0..CALLS)
            .map(|number| {
                let pause = millis(chance.below(30_000));
                (pause, chance.question(run, number))
            })
            .collect();
        let changes: Vec<_> = (0..4)
            .map(|_| vendors::ALL.map(|vendor| (vendor, chance.fault())))
            .collect();

        let weather = async {
            for change in changes {
                for (vendor, fault) in change {
                    town.simulator.set_standing(vendor, fault);
                }
                sleep(secs(10)).await;
            }
        };
        let calls = join_all(questions.into_iter().map(async |(pause, asked)| {
            let (question, key, timeout) = asked;
            sleep(pause).await;
            let began = Instant::now();
            let end = town.ask_once(&question, key.as_deref()).await;
            let late = began.elapsed().saturating_sub(timeout);
            (end, late)
        }));
        let story = async { tokio::join!(calls, weather).0 };
        let calls = tokio::select! {
            calls = story => calls,
            () = town.app.gateway.keep_probing() => panic!("probing ended"),
        };

        for (end, late) in calls {
            assert!(!matches!(end, End::Wrong(_)), "CHAOS_SEED={run}: {end:?}");
            assert!(late <= GRACE, "CHAOS_SEED={run}: {late:?} late: {end:?}");
        }
        sleep(REST).await;
        assert_eq!(town.leftovers().await, [""; 0], "CHAOS_SEED={run}");
    }
}
