//! What is known here of every model.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use crate::config::Config;
use crate::domain::{Effort, ModelSpec, PicoUsdPerToken, Tier};
use crate::usage::{Price, RateCard};

/// How long before its end a model is warned of, in days.
const NOTICE_DAYS: i64 = 90;

/// Models, other names for them, and what deserves a look.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    pub(super) date: Date,
    pub(super) models: Vec<Model>,
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
}

/// One model.
#[derive(Debug, Serialize)]
pub(super) struct Model {
    pub(super) provider: String,
    pub(super) id: String,
    pub(super) is_configured: bool,
    pub(super) tier: Tier,
    pub(super) context_window: u32,
    pub(super) max_output: u32,
    pub(super) efforts: Vec<Effort>,
    pub(super) ends: Option<Date>,
    pub(super) price: Option<DatedPrice>,
    /// Prices that are announced.
    pub(super) next_prices: Vec<DatedPrice>,
    pub(super) prior_source: String,
}

/// A price from a day on.
#[derive(Debug, Serialize)]
pub(super) struct DatedPrice {
    pub(super) from: Date,
    #[serde(flatten)]
    pub(super) rates: Rates,
    /// Rates for long inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) bands: Vec<Band>,
    pub(super) source: String,
}

/// Rates for all tokens of a call with more input than that.
#[derive(Debug, Serialize)]
pub(super) struct Band {
    pub(super) above_input_tokens: u64,
    #[serde(flatten)]
    pub(super) rates: Rates,
}

/// Dollars per million tokens; `None` where there is no rate.
#[derive(Debug, Serialize)]
pub(super) struct Rates {
    pub(super) input_usd_per_million: f64,
    pub(super) output_usd_per_million: f64,
    pub(super) cache_read_usd_per_million: Option<f64>,
    pub(super) cache_write_5m_usd_per_million: Option<f64>,
    pub(super) cache_write_1h_usd_per_million: Option<f64>,
}

impl Listing {
    pub(super) fn new(config: &Config, today: Date) -> Self {
        let models: Vec<Model> = config
            .models
            .iter()
            .map(|spec| Model::new(config, spec, today))
            .collect();
        let warnings = models.iter().flat_map(|model| model.warnings(today));
        Self {
            date: today,
            warnings: warnings.collect(),
            models,
            aliases: config.aliases.clone(),
        }
    }
}

impl Model {
    fn new(config: &Config, spec: &ModelSpec, today: Date) -> Self {
        let own = config
            .prices
            .iter()
            .filter(|price| price.provider == spec.provider && price.model == spec.id);
        let mut past: Vec<&Price> = own.collect();
        past.sort_by_key(|price| price.from);
        let next = past.split_off(past.partition_point(|price| price.from <= today));
        Self {
            provider: spec.provider.to_string(),
            id: spec.id.to_string(),
            is_configured: config.is_configured(&spec.provider),
            tier: spec.tier,
            context_window: spec.context_window,
            max_output: spec.max_output,
            efforts: spec.request.efforts.clone(),
            ends: spec.ends,
            price: past.last().map(|price| DatedPrice::new(price)),
            next_prices: next.into_iter().map(DatedPrice::new).collect(),
            prior_source: spec.prior_source.clone(),
        }
    }

    fn warnings(&self, today: Date) -> Vec<String> {
        let name = format!("{}/{}", self.provider, self.id);
        let mut warnings = Vec::new();
        let notice = today.saturating_add(NOTICE_DAYS.days());
        match self.ends {
            Some(end) if end <= today => warnings.push(format!("{name} ended on {end}")),
            Some(end) if end <= notice => warnings.push(format!("{name} ends on {end}")),
            _ => {}
        }
        let Some(now) = &self.price else {
            let what = "has no price today: auto does not choose it, and calls are unpriced";
            warnings.push(format!("{name} {what}"));
            return warnings;
        };
        for next in &self.next_prices {
            warnings.push(format!(
                "{name} costs {} from {} on, now {}",
                next.rates, next.from, now.rates
            ));
        }
        warnings
    }
}

impl DatedPrice {
    fn new(price: &Price) -> Self {
        let bands = price.bands.iter().map(|band| Band {
            above_input_tokens: band.above_input,
            rates: Rates::new(&band.rates),
        });
        Self {
            from: price.from,
            rates: Rates::new(&price.rates),
            bands: bands.collect(),
            source: price.source.clone(),
        }
    }
}

impl Rates {
    fn new(card: &RateCard) -> Self {
        Self {
            input_usd_per_million: card.input.usd_per_million(),
            output_usd_per_million: card.output.usd_per_million(),
            cache_read_usd_per_million: card.cache_read.map(PicoUsdPerToken::usd_per_million),
            cache_write_5m_usd_per_million: card
                .cache_write_5m
                .map(PicoUsdPerToken::usd_per_million),
            cache_write_1h_usd_per_million: card
                .cache_write_1h
                .map(PicoUsdPerToken::usd_per_million),
        }
    }
}

impl std::fmt::Display for Rates {
    /// Writes input and output: `$2 / $10`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (input, output) = (self.input_usd_per_million, self.output_usd_per_million);
        write!(f, "${input} / ${output}")
    }
}
