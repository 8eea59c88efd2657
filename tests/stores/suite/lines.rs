//! Lines, what they come to, and what is left of them.

use std::time::Duration;

use ai_gateway::domain::{
    BudgetWindow, Caller, LedgerEntry, LimitScope, NanoUsd, RequestId, UsageQuery,
};
use ai_gateway::stores::{MergedEntries, RollUps};
use proptest::test_runner::TestRunner;

use crate::book::{drawn, hours, line, now, period, priced};
use crate::figures::{expected, figures, usage_of};
use crate::place::{HandClock, Place};

pub(crate) async fn writing_twice_changes_nothing<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let mut lines: Vec<LedgerEntry> = (0..130).map(line).collect();
    for line in &mut lines {
        line.budgets = [period(LimitScope::Global, BudgetWindow::Day)].into();
    }
    let (from, to) = (now() - hours(1), now());

    store.write(&lines[..100]).await.unwrap();
    store.write(&lines[..100]).await.unwrap();
    let doubled = [&lines[90..], &lines[95..], &lines[..5]].concat();
    store.write(&doubled).await.unwrap();

    assert_eq!(
        usage_of(&*store, None, from, to).await,
        expected(&lines, None, from, to)
    );
    let spent = store.spent(now()).await.unwrap();
    assert_eq!(spent[0].1, NanoUsd::new(130_000));
}

pub(crate) async fn roll_ups_are_the_sums_of_the_lines<P: Place>() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..8 {
        let place = P::new().await;
        let store = place.open(HandClock::at(now())).await;
        let lines = drawn(&mut runner, 300, 38);

        for batch in lines.chunks(77) {
            store.write(batch).await.unwrap();
        }

        let to = now();
        for from in [
            "2026-10-14T10:00:00Z",
            "2026-11-21T03:04:00Z",
            "2026-11-22T10:00:00Z",
        ] {
            let from = from.parse().unwrap();
            for caller in [None, Some("alice"), Some("bob"), Some("nobody")] {
                assert_eq!(
                    usage_of(&*store, caller, from, to).await,
                    expected(&lines, caller, from, to),
                    "{caller:?} from {from}"
                );
            }
        }
    }
}

pub(crate) async fn a_month_is_days_and_edges<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    // One line each 37 minutes of 32 days, and each minute of three hours.
    let ages = (0..1_245).map(|step| 37 * step).chain(0..180);
    let lines: Vec<_> = ages
        .enumerate()
        .map(|(number, age)| LedgerEntry {
            started_at: now() - Duration::from_secs(60 * age + 1),
            cost: priced(1 << (number % 20)),
            ..line(number as u64)
        })
        .collect();
    for batch in lines.chunks(500) {
        store.write(batch).await.unwrap();
    }

    for (range, from) in [
        (hours(1), "2026-11-22T09:20:00Z"),
        (hours(24), "2026-11-21T10:20:00Z"),
        // Further back than two days the hour is the finest that is left.
        (hours(7 * 24), "2026-11-15T10:00:00Z"),
        (hours(30 * 24), "2026-10-23T10:00:00Z"),
    ] {
        assert_eq!(
            usage_of(&*store, None, now() - range, now()).await,
            expected(&lines, None, from.parse().unwrap(), now()),
            "{range:?}"
        );
    }
    let (from, to) = ("2026-11-10T05:00:00Z", "2026-11-20T07:00:00Z");
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    assert_eq!(
        usage_of(&*store, Some("alice"), from, to).await,
        expected(&lines, Some("alice"), from, to)
    );
    assert_eq!(
        usage_of(&*store, None, to, from).await,
        expected(&[], None, from, to)
    );
}

pub(crate) async fn callers_see_their_own_and_the_operator_everything<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let bobs = LedgerEntry {
        caller: Caller::new("bob"),
        cost: priced(5),
        ..line(2)
    };

    store.write(&[line(1), bobs]).await.unwrap();

    for (caller, cost) in [(Some("alice"), 1_000), (Some("bob"), 5), (None, 1_005)] {
        let figures = usage_of(&*store, caller, now() - hours(1), now()).await;
        assert_eq!(figures["openai/gpt"].cost(), cost, "{caller:?}");
    }
    let (from, to) = (now() - hours(1), now());
    let callers = store.callers(from, to).await.unwrap();
    let costs = callers
        .iter()
        .map(|(caller, sums)| (caller.as_str(), sums.cost.nanos()));
    assert_eq!(costs.collect::<Vec<_>>(), [("alice", 1_000), ("bob", 5)]);
    assert!(
        callers
            .iter()
            .all(|(_, sums)| (sums.count, sums.answered) == (1, 1))
    );
}

pub(crate) async fn spent_money_counts_against_its_periods<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let alice = LimitScope::Caller(Caller::new("alice"));
    let mut past = period(alice.clone(), BudgetWindow::Hour);
    past.start -= hours(1);
    let present = [
        period(alice, BudgetWindow::Hour),
        period(LimitScope::Group("team".into()), BudgetWindow::Month),
        period(LimitScope::Global, BudgetWindow::Total),
    ];
    let one = LedgerEntry {
        budgets: [&present[..], &[past]].concat().into(),
        possible_cost: NanoUsd::new(30),
        ..line(1)
    };
    let other = LedgerEntry {
        budgets: present[1..].into(),
        ..line(2)
    };

    store.write(&[one]).await.unwrap();
    store.write(&[other]).await.unwrap();

    let mut spent = store.spent(now()).await.unwrap();
    spent.sort();
    let [hour, month, total] = present;
    let amounts = [1_030, 2_030, 2_030].map(NanoUsd::new);
    let mut wanted: Vec<_> = [hour, month, total].into_iter().zip(amounts).collect();
    wanted.sort();
    assert_eq!(spent, wanted);
}

pub(crate) async fn merged_lines_are_added_once<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let lines = drawn(&mut TestRunner::deterministic(), 200, 30);
    let (merged, written) = lines.split_at(120);
    let merged = MergedEntries {
        id: RequestId::from_bits(7),
        sums: RollUps::of(merged),
    };

    store.write(written).await.unwrap();
    store.write_merged(&merged).await.unwrap();
    store.write_merged(&merged).await.unwrap();

    let from = "2026-10-21T00:00:00Z".parse().unwrap();
    for caller in [None, Some("carol")] {
        assert_eq!(
            usage_of(&*store, caller, from, now()).await,
            expected(&lines, caller, from, now())
        );
    }
}

pub(crate) async fn rebuilding_gives_the_same_sums<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let lines = drawn(&mut TestRunner::deterministic(), 400, 38);
    let merged = MergedEntries {
        id: RequestId::from_bits(7),
        sums: RollUps::of(&lines[300..]),
    };
    store.write(&lines[..300]).await.unwrap();
    store.write_merged(&merged).await.unwrap();
    let (from, to) = (now() - hours(38 * 24), now());
    let before = [
        usage_of(&*store, None, from, to).await,
        usage_of(&*store, Some("bob"), from, to).await,
    ];

    store.rebuild().await.unwrap();

    let after = [
        usage_of(&*store, None, from, to).await,
        usage_of(&*store, Some("bob"), from, to).await,
    ];
    assert_eq!(after, before);
    // What is written next adds to what was rebuilt.
    store.write(&[line(9_999)]).await.unwrap();
    let figures = usage_of(&*store, None, from, to).await;
    assert_eq!(figures["calls"].count(), before[0]["calls"].count() + 1);
}

pub(crate) async fn tidying_changes_no_answer<P: Place>() {
    let place = P::new().await;
    let clock = HandClock::at(now());
    let store = place.open(clock.clone()).await;
    let lines = drawn(&mut TestRunner::deterministic(), 600, 38);
    store.write(&lines).await.unwrap();
    clock.advance(hours(36));
    let later = now() + hours(36);
    let ranges = [24, 48, 7 * 24, 30 * 24, 80 * 24].map(hours);
    let mut before = Vec::new();
    for range in ranges {
        before.push(usage_of(&*store, None, later - range, later).await);
    }

    store.tidy().await.unwrap();

    for (range, before) in ranges.into_iter().zip(before) {
        let after = usage_of(&*store, None, later - range, later).await;
        assert_eq!(after, before, "{range:?}");
    }
    clock.advance(hours(120 * 24));
    store.tidy().await.unwrap();
    let ever = usage_of(&*store, None, now() - hours(40 * 24), now()).await;
    assert_eq!(ever, expected(&lines, None, now() - hours(40 * 24), now()));
}

pub(crate) async fn quantiles_are_within_one_percent<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let lines: Vec<_> = (0..1_000)
        .map(|number| LedgerEntry {
            latency: Duration::from_millis(number + 1),
            started_at: now() - Duration::from_secs(3_600 * (number % 600) + 1),
            ..line(number)
        })
        .collect();
    for batch in lines.chunks(100) {
        store.write(batch).await.unwrap();
    }

    let query = UsageQuery {
        from: now() - hours(30 * 24),
        to: now(),
        caller: None,
    };
    let sums = store.usage(&query).await.unwrap();

    assert_eq!(figures(&sums)["openai/gpt"].count(), 1_000);
    for (share, wanted) in [(0.5, 500.0), (0.95, 950.0), (0.99, 990.0)] {
        let found = sums[1].latencies.quantile_ms(share).unwrap();
        assert!((found / wanted - 1.0_f64).abs() < 0.012, "{share}: {found}");
    }
}
