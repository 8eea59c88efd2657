//! Runs a scenario in real time.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use vendor_sim::Vendor;

use crate::Fault;
use crate::load;
use crate::question::Question;
use crate::run::{Asked, Run, Verdict};
use crate::scenario::{Check, Scenario, Sky, Spell, millis, secs};
use crate::simulated::City;
use crate::vendors;

/// What came of a scenario.
pub(crate) struct Day {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) summary: String,
    pub(crate) verdicts: Vec<Verdict>,
}

/// Between two looks at vendors and circuits.
const LOOK: Duration = millis(250);
/// How long what outlives its call may take to end.
const REST: Duration = secs(2);
/// What a busy machine may add to any time.
const SLACK: Duration = millis(150);

/// Runs a scenario with processes of its own.
pub(crate) async fn run(scenario: Scenario) -> Result<Day, Fault> {
    let seed = scenario.seed;
    let city = City::start(seed, &[]).await?;
    for vendor in vendors::ALL {
        city.order(vendor, &Sky::Clear.profile(), None).await?;
    }
    let favourite = favourite(&city, scenario.load.model).await?;
    let start = Instant::now();
    let is_over = Cell::new(false);
    let calls = async {
        let ask = async |question: &Question| city.ask(question).await;
        let calls = load::make(&scenario.load, seed, start, ask).await;
        sleep(LOOK * 2).await;
        is_over.set(true);
        calls
    };
    let (told, calls, seen) = tokio::join!(
        weather(&city, &scenario.weather, favourite, start),
        calls,
        look(&city, favourite, start, &is_over)
    );
    told?;
    sleep(REST).await;
    let wants_bill = |check: &Check| matches!(check, Check::Bill);
    let bill = if scenario.checks.iter().any(wants_bill) {
        Some(city.bill(&vendors::ALL).await?)
    } else {
        None
    };
    let left = city.in_flight().await?;
    let (asked, circuit) = seen?;
    let run = Run {
        slack: SLACK,
        calls,
        asked,
        circuit,
        bill,
        leftovers: if left == 0 {
            Vec::new()
        } else {
            vec![format!("{left} calls in flight")]
        },
    };
    Ok(Day {
        name: scenario.name,
        seed,
        summary: run.summary(),
        verdicts: run.judge(&scenario.load, &scenario.checks),
    })
}

/// Returns the vendor that a model would be asked of first.
async fn favourite(city: &City, model: &str) -> Result<Vendor, Fault> {
    let asked = json!({"prompt": "say: where to", "model": model, "route_only": true});
    let route = city.tool("unified_completion", &asked).await?;
    let provider = route.get("provider").and_then(Value::as_str);
    let vendor = provider.unwrap_or_default().parse();
    vendor.map_err(|fault: vendor_sim::UnknownVendor| fault.into())
}

/// Tells the vendors how they do, when it is time.
async fn weather(
    city: &City,
    spells: &[Spell],
    favourite: Vendor,
    start: Instant,
) -> Result<(), Fault> {
    for spell in spells {
        sleep_until(start + spell.at).await;
        for vendor in spell.who.vendors(favourite) {
            let standing = spell.sky.standing();
            city.order(vendor, &spell.sky.profile(), standing.as_ref())
                .await?;
        }
    }
    Ok(())
}

/// What was seen of vendors and circuits.
type Seen = (Vec<Asked>, Vec<(Duration, bool)>);

/// Looks at the vendors' counts and the favourite's circuit now and again.
async fn look(
    city: &City,
    favourite: Vendor,
    start: Instant,
    is_over: &Cell<bool>,
) -> Result<Seen, Fault> {
    let (mut asked, mut circuit) = (Vec::new(), Vec::new());
    let mut known = vendors::ALL.map(|_| (0, 0));
    while !is_over.get() {
        // What is counted at a moment happened before it.
        let at = start.elapsed().saturating_sub(LOOK / 2);
        let counts = city.counts().await?;
        for (vendor, known) in vendors::ALL.into_iter().zip(&mut known) {
            let path = format!("/{}", vendor.name());
            let now = tally(counts.pointer(&path));
            asked.push(Asked {
                at,
                is_favourite: vendor == favourite,
                count: now.0.saturating_sub(known.0),
                good: now.1.saturating_sub(known.1),
            });
            *known = now;
        }
        let status = city.tool("get_provider_status", &json!({})).await?;
        let rows = status.get("providers").and_then(Value::as_array);
        let mut rows = rows.into_iter().flatten();
        let row = rows.find(|row| row.get("name") == Some(&json!(favourite.name())));
        if let Some(state) = row.and_then(|row| row.get("circuit")?.as_str()) {
            circuit.push((at, state == "open"));
        }
        sleep(LOOK).await;
    }
    Ok((asked, circuit))
}

/// Returns a vendor's attempts, and the tokens that it has billed: those rise
/// with each good answer.
fn tally(counts: Option<&Value>) -> (u64, u64) {
    let count = |path: &str| counts.and_then(|counts| counts.pointer(path)).cloned();
    let billed = count("/billed").unwrap_or_default();
    let models = billed.as_object().into_iter().flatten();
    let outputs = models.filter_map(|(_, tokens)| tokens.get("output")?.as_u64());
    let asked = count("/asked").and_then(|count| count.as_u64());
    (asked.unwrap_or(0), outputs.sum())
}
