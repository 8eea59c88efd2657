//! Lines of the ledger to write.

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::domain::{
    AttemptId, BudgetPeriod, BudgetWindow, CacheOutcome, CacheStatus, Caller, Cost, Effort,
    ErrorKind, LedgerEntry, LimitScope, ModelId, NanoUsd, Outcome, ProviderName, RequestId, Target,
    TokenUsage, Usage,
};
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

pub(crate) const NOW: &str = "2026-11-22T10:20:30Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

/// An answered call of Alice's, `number` of its kind, a second ago.
pub(crate) fn line(number: u64) -> LedgerEntry {
    LedgerEntry {
        id: AttemptId {
            request: RequestId::from_bits(u128::from(number)),
            attempt: 0,
        },
        started_at: now() - Duration::from_secs(1),
        caller: Caller::new("alice"),
        group: Some("team".into()),
        target: Some(target("openai", "gpt")),
        outcome: Outcome::Answered,
        usage: Usage::reported(TokenUsage {
            input: 100,
            output: 20,
            ..TokenUsage::default()
        }),
        cost: priced(1_000),
        possible_cost: NanoUsd::ZERO,
        latency: Duration::from_millis(100),
        cache: CacheOutcome::MISS,
        budgets: Arc::default(),
        call_latency: Some(Duration::from_millis(120)),
    }
}

pub(crate) fn target(provider: &str, model: &str) -> Target {
    Target {
        provider: ProviderName::new(provider),
        model: ModelId::new(model),
        effort: None,
    }
}

pub(crate) fn priced(nanos: i64) -> Cost {
    Cost::Priced {
        amount: NanoUsd::new(nanos),
        is_incomplete: false,
    }
}

pub(crate) fn period(scope: LimitScope, window: BudgetWindow) -> BudgetPeriod {
    BudgetPeriod {
        scope,
        window,
        start: window.start(now()),
    }
}

/// Draws lines of every kind, of the last `days`; the same ones each time.
pub(crate) fn drawn(runner: &mut TestRunner, count: usize, days: i64) -> Vec<LedgerEntry> {
    let lines = prop::collection::vec(any_line(days), count);
    let mut lines = lines.new_tree(runner).unwrap().current();
    for (number, line) in lines.iter_mut().enumerate() {
        line.id.request = RequestId::from_bits(number as u128 / 2);
        line.id.attempt = (number % 2) as u32;
    }
    lines
}

fn any_line(days: i64) -> impl Strategy<Value = LedgerEntry> {
    let who = prop_oneof![Just("alice"), Just("bob"), Just("carol")];
    let whom = prop_oneof![
        Just(None),
        Just(Some(target("openai", "gpt"))),
        Just(Some(target("groq", "openai/gpt-oss"))),
        Just(Some(Target {
            effort: Some(Effort::High),
            ..target("anthropic", "claude")
        })),
    ];
    let when = 1..days * 86_400_000_000;
    (
        (who, whom, when, any_outcome(), any_usage()),
        (
            any_cost(),
            0..1_000_i64,
            0..5_000_u64,
            any_cache(),
            any::<Option<u16>>(),
        ),
    )
        .prop_map(
            |((who, whom, when, outcome, usage), (cost, possible, latency, cache, call))| {
                LedgerEntry {
                    started_at: now() - Duration::from_micros(when.unsigned_abs()),
                    caller: Caller::new(who),
                    target: whom,
                    outcome,
                    usage,
                    cost,
                    possible_cost: NanoUsd::new(possible),
                    latency: Duration::from_micros(latency * 997),
                    cache,
                    call_latency: call.map(|call| Duration::from_nanos(u64::from(call) * 1_001)),
                    ..line(0)
                }
            },
        )
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Answered),
        1 => Just(Outcome::Abandoned),
        1 => Just(Outcome::Failed(ErrorKind::ProviderTimeout)),
        1 => Just(Outcome::Failed(ErrorKind::PolicyRateLimited)),
        1 => Just(Outcome::Failed(ErrorKind::PolicyBudgetExceeded)),
    ]
}

fn any_usage() -> impl Strategy<Value = Usage> {
    (
        [0..9_000_u64, 0..90, 0..80, 0..70, 0..600, 0..50],
        any::<bool>(),
    )
        .prop_map(
            |(
                [
                    input,
                    cache_read,
                    cache_write_5m,
                    cache_write_1h,
                    output,
                    reasoning,
                ],
                is_reported,
            )| {
                let tokens = TokenUsage {
                    input,
                    cache_read,
                    cache_write_5m,
                    cache_write_1h,
                    output,
                    reasoning,
                };
                if is_reported {
                    Usage::reported(tokens)
                } else {
                    Usage::estimated(tokens)
                }
            },
        )
}

fn any_cost() -> impl Strategy<Value = Cost> {
    prop_oneof![
        1 => Just(Cost::Unpriced),
        6 => (0..10_000_000_000_i64).prop_map(priced),
    ]
}

fn any_cache() -> impl Strategy<Value = CacheOutcome> {
    prop_oneof![
        Just(CacheOutcome::MISS),
        Just(CacheOutcome::BYPASS),
        Just(CacheOutcome {
            status: CacheStatus::Exact,
            age: Some(Duration::from_secs(60)),
            saved: Some(NanoUsd::new(77)),
        }),
        Just(CacheOutcome {
            status: CacheStatus::Semantic {
                similarity: 0.93,
                confidence: 0.99,
            },
            age: Some(Duration::from_secs(61)),
            saved: Some(NanoUsd::new(78)),
        }),
    ]
}
