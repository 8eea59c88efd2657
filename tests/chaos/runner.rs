//! Runs a scenario in virtual time.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, sleep_until};
use vendor_sim::Vendor;

use crate::load;
use crate::question::Question;
use crate::run::{Asked, Run};
use crate::scenario::{Check, Scenario, Sky, millis, secs};
use crate::town::Town;
use crate::vendors;

/// Between two looks at the circuits.
const LOOK: Duration = millis(250);
/// How long what outlives its call may take to end.
const REST: Duration = secs(120);

/// Runs a scenario and stops the test if a check does not hold; returns all
/// for a closer look.
pub(crate) async fn hold(scenario: Scenario) -> (Town, Run) {
    let seed = seed_from(scenario.seed);
    let town = Town::new(seed);
    let run = run(&town, &scenario, seed).await;
    let verdicts = run.judge(&scenario.load, &scenario.checks);
    let mut report = format!("{}: {}", scenario.name, run.summary());
    for (words, holds) in &verdicts {
        let _ = write!(
            report,
            "\n  {} {words}",
            if *holds { "ok  " } else { "FAIL" }
        );
    }
    println!("{report}");
    assert!(
        verdicts.iter().all(|(_, holds)| *holds),
        "CHAOS_SEED={seed} repeats this\n{report}"
    );
    (town, run)
}

/// Returns this seed, or that of `CHAOS_SEED`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is no part of the gateway, whose config module reads all else"
)]
pub(crate) fn seed_from(usual: u64) -> u64 {
    let asked = std::env::var("CHAOS_SEED").ok();
    asked.map_or(usual, |seed| seed.parse().unwrap())
}

/// Runs a scenario in a town that has seen nothing yet.
pub(crate) async fn run(town: &Town, scenario: &Scenario, seed: u64) -> Run {
    let favourite = town.favourite(scenario.load.model).await;
    let weather = async {
        for spell in &scenario.weather {
            sleep_until(town.start + spell.at).await;
            for vendor in spell.who.vendors(favourite) {
                town.simulator.set_profile(vendor, spell.sky.profile());
                town.simulator.set_standing(vendor, spell.sky.standing());
            }
        }
    };
    for vendor in vendors::ALL {
        town.simulator.set_profile(vendor, Sky::Clear.profile());
    }
    let is_over = Cell::new(false);
    let calls = async {
        let ask = async |question: &Question| town.ask(question).await;
        let calls = load::make(&scenario.load, seed, town.start, ask).await;
        is_over.set(true);
        calls
    };
    let story = async {
        let ((), calls, circuit) =
            tokio::join!(weather, calls, circuits(town, favourite, &is_over));
        sleep(REST).await;
        (calls, circuit)
    };
    let probes = async {
        town.app.gateway.keep_probing().await;
        std::future::pending::<()>().await;
    };
    let (calls, circuit) = tokio::select! {
        story = story => story,
        () = probes => unreachable!("it is pending"),
    };
    let wants_bill = scenario
        .checks
        .iter()
        .any(|check| matches!(check, Check::Bill));
    let asked = town.wire.attempts().into_iter().map(|exchange| Asked {
        at: exchange.began,
        is_favourite: exchange.vendor == favourite,
        count: 1,
        good: exchange
            .head
            .is_some_and(|(_, status)| status == 200)
            .into(),
    });
    Run {
        slack: Duration::ZERO,
        calls,
        asked: asked.collect(),
        circuit,
        bill: wants_bill.then(|| town.bill()),
        leftovers: town.leftovers().await,
    }
}

/// Looks at the favourite's circuit now and again, if the status tells it.
async fn circuits(town: &Town, favourite: Vendor, is_over: &Cell<bool>) -> Vec<(Duration, bool)> {
    let mut seen = Vec::new();
    while !is_over.get() {
        let status = town.tool("get_provider_status", &json!({})).await;
        let rows = status["providers"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["name"] == favourite.name())
            .unwrap();
        if let Some(circuit) = row["circuit"].as_str() {
            seen.push((town.start.elapsed(), circuit == "open"));
        }
        sleep(LOOK).await;
    }
    seen
}
