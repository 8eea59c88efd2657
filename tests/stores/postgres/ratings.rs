//! Ratings that one instance leaves for another.

use std::time::Duration;

use ai_gateway::domain::{
    AttemptId, Caller, ErrorKind, LedgerEntry, Outcome, PassedRating, RatingStore as _, Ratio,
    RequestId,
};
use ai_gateway::stores::LedgerSink as _;
use jiff::Timestamp;

use super::database::Database;
use super::rig::open;
use crate::book;

/// A call of now; as many hours ago, or failed.
fn call(number: u64, hours: u64, outcome: Outcome) -> LedgerEntry {
    LedgerEntry {
        started_at: Timestamp::now() - Duration::from_hours(hours),
        outcome,
        ..book::line(number)
    }
}

/// A rating of now, in microseconds, as the server counts.
fn rating(number: u128, caller: &str, score: f64) -> PassedRating {
    let now = Timestamp::now().as_microsecond();
    PassedRating {
        at: Timestamp::from_microsecond(now).unwrap(),
        request: RequestId::from_bits(number),
        caller: Caller::new(caller),
        score: Ratio::try_from(score).unwrap(),
    }
}

#[tokio::test]
async fn ratings_are_left_for_calls_that_were_answered_to_their_caller() {
    let Some(database) = Database::create().await else {
        return;
    };
    let settings = database.settings();
    let (one, other) = (
        open(&settings).await.unwrap(),
        open(&settings).await.unwrap(),
    );
    let hit = LedgerEntry {
        id: AttemptId::of_call(RequestId::from_bits(4)),
        ..call(4, 0, Outcome::Answered)
    };
    let calls = [
        call(1, 0, Outcome::Answered),
        call(2, 0, Outcome::Failed(ErrorKind::ProviderUnavailable)),
        call(3, 25, Outcome::Answered),
        hit,
    ];
    one.write(&calls).await.unwrap();

    for (number, caller) in [(1, "bob"), (2, "alice"), (3, "alice"), (9, "alice")] {
        let left = other.pass_on(&rating(number, caller, 0.2)).await.unwrap();
        assert!(!left, "{number} of {caller}");
    }
    assert_eq!(one.passed_on().await.unwrap(), []);
    let (early, late) = (rating(1, "alice", 0.2), rating(1, "alice", 0.9));
    let of_hit = rating(4, "alice", 1.0);
    for left in [&early, &of_hit, &late] {
        assert!(other.pass_on(left).await.unwrap());
    }

    // The later one counts, however they come, and stays while an earlier one
    // is taken.
    assert!(other.pass_on(&early).await.unwrap());
    one.take(&[early, of_hit]).await.unwrap();
    let late = [late];
    assert_eq!(one.passed_on().await.unwrap(), late);
    one.take(&late).await.unwrap();
    assert_eq!(other.passed_on().await.unwrap(), []);
}

#[tokio::test]
async fn one_caller_does_not_crowd_out_the_others() {
    let Some(database) = Database::create().await else {
        return;
    };
    let store = open(&database.settings()).await.unwrap();
    let mut calls: Vec<LedgerEntry> = (1..=1_100)
        .map(|number| call(number, 0, Outcome::Answered))
        .collect();
    calls[0].caller = Caller::new("bob");
    store.write(&calls).await.unwrap();
    assert!(store.pass_on(&rating(1, "bob", 0.5)).await.unwrap());
    let mut connection = database.connection().await;
    sqlx::query(
        "insert into passed_rating select request, caller, 1, clock_timestamp() \
         from ledger where caller = 'alice'",
    )
    .execute(&mut connection)
    .await
    .unwrap();

    let listed = store.passed_on().await.unwrap();

    assert_eq!(listed.len(), 1_000);
    assert!(listed.iter().any(|rating| rating.caller.as_str() == "bob"));
}

#[tokio::test]
async fn ratings_that_nobody_takes_go_after_a_day() {
    let Some(database) = Database::create().await else {
        return;
    };
    let store = open(&database.settings()).await.unwrap();
    store.write(&[call(1, 0, Outcome::Answered)]).await.unwrap();
    assert!(store.pass_on(&rating(1, "alice", 0.5)).await.unwrap());
    let mut connection = database.connection().await;
    sqlx::query("update passed_rating set given_at = given_at - interval '25 h'")
        .execute(&mut connection)
        .await
        .unwrap();

    assert_eq!(store.passed_on().await.unwrap(), []);

    let count: i64 = sqlx::query_scalar("select count(*) from passed_rating")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(count, 0);
}
