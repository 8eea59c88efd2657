//! From tokens to money: rates with effective dates and context bands.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::domain::{Cost, ModelId, NanoUsd, PicoUsdPerToken, ProviderName, TokenUsage};

/// Rates by class of token, in pico-dollars per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// Fresh input.
    pub input: PicoUsdPerToken,
    /// Output, hidden reasoning included.
    pub output: PicoUsdPerToken,
    /// Input read from the vendor's prompt cache.
    pub cache_read: Option<PicoUsdPerToken>,
    /// Input written to it for five minutes.
    pub cache_write_5m: Option<PicoUsdPerToken>,
    /// Input written to it for one hour.
    pub cache_write_1h: Option<PicoUsdPerToken>,
}

/// Rates for *all* tokens of an attempt whose input exceeds a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The threshold: total input of all classes, in tokens.
    pub above_input: u64,
    /// The rates beyond it.
    pub rates: RateCard,
}

/// What one model costs from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Who serves the model.
    pub provider: ProviderName,
    /// The model.
    pub model: ModelId,
    /// The first day, UTC, on which the price holds.
    pub from: Date,
    /// The rates below every band.
    pub rates: RateCard,
    /// Rates for long inputs.
    pub bands: Vec<Band>,
    /// Who says so.
    pub source: String,
}

impl Price {
    fn rates(&self, total_input: u64) -> RateCard {
        let reached = self
            .bands
            .iter()
            .filter(|band| total_input > band.above_input);
        reached
            .max_by_key(|band| band.above_input)
            .map_or(self.rates, |band| band.rates)
    }
}

/// Every price that is known, past and announced.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    // Oldest first within a model.
    prices: HashMap<ProviderName, HashMap<ModelId, Vec<Price>>>,
}

impl PriceTable {
    /// Collects prices, in any order.
    pub fn new(prices: impl IntoIterator<Item = Price>) -> Self {
        let mut table = Self::default();
        for price in prices {
            table
                .prices
                .entry(price.provider.clone())
                .or_default()
                .entry(price.model.clone())
                .or_default()
                .push(price);
        }
        for history in table.prices.values_mut().flat_map(HashMap::values_mut) {
            history.sort_by_key(|price| price.from);
        }
        table
    }

    /// Returns what an attempt that began `at` costs.
    ///
    /// Each class of tokens at its own rate, summed in pico-dollars and
    /// rounded half up once. Total input decides the band, and a band prices
    /// all tokens (source: vendors' price pages as collected by genai-prices
    /// 0.2.3). A class without a rate is billed at the input rate, and the
    /// cost is marked incomplete.
    pub fn cost(
        &self,
        provider: &ProviderName,
        model: &ModelId,
        usage: &TokenUsage,
        at: Timestamp,
    ) -> Cost {
        let Some(rates) = self.rates(provider, model, usage.total_input(), at) else {
            return Cost::Unpriced;
        };
        rates.cost(usage)
    }

    /// Returns the rates for an attempt with this much input that begins
    /// `at`, or `None` if the model has no price then.
    pub fn rates(
        &self,
        provider: &ProviderName,
        model: &ModelId,
        total_input: u64,
        at: Timestamp,
    ) -> Option<Rates> {
        let day = Offset::UTC.to_datetime(at).date();
        let history = self.prices.get(provider)?.get(model)?;
        let price = history.iter().rfind(|price| price.from <= day)?;
        Some(Rates(price.rates(total_input)))
    }
}

/// The rates of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates(RateCard);

impl Rates {
    /// Returns the rates of fresh input and of output.
    pub const fn fresh(&self) -> (PicoUsdPerToken, PicoUsdPerToken) {
        (self.0.input, self.0.output)
    }

    /// Returns the expected cost of fresh input and output.
    pub fn estimate(&self, input: u64, output: u64) -> NanoUsd {
        let usage = TokenUsage {
            input,
            output,
            ..TokenUsage::default()
        };
        self.cost(&usage).amount().unwrap_or(NanoUsd::ZERO)
    }

    /// Returns the most that input and output of this size can cost: input
    /// at the dearest of its classes.
    pub fn upper_bound(&self, input: u64, output: u64) -> NanoUsd {
        let card = &self.0;
        let classes = [card.cache_read, card.cache_write_5m, card.cache_write_1h];
        let dearest = classes.into_iter().flatten().fold(card.input, Ord::max);
        NanoUsd::from_picos(dearest.of(input).saturating_add(card.output.of(output)))
    }

    fn cost(&self, usage: &TokenUsage) -> Cost {
        let card = &self.0;
        let classes = [
            (usage.input, Some(card.input)),
            (usage.cache_read, card.cache_read),
            (usage.cache_write_5m, card.cache_write_5m),
            (usage.cache_write_1h, card.cache_write_1h),
            (usage.output, Some(card.output)),
            (usage.reasoning, Some(card.output)),
        ];
        let mut picos = 0_u128;
        let mut is_incomplete = false;
        for (tokens, rate) in classes {
            is_incomplete |= tokens > 0 && rate.is_none();
            picos = picos.saturating_add(rate.unwrap_or(card.input).of(tokens));
        }
        Cost::Priced {
            amount: NanoUsd::from_picos(picos),
            is_incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const fn rate(picos: u64) -> PicoUsdPerToken {
        PicoUsdPerToken::new(picos)
    }

    fn card(input: u64, output: u64) -> RateCard {
        RateCard {
            input: rate(input),
            output: rate(output),
            cache_read: Some(rate(input / 10)),
            cache_write_5m: Some(rate(input * 5 / 4)),
            cache_write_1h: None,
        }
    }

    fn price(from: Date, rates: RateCard, bands: Vec<Band>) -> Price {
        Price {
            provider: ProviderName::new("openai"),
            model: ModelId::new("m"),
            from,
            rates,
            bands,
            source: "a test".to_owned(),
        }
    }

    fn cost(table: &PriceTable, usage: TokenUsage, at: &str) -> Cost {
        let (provider, model) = (ProviderName::new("openai"), ModelId::new("m"));
        table.cost(&provider, &model, &usage, at.parse().unwrap())
    }

    fn nanos(cost: Cost) -> i64 {
        cost.amount().unwrap().nanos()
    }

    #[test]
    fn each_class_is_billed_at_its_own_rate_and_rounded_once() {
        let table = PriceTable::new([price(date(2026, 1, 1), card(100_000, 500_000), vec![])]);
        let usage = TokenUsage {
            input: 3,
            cache_read: 1,
            cache_write_5m: 1,
            output: 2,
            reasoning: 5,
            ..TokenUsage::default()
        };

        let cost = cost(&table, usage, "2026-11-25T00:00:00Z");

        // 3·100,000 + 10,000 + 125,000 + 7·500,000 = 3,935,000 picos.
        assert_eq!(nanos(cost), 3_935);
    }

    #[test]
    fn the_price_of_the_day_counts_and_none_holds_before_the_first() {
        let table = PriceTable::new([
            price(date(2026, 12, 1), card(4_000_000, 0), vec![]),
            price(date(2026, 1, 1), card(2_000_000, 0), vec![]),
        ]);
        let usage = TokenUsage {
            input: 1,
            ..TokenUsage::default()
        };

        assert_eq!(nanos(cost(&table, usage, "2026-11-30T23:59:59Z")), 2_000);
        assert_eq!(nanos(cost(&table, usage, "2026-12-01T00:00:00Z")), 4_000);
        assert_eq!(cost(&table, usage, "2025-12-31T23:59:59Z"), Cost::Unpriced);
    }

    #[test]
    fn crossing_a_band_prices_all_tokens() {
        let band = Band {
            above_input: 272_000,
            rates: card(200_000, 750_000),
        };
        let table = PriceTable::new([price(date(2026, 1, 1), card(100_000, 500_000), vec![band])]);
        let usage = |input| TokenUsage {
            input,
            cache_read: 72_000,
            output: 1_000,
            ..TokenUsage::default()
        };

        // 200,000·0.1 + 72,000·0.01 + 1,000·0.5 µ$ = 21,220 µ$.
        assert_eq!(
            nanos(cost(&table, usage(200_000), "2026-11-25T00:00:00Z")),
            21_220_000
        );
        // 200,001·0.2 + 72,000·0.02 + 1,000·0.75 µ$ = 42,190.2 µ$.
        assert_eq!(
            nanos(cost(&table, usage(200_001), "2026-11-25T00:00:00Z")),
            42_190_200
        );
    }

    #[test]
    fn a_class_without_a_rate_is_billed_as_input_and_marked() {
        let table = PriceTable::new([price(date(2026, 1, 1), card(100_000, 0), vec![])]);
        let usage = TokenUsage {
            cache_write_1h: 10,
            ..TokenUsage::default()
        };

        assert_eq!(
            cost(&table, usage, "2026-11-25T00:00:00Z"),
            Cost::Priced {
                amount: NanoUsd::new(1_000),
                is_incomplete: true
            }
        );
    }

    #[test]
    fn the_upper_bound_takes_the_dearest_input() {
        let rates = Rates(card(100_000, 500_000));

        // 1,000·0.125 + 100·0.5 µ$.
        assert_eq!(rates.upper_bound(1_000, 100), NanoUsd::new(175_000));
        assert_eq!(rates.estimate(1_000, 100), NanoUsd::new(150_000));
    }

    proptest::proptest! {
        #[test]
        fn what_is_set_aside_is_never_less_than_what_is_billed(
            input in 0_u64..2_000_000, cache_read in 0_u64..2_000_000,
            write in 0_u64..2_000_000, output in 0_u64..200_000, reasoning in 0_u64..200_000,
        ) {
            let rates = Rates(card(100_000, 500_000));
            let usage = TokenUsage {
                input, cache_read, cache_write_5m: write, cache_write_1h: 0, output, reasoning,
            };
            let billed = rates.cost(&usage).amount().unwrap();
            let held = rates.upper_bound(usage.total_input(), usage.total_output());
            proptest::prop_assert!(billed <= held);
        }
    }
}
