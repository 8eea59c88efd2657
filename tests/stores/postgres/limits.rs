//! What one instance is granted and refused.

use std::time::Duration;

use ai_gateway::domain::{
    BudgetWindow, Draw, LimitRefusal, LimitScope, LimitStore as _, Measure, NanoUsd,
    UsageStore as _,
};
use ai_gateway::stores::{LedgerSink as _, PostgresStore};
use sqlx::PgConnection;

use super::database::Database;
use super::invariants::{assert_hold, totals};
use super::rig::{budget, caller, calls, eventually, hold, line, settlement, tokens, usd};

#[tokio::test]
async fn all_buckets_are_drawn_from_or_none() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mine = calls(caller("alice"), 600, 5);
    let all = calls(LimitScope::Global, 60, 2);

    let lefts = [
        store.take(&[mine.clone(), all.clone()]).await.unwrap(),
        store.take(&[mine.clone(), all.clone()]).await.unwrap(),
    ];
    let refusal = store.take(&[mine.clone(), all.clone()]).await.unwrap_err();
    let left = store.take(std::slice::from_ref(&mine)).await.unwrap();

    assert_eq!(lefts, [Some(1), Some(0)]);
    let LimitRefusal::Rate {
        scope, retry_after, ..
    } = refusal
    else {
        panic!("{refusal}");
    };
    assert_eq!(scope, LimitScope::Global);
    assert!(retry_after <= Duration::from_secs(1), "{retry_after:?}");
    // Two were taken; the third was not, for the other bucket was empty.
    assert_eq!(left, Some(2));
}

#[tokio::test]
async fn the_promised_wait_is_long_enough_and_not_longer() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;

    for per_minute in [1, 2, 3, 4, 7] {
        let draw = [calls(caller(&format!("of-{per_minute}")), per_minute, 1)];
        store.take(&draw).await.unwrap();
        let wait = refused_for(store, &draw).await;
        let whole = Duration::from_mins(1).div_f64(per_minute as f64);
        assert!(wait <= whole + Duration::from_micros(1), "{wait:?}");

        // What the test itself takes is far below the other half.
        let half = wait / 2;
        advance(&mut connection, half).await;
        let rest = refused_for(store, &draw).await;
        assert!(rest <= wait - half, "{rest:?} of {wait:?}");
        advance(&mut connection, rest).await;
        store.take(&draw).await.unwrap();
    }
}

async fn refused_for(store: &PostgresStore, draw: &[Draw]) -> Duration {
    match store.take(draw).await {
        Err(LimitRefusal::Rate { retry_after, .. }) => retry_after,
        other => panic!("the bucket is empty: {other:?}"),
    }
}

/// Lets time pass for all buckets.
async fn advance(connection: &mut PgConnection, by: Duration) {
    let earlier = "update bucket set filled_at = filled_at - $1 * interval '1 microsecond'";
    let done = sqlx::query(earlier)
        .bind(by.as_micros() as f64)
        .execute(connection)
        .await;
    done.unwrap();
}

#[tokio::test]
async fn tokens_that_were_not_used_come_back_and_more_is_a_debt() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut wanted = hold(Vec::new(), NanoUsd::ZERO);
    wanted.draws = vec![tokens(caller("alice"), 100, 80)];
    let grant = store.reserve(&wanted).await.unwrap();
    assert_eq!(grant.tokens_left, Some(20));

    store.settle(settlement(&wanted, &grant, 10, NanoUsd::ZERO));
    let probe = [tokens(caller("alice"), 100, 60)];
    eventually("70 tokens come back", || async {
        store.take(&probe).await.is_ok()
    })
    .await;

    let mut wanted = hold(Vec::new(), NanoUsd::ZERO);
    wanted.draws = vec![tokens(caller("alice"), 100, 10)];
    let grant = store.reserve(&wanted).await.unwrap();
    store.settle(settlement(&wanted, &grant, 210, NanoUsd::ZERO));
    eventually("the debt is booked", || async {
        let one = [tokens(caller("alice"), 100, 1)];
        let refusal = store.take(&one).await;
        matches!(refusal, Err(LimitRefusal::Rate { retry_after, .. })
            if retry_after > Duration::from_secs(60))
    })
    .await;
}

#[tokio::test]
async fn a_budget_is_held_booked_and_freed() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let budgets = vec![
        budget(caller("alice"), usd(100)),
        budget(LimitScope::Global, usd(100)),
    ];
    let first = hold(budgets.clone(), usd(70));
    let second = hold(budgets, usd(40));

    let grant = store.reserve(&first).await.unwrap();
    let refusal = store.reserve(&second).await.unwrap_err();
    assert_eq!(grant.budgets_left, [usd(30), usd(30)]);
    let LimitRefusal::Budget {
        left,
        held,
        ends_after,
        scope,
        ..
    } = refusal
    else {
        panic!("{refusal}");
    };
    assert_eq!(
        (scope, left, held, ends_after),
        (caller("alice"), usd(30), usd(70), None)
    );

    store
        .write(&[line(&first, &grant, usd(20), usd(5))])
        .await
        .unwrap();
    assert_eq!(totals(&mut connection).await, (usd(40), usd(10), usd(0)));
    let spent = store
        .spent("2026-11-22T10:00:00Z".parse().unwrap())
        .await
        .unwrap();
    assert!(spent.iter().all(|(_, spent)| *spent == usd(25)) && spent.len() == 2);

    let grant = store.reserve(&second).await.unwrap();
    store.settle(settlement(&second, &grant, 0, NanoUsd::ZERO));
    eventually("what cost nothing is freed", || async {
        let mut connection = database.connection().await;
        totals(&mut connection).await.2 == NanoUsd::ZERO
    })
    .await;
    assert_hold(&mut connection, usd(100)).await;
}

#[tokio::test]
async fn a_replayed_line_changes_nothing() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let wanted = hold(vec![budget(caller("alice"), usd(100))], usd(50));
    let grant = store.reserve(&wanted).await.unwrap();
    let line = line(&wanted, &grant, usd(30), usd(0));

    for _ in 0..3 {
        store.write(&[line.clone(), line.clone()]).await.unwrap();
    }

    assert_eq!(totals(&mut connection).await, (usd(30), usd(0), usd(0)));
    assert_hold(&mut connection, usd(100)).await;
}

#[tokio::test]
async fn a_hold_that_nobody_settles_is_booked_at_its_estimate_until_it_is_settled() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let mut wanted = hold(vec![budget(caller("alice"), usd(100))], usd(50));
    wanted.lasts = Duration::ZERO;
    let grant = store.reserve(&wanted).await.unwrap();

    assert_eq!(
        store.sweep(Duration::from_secs(30)).await.unwrap(),
        0,
        "too early"
    );
    assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(totals(&mut connection).await, (usd(0), usd(25), usd(0)));
    assert_hold(&mut connection, usd(100)).await;

    let late = line(&wanted, &grant, usd(40), usd(0));
    store.write(std::slice::from_ref(&late)).await.unwrap();
    store.write(&[late]).await.unwrap();
    assert_eq!(totals(&mut connection).await, (usd(40), usd(0), usd(0)));
    assert_hold(&mut connection, usd(100)).await;
}

#[tokio::test]
async fn a_hold_that_the_server_forgot_is_still_booked() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let wanted = hold(vec![budget(caller("alice"), usd(100))], usd(50));
    let grant = store.reserve(&wanted).await.unwrap();
    // A crash of the server may lose what did not wait for the disk.
    let forget = "delete from hold; delete from budget";
    sqlx::raw_sql(forget)
        .execute(&mut connection)
        .await
        .unwrap();

    store
        .write(&[line(&wanted, &grant, usd(30), usd(0))])
        .await
        .unwrap();

    assert_eq!(totals(&mut connection).await, (usd(30), usd(0), usd(0)));
    assert_hold(&mut connection, usd(100)).await;
}

#[tokio::test]
async fn one_attempt_is_held_once() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let wanted = hold(vec![budget(caller("alice"), usd(100))], usd(30));

    store.reserve(&wanted).await.unwrap();
    let again = store.reserve(&wanted).await;

    assert!(matches!(again, Err(LimitRefusal::Store(_))), "{again:?}");
    assert_eq!(totals(&mut connection).await.2, usd(30));
    assert_hold(&mut connection, usd(100)).await;
}

#[tokio::test]
async fn what_costs_more_than_was_held_is_booked() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut connection = database.connection().await;
    let wanted = hold(vec![budget(caller("alice"), usd(100))], usd(30));
    let grant = store.reserve(&wanted).await.unwrap();

    store
        .write(&[line(&wanted, &grant, usd(35), usd(0))])
        .await
        .unwrap();

    assert_eq!(totals(&mut connection).await, (usd(35), usd(0), usd(0)));
}

#[tokio::test]
async fn periods_begin_by_the_servers_clock() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let windows = [
        BudgetWindow::Hour,
        BudgetWindow::Day,
        BudgetWindow::Month,
        BudgetWindow::Total,
    ];
    let budgets = windows.map(|window| ai_gateway::domain::Budget {
        window,
        ..budget(caller("alice"), usd(100))
    });

    let grant = store
        .reserve(&hold(budgets.to_vec(), usd(1)))
        .await
        .unwrap();

    let mut connection = database.connection().await;
    let now_us: i64 = sqlx::query_scalar("select (extract(epoch from now()) * 1000000)::bigint")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let now = jiff::Timestamp::from_microsecond(now_us).unwrap();
    for (period, window) in grant.budgets.iter().zip(windows) {
        assert_eq!((period.window, period.start), (window, window.start(now)));
    }
    let refusal = store.reserve(&hold(budgets[..1].to_vec(), usd(100))).await;
    let Err(LimitRefusal::Budget { ends_after, .. }) = refusal else {
        panic!("{refusal:?}");
    };
    assert!(ends_after.unwrap() <= Duration::from_secs(3600));
}

#[tokio::test]
async fn requests_are_not_given_back() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = database.instance().await;
    let store = &instance.store;
    let mut wanted = hold(vec![budget(caller("alice"), usd(100))], usd(1));
    wanted.draws = vec![calls(caller("alice"), 1, 1)];
    let grant = store.reserve(&wanted).await.unwrap();

    store.settle(settlement(&wanted, &grant, 0, NanoUsd::ZERO));
    eventually("the hold ends", || async {
        totals(&mut database.connection().await).await.2 == NanoUsd::ZERO
    })
    .await;

    let refusal = store.take(&wanted.draws).await;
    assert!(matches!(
        refusal,
        Err(LimitRefusal::Rate {
            measure: Measure::Requests,
            ..
        })
    ));
}
