//! Callers who leave at any moment.

use std::time::Duration;

use ai_gateway::domain::Outcome;
use tokio::time::{sleep, timeout};

use crate::question::Question;
use crate::scenario::{Door, Load, Pace, Sky, millis, secs};
use crate::town::Town;
use crate::vendors;

/// How soon after its caller a call must be gone.
const AT_ONCE: Duration = millis(100);

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_the_call_along_and_what_it_used_is_entered() {
    let town = Town::new(4722);
    for vendor in vendors::ALL {
        town.simulator
            .set_profile(vendor, Sky::Mixed(0.1).profile());
    }
    let load = Load {
        calls: 600,
        pace: Pace::Clients(1),
        doors: &[Door::Mcp, Door::V1, Door::V1Stream],
        model: "auto",
        timeout: secs(50),
    };
    let mut left = 0;

    for number in 0..load.calls {
        let question = Question::of(&load, 4722, number);
        // From before the first byte goes out until after the usual end; who
        // leaves at once has not called.
        let patience = millis(1 + (number as u64 * 7_919) % 180);
        let answer = timeout(patience, town.ask(&question)).await;
        left += usize::from(answer.is_err());
        sleep(AT_ONCE).await;
        let leftovers = town.leftovers().await;
        assert_eq!(leftovers, [""; 0], "call {number}, {patience:?}");
    }

    assert!((200..500).contains(&left), "{left} left");
    let ledger = town.ledger();
    let lines = ledger.iter().filter(|line| line.target.is_some());
    assert_eq!(lines.count(), town.wire.count(), "a line for each attempt");
    let ends = ledger.iter().filter(|line| line.ends_call());
    assert_eq!(ends.count(), load.calls, "an end for each call");
    let cut = ledger
        .iter()
        .filter(|line| line.target.is_some() && line.outcome == Outcome::Abandoned);
    for line in cut {
        let cost = line.cost.amount().unwrap_or_default();
        let known = cost.nanos() + line.possible_cost.nanos();
        assert!(known > 0, "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_leave_at_once_leave_nothing() {
    let town = Town::new(4723);
    for vendor in vendors::ALL {
        town.simulator.set_profile(vendor, Sky::Slow(10).profile());
    }
    let load = Load {
        calls: 300,
        pace: Pace::Clients(300),
        doors: &[Door::Mcp, Door::V1, Door::V1Stream],
        model: "auto",
        timeout: secs(50),
    };
    let questions: Vec<Question> = (0..load.calls)
        .map(|number| Question::of(&load, 4723, number))
        .collect();

    let asking = futures_util::future::join_all(questions.iter().map(|it| town.ask(it)));
    let all = timeout(millis(400), asking).await;
    sleep(AT_ONCE).await;

    assert!(all.is_err(), "the vendors take longer");
    assert_eq!(town.leftovers().await, [""; 0]);
    let ends = town.ledger().iter().filter(|line| line.ends_call()).count();
    assert_eq!(ends, load.calls);
}
