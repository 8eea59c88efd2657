//! Two processes on one database: limits hold over both, and the death of one
//! costs nothing that was settled.

use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::time::Instant;
use vendor_sim::{Fault, Server, Vendor};

use crate::callers::{Answer, entries, eventually};
use crate::database::{Database, PostgresServer};
use crate::gateway::{Gateway, simulated, until};
use crate::load::{Load, settings};
use crate::record::Record;

/// What `alice` may spend, in nano-dollars: a few calls at their bound, three
/// times as many at what they cost.
const BUDGET: i64 = 500_000;
/// How many calls `bob` may make at once, and one more each minute.
const BURST: usize = 60;
/// How often a caller comes back to a database that is busy.
const BUSY: usize = 5;
const LIMITS: &str = "{
  alice: {budget_usd: 0.0005, budget_window: total},
  bob: {requests_per_minute: 1, burst: 60},
}";
/// Who asks how often at once; nothing limits `carol`.
const CALLS: [(&str, usize); 3] = [("alice", 90), ("bob", 90), ("carol", 20)];

async fn limited(server: &Server, database: &Database) -> Gateway {
    let keys = entries(&["alice", "bob", "carol"]);
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("AUTH_MODE", "api-key"),
        ("GATEWAY_API_KEYS", &keys),
        ("GATEWAY__CALLERS", LIMITS),
        ("RUST_LOG", "info,audit=off,rmcp::service=off"),
    ];
    Gateway::start(server, &settings).await
}

/// A question whose answer costs about half of its bound.
fn long_question() -> Value {
    let text = format!("say: {}", "word ".repeat(40));
    json!({
        "model": "gpt-6-luna",
        "messages": [{"role": "user", "content": text}],
        "max_completion_tokens": 64,
    })
}

/// What a budget has spent or may have, and what is set aside in it.
#[derive(Clone, Copy, Debug)]
struct Money {
    used: i64,
    held: i64,
    /// The largest hold.
    bound: i64,
}

async fn money(connection: &mut PgConnection) -> Money {
    let (used, held, bound): (i64, i64, i64) = sqlx::query_as(
        "select coalesce(sum(spent + possible), 0)::bigint, coalesce(sum(held), 0)::bigint, \
         coalesce((select max(amount) from hold), 0) from budget where scope = 'caller:alice'",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    Money { used, held, bound }
}

/// Looks at the budget all the time, and notes the largest hold.
async fn watch(database: &Database, bound: &AtomicI64) -> Vec<(&'static str, Answer)> {
    let mut connection = database.connection().await;
    loop {
        let money = money(&mut connection).await;
        assert!(money.used + money.held <= BUDGET, "{money:?}");
        bound.fetch_max(money.bound, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_hundred_calls_at_once_stay_within_a_rate_and_a_budget() {
    let Some(postgres) = PostgresServer::any().await else {
        return;
    };
    let database = postgres.database().await;
    let (simulator, server) = simulated().await;
    let gateways = [
        limited(&server, &database).await,
        limited(&server, &database).await,
    ];
    // So that holds overlap.
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Slow { ms: 200 }));
    let question = long_question();
    let start = Instant::now();
    let bound = AtomicI64::new(0);

    let names = CALLS
        .iter()
        .flat_map(|(name, count)| std::iter::repeat_n(*name, *count));
    let calls = names.enumerate().map(|(number, name)| {
        let (gateway, question) = (&gateways[number % 2], &question);
        async move {
            let mut answer = gateway.ask(name, question).await.unwrap();
            // A database that is too busy just now counts nobody out.
            for _ in 0..BUSY {
                if answer.code() != "gateway_overloaded" {
                    break;
                }
                answer = gateway.ask(name, question).await.unwrap();
            }
            (name, answer)
        }
    });
    let answers = tokio::select! {
        answers = join_all(calls) => answers,
        never = watch(&database, &bound) => never,
    };
    let minutes = start.elapsed().as_secs() as usize / 60;
    simulator.set_standing(Vendor::OpenAi, None);

    let count = |name: &str, code: &str| {
        let answers = answers.iter().filter(|(who, _)| *who == name);
        answers.filter(|(_, answer)| answer.code() == code).count()
    };
    let refused: Vec<_> = answers.iter().map(|(_, answer)| answer.code()).collect();
    assert_eq!(count("carol", ""), 20, "{refused:?}");
    // Exactly what the bucket held, and what has flowed in.
    let admitted = count("bob", "");
    assert!((BURST..=BURST + minutes).contains(&admitted), "{admitted}");
    assert_eq!(count("bob", "policy_rate_limited"), 90 - admitted);
    let bought = count("alice", "");
    assert!((1..90).contains(&bought), "{bought}");
    assert_eq!(count("alice", "insufficient_quota"), 90 - bought);
    let asked = simulator.stats(Vendor::OpenAi).received as usize;
    assert_eq!(
        asked,
        20 + admitted + bought,
        "a refused call reached a vendor"
    );

    let bound = bound.into_inner();
    assert!(bound > 0, "no hold was seen");
    let later = spend_the_rest(&gateways, &database, bound).await;
    let stored = answers.iter().map(|(_, answer)| answer.id.clone());
    let stored: Vec<String> = stored.collect();
    let record = Record::Postgres(database.url.clone());
    eventually("every call is stored", async || record.has(&stored).await).await;
    record.assert_consistent("at the end").await;
    let spent = record.spent("alice").await;
    eprintln!(
        "rate: {admitted} of 90 admitted; budget: {bought} of 90 and {later} more for {spent} of {BUDGET} at {bound} each"
    );
    assert!(spent <= BUDGET);
}

/// Asks until the budget cannot take another bound; while it can, no call is
/// refused. Returns how many there were.
async fn spend_the_rest(gateways: &[Gateway; 2], database: &Database, bound: i64) -> usize {
    let mut connection = database.connection().await;
    for number in 0.. {
        let end = Instant::now() + crate::gateway::END;
        let mut now = money(&mut connection).await;
        while now.held > 0 {
            assert!(Instant::now() < end, "it was never settled: {now:?}");
            now = money(&mut connection).await;
        }
        let answer = gateways[number % 2].ask("alice", &long_question()).await;
        let answer = answer.unwrap();
        if now.used + bound > BUDGET {
            assert_eq!(answer.code(), "insufficient_quota", "{now:?} {answer:?}");
            return number;
        }
        assert!(answer.is_ok(), "a false refusal at {now:?}: {answer:?}");
    }
    unreachable!("a budget ends");
}

#[tokio::test]
async fn the_death_of_one_process_costs_nothing_that_was_settled() {
    let Some(postgres) = PostgresServer::any().await else {
        return;
    };
    let database = postgres.database().await;
    let record = Record::Postgres(database.url.clone());
    let (_simulator, server) = simulated().await;
    let settings = settings(&database.url);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let dying = Gateway::start(&server, &settings).await;
    let living = Gateway::start(&server, &settings).await;
    let (cut, whole) = (Load::default(), Load::default());

    let story = async {
        until(|| cut.count() >= 60 && whole.count() >= 20).await;
        dying.signal("-KILL");
        let so_far = whole.count();
        until(|| whole.count() >= so_far + 60).await;
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(cut.run(&dying), whole.run(&living)) } => {
            panic!("the other one ended as well");
        }
        () = story => {}
    }
    dying.kill().await;

    let kept: Vec<String> = whole.rows().concat();
    eventually("the other one stores its calls", async || {
        record.has(&kept).await
    })
    .await;
    // The survivor's sweep books what the dead one held.
    record
        .texts("update hold set expires_at = now() - interval '1 min' returning 'aged'")
        .await;
    eventually("no hold is left", async || {
        record.texts("select 'held' from hold").await.is_empty()
    })
    .await;
    let held = record
        .texts("select scope from budget where held <> 0")
        .await;
    assert!(held.is_empty(), "{held:?}");
    record.assert_consistent("after the sweep").await;
    let settled: Vec<String> = cut.rows().into_iter().step_by(2).flatten().collect();
    assert!(record.has(&settled).await, "money was lost");
    let calls = record.calls().await;
    let lost = cut
        .rows()
        .concat()
        .iter()
        .filter(|id| !calls.contains(*id))
        .count();
    eprintln!(
        "{} and {} answers, {lost} lines of calls without a budget were lost",
        cut.count(),
        whole.count()
    );
}
