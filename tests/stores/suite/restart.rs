//! More than one life, and more than one user, of a store.

use ai_gateway::domain::{BudgetWindow, LedgerEntry, LimitScope, PartName};
use proptest::test_runner::TestRunner;

use crate::book::{drawn, hours, line, now, period};
use crate::figures::{expected, usage_of};
use crate::place::{HandClock, Place};

pub(crate) async fn reopening_finds_everything<P: Place>() {
    if !P::IS_SHARED {
        return;
    }
    let place = P::new().await;
    let lines = drawn(&mut TestRunner::deterministic(), 300, 30);
    let budgeted = LedgerEntry {
        budgets: [period(LimitScope::Global, BudgetWindow::Total)].into(),
        ..line(1_000)
    };
    let (from, to) = (now() - hours(30 * 24), now());
    let store = place.open(HandClock::at(now())).await;
    store.write(&lines).await.unwrap();
    store.write(&[budgeted]).await.unwrap();
    store.put_part(PartName(7), b"learned").await.unwrap();
    let usage = usage_of(&*store, None, from, to).await;
    let spent = store.spent(now()).await.unwrap();
    store.close().await;

    let store = place.open(HandClock::at(now())).await;

    assert_eq!(usage_of(&*store, None, from, to).await, usage);
    assert_eq!(store.spent(now()).await.unwrap(), spent);
    let learned = store.load_parts(&[]).await.unwrap();
    assert_eq!(learned[0].state.as_deref(), Some(&b"learned"[..]));
    store.write(&lines).await.unwrap();
    assert_eq!(usage_of(&*store, None, from, to).await, usage);
}

pub(crate) async fn two_that_share_a_store_add_up<P: Place>() {
    if !P::IS_SHARED {
        return;
    }
    let place = P::new().await;
    let one = place.open(HandClock::at(now())).await;
    let other = place.open(HandClock::at(now())).await;
    let lines: Vec<_> = (0..400).map(line).collect();
    let (from, to) = (now() - hours(1), now());

    // Turn by turn, some lines by both, and then both at once.
    for batch in lines[..200].chunks(20) {
        one.write(&batch[..15]).await.unwrap();
        other.write(&batch[5..]).await.unwrap();
    }
    let (left, right) = tokio::join!(one.write(&lines[200..350]), other.write(&lines[250..]));
    left.unwrap();
    right.unwrap();

    let wanted = expected(&lines, None, from, to);
    assert_eq!(usage_of(&*one, None, from, to).await, wanted);
    assert_eq!(usage_of(&*other, None, from, to).await, wanted);
}
