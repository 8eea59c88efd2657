//! A question that comes again with its key is one question.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use vendor_sim::{Fault, Vendor};

use crate::scenario::{millis, secs};
use crate::town::Town;

const MODEL: &str = "openai/gpt-6-luna";

fn question(text: &str, key: &str, timeout_ms: u64) -> Value {
    json!({"prompt": format!("say: {text}"), "model": MODEL, "idempotency_key": key,
        "timeout_ms": timeout_ms})
}

/// Returns what the ledger has entered, in nano-dollars, possible costs
/// included.
fn spent(town: &Town) -> i64 {
    let ledger = town.ledger();
    let amounts = ledger.iter().map(|line| {
        let cost = line.cost.amount().unwrap_or_default().nanos();
        cost + line.possible_cost.nanos()
    });
    amounts.sum()
}

fn nanos(answer: &Value) -> i64 {
    (answer["cost"].as_f64().unwrap() * 1e9).round() as i64
}

#[tokio::test(start_paused = true)]
async fn a_thousand_that_come_at_once_ask_the_vendor_once() {
    let town = Town::with(1, &[("GATEWAY__GATEWAY__MAX_IN_FLIGHT", "2000")]);
    town.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Slow { ms: 500 }));
    let asked = question("one for all", "key-1", 50_000);

    let answers = join_all((0..1_000).map(|_| town.tool("unified_completion", &asked))).await;

    let texts: BTreeSet<&str> = answers
        .iter()
        .map(|answer| {
            answer["text"]
                .as_str()
                .unwrap_or_else(|| panic!("{answer:#}"))
        })
        .collect();
    assert_eq!(texts, BTreeSet::from(["one for all"]));
    assert_eq!(town.wire.count(), 1);
    let costs: Vec<i64> = answers.iter().map(nanos).collect();
    assert_eq!(
        costs.iter().filter(|cost| **cost > 0).count(),
        1,
        "billed once"
    );
    assert_eq!(costs.iter().sum::<i64>(), spent(&town));
    sleep(secs(1)).await;
    assert_eq!(town.leftovers().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_too_late_is_there_for_who_asks_again() {
    let town = Town::new(1);
    town.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Slow { ms: 5_000 }));

    let asked = question("late", "key-2", 2_000);
    let first = town.tool("unified_completion", &asked).await;
    let began = Instant::now();
    let second = town
        .tool("unified_completion", &question("late", "key-2", 20_000))
        .await;
    let third = town.tool("unified_completion", &asked).await;

    assert_eq!(first["error"]["type"], "gateway_timeout", "{first:#}");
    assert_eq!(first["error"]["retryable"], true);
    assert_eq!(
        (&second["text"], &third["text"]),
        (&json!("late"), &json!("late"))
    );
    assert!(
        began.elapsed() < secs(5),
        "it waits for the rest: {:?}",
        began.elapsed()
    );
    assert_eq!(town.wire.count(), 1);
    assert_eq!(nanos(&second) + nanos(&third), spent(&town), "billed once");
    sleep(secs(1)).await;
    assert_eq!(town.leftovers().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_for_ends_and_is_entered() {
    let town = Town::new(1);
    town.simulator
        .set_standing(Vendor::OpenAi, Some(Fault::Hang));

    let first = town
        .tool("unified_completion", &question("never", "key-3", 1_000))
        .await;
    // Bounded: no attempt goes on for ever.
    sleep(secs(700)).await;

    assert_eq!(first["error"]["type"], "gateway_timeout", "{first:#}");
    assert_eq!(town.leftovers().await, [""; 0]);
    assert!(spent(&town) > 0, "it may be billed");
}

#[tokio::test(start_paused = true)]
async fn a_key_with_another_question_is_refused() {
    let town = Town::new(1);

    let first = town
        .tool("unified_completion", &question("one", "key-4", 9_000))
        .await;
    let second = town
        .tool("unified_completion", &question("two", "key-4", 9_000))
        .await;

    assert_eq!(first["text"], "one", "{first:#}");
    assert_eq!(
        second["error"]["type"], "caller_invalid_request",
        "{second:#}"
    );
    sleep(millis(100)).await;
    assert_eq!(town.wire.count(), 1);
}
