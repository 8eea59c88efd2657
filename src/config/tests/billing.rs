//! What calls cost by the shipped prices, computed by hand.
//!
//! Rates are micro-dollars per million tokens, which are pico-dollars per
//! token; a thousand of them are a nano-dollar.

use super::load;
use crate::domain::{Cost, ModelId, ProviderName, TokenUsage};

/// Fresh input, cache read, write for 5 minutes and for an hour, output and
/// reasoning, in tokens.
type Tokens = [u64; 6];

fn cost(model: &str, at: &str, tokens: Tokens) -> Cost {
    let (provider, id) = model.split_once('/').unwrap();
    let [
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        output,
        reasoning,
    ] = tokens;
    let usage = TokenUsage {
        input,
        cache_read,
        cache_write_5m,
        cache_write_1h,
        output,
        reasoning,
    };
    let table = load(&[], &[]).price_table();
    let at = format!("{at}T23:59:59Z").parse().unwrap();
    table.cost(&ProviderName::new(provider), &ModelId::new(id), &usage, at)
}

/// Nano-dollars on 2026-11-25, with every class at a rate of its own.
fn nanos(model: &str, tokens: Tokens) -> i64 {
    nanos_at(model, "2026-11-25", tokens)
}

fn nanos_at(model: &str, at: &str, tokens: Tokens) -> i64 {
    match cost(model, at, tokens) {
        Cost::Priced {
            amount,
            is_incomplete: false,
        } => amount.nanos(),
        other => panic!("{model}: {other:?}"),
    }
}

/// Nano-dollars where a class had no rate of its own.
fn incomplete(model: &str, tokens: Tokens) -> i64 {
    match cost(model, "2026-11-25", tokens) {
        Cost::Priced {
            amount,
            is_incomplete: true,
        } => amount.nanos(),
        other => panic!("{model}: {other:?}"),
    }
}

#[test]
fn openai() {
    let sol = "openai/gpt-6-sol";
    // 1000×2 + 500×0.2 + 200×2.5 + (300+100)×10 = 6600 micro-dollars.
    assert_eq!(nanos(sol, [1_000, 500, 200, 0, 300, 100]), 6_600_000);
    // Up to 272,000 of input at $2; one more, and all of it at $4.
    assert_eq!(nanos(sol, [272_000, 0, 0, 0, 0, 0]), 544_000_000);
    assert_eq!(nanos(sol, [272_001, 0, 0, 0, 0, 0]), 1_088_004_000);
    // All classes of input count: 200,001×4 + 72,000×0.4, and 10×15 of output.
    assert_eq!(nanos(sol, [200_001, 72_000, 0, 0, 10, 0]), 828_954_000);
    // 1000×0.15 + 1000×0.075 + 500×0.6 = 525.
    assert_eq!(
        nanos("openai/gpt-4o-mini", [1_000, 1_000, 0, 0, 500, 0]),
        525_000
    );
}

#[test]
fn anthropic() {
    // 10×4 + 200×0.2 + 18×5 + 12×8 + (10+40)×20 = 1266.
    let opus = "anthropic/claude-opus-5-5";
    assert_eq!(nanos(opus, [10, 200, 18, 12, 10, 40]), 1_266_000);
    let haiku = "anthropic/claude-haiku-5-5";
    // 10×0.1 + 200×0.01 + 18×0.125 + 12×0.2 + 50×0.5 = 32.65.
    assert_eq!(nanos(haiku, [10, 200, 18, 12, 10, 40]), 32_650);
    // At 100,000 of input the lower rates still hold.
    assert_eq!(nanos(haiku, [100_000, 0, 0, 0, 0, 0]), 10_000_000);
    // Above, a write for an hour has no rate: as input, 100,001×0.5.
    assert_eq!(incomplete(haiku, [100_000, 0, 0, 1, 0, 0]), 50_000_500);
}

#[test]
fn google() {
    let flash = "google/gemini-3.8-flash";
    // 47×0.75 + 60×0.075 + (20+30)×3.75 = 227.25; twice that from 2027 on.
    assert_eq!(nanos(flash, [47, 60, 0, 0, 20, 30]), 227_250);
    assert_eq!(
        nanos_at(flash, "2026-12-31", [47, 60, 0, 0, 20, 30]),
        227_250
    );
    assert_eq!(
        nanos_at(flash, "2027-01-01", [47, 60, 0, 0, 20, 30]),
        454_500
    );
    // 200,000×2 + 10×12, and 200,001×4 + 10×18.
    let pro = "google/gemini-3.1-pro-preview";
    assert_eq!(nanos(pro, [200_000, 0, 0, 0, 10, 0]), 400_120_000);
    assert_eq!(nanos(pro, [200_001, 0, 0, 0, 10, 0]), 800_184_000);
    // 1000×2 + 100×10, and 1000×4 + 100×20.
    let argon = "google/gemini-4-argon";
    assert_eq!(
        nanos_at(argon, "2026-11-30", [1_000, 0, 0, 0, 100, 0]),
        3_000_000
    );
    assert_eq!(
        nanos_at(argon, "2026-12-01", [1_000, 0, 0, 0, 100, 0]),
        6_000_000
    );
}

#[test]
fn mistral() {
    // 0.68 + 2.09, 1.36 + 4.18, 0.7 + 2.1 dollars for a million of each.
    let large = |at| nanos_at("mistral/mistral-large-4", at, [1_000, 0, 0, 0, 1_000, 0]);
    assert_eq!(large("2026-10-19"), 2_770_000);
    assert_eq!(
        (large("2026-10-20"), large("2026-10-28")),
        (5_540_000, 5_540_000)
    );
    assert_eq!(large("2026-10-29"), 2_800_000);
    // 10×0.15 + 1000×0.015 + 5×0.6 = 19.5.
    assert_eq!(
        nanos("mistral/mistral-small-2603", [10, 1_000, 0, 0, 5, 0]),
        19_500
    );
    // (7+3)×0.1 = 1.
    assert_eq!(
        nanos("mistral/ministral-3b-2512", [7, 0, 0, 0, 3, 0]),
        1_000
    );
}

#[test]
fn groq() {
    let small = "groq/openai/gpt-oss-20b";
    // A cached token costs 37.5 nano-dollars: half up, and once for all.
    assert_eq!(nanos(small, [0, 1, 0, 0, 0, 0]), 38);
    assert_eq!(nanos(small, [0, 2, 0, 0, 0, 0]), 75);
    assert_eq!(nanos(small, [1, 3, 0, 0, 0, 0]), 188);
    // 100×0.15 + 50×0.075 + (20+30)×0.6 = 48.75.
    assert_eq!(
        nanos("groq/openai/gpt-oss-120b", [100, 50, 0, 0, 20, 30]),
        48_750
    );
    // No rate for cached input: 10×0.8 as input.
    assert_eq!(
        incomplete("groq/qwen/qwen3.8-27b", [0, 10, 0, 0, 0, 0]),
        8_000
    );
}

#[test]
fn what_is_not_in_the_table_is_unpriced() {
    let one = [1, 0, 0, 0, 1, 0];

    assert_eq!(cost("openai/gpt-9", "2026-11-25", one), Cost::Unpriced);
    // The same id at another vendor is another model.
    assert_eq!(cost("mistral/gpt-6-sol", "2026-11-25", one), Cost::Unpriced);
    // No row holds before the first day.
    assert_eq!(cost("openai/gpt-6-sol", "2023-12-31", one), Cost::Unpriced);
}
