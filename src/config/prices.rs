//! `pricing.yaml`: what models cost, from which day on, and who says so.

use std::collections::{BTreeMap, BTreeSet};

use config::ValueKind;
use jiff::civil::{Date, date};
use serde::Deserialize;

use super::fault::Report;
use super::files::Document;
use super::path::Path;
use super::{document, fault_at, typed};
use crate::domain::{ModelId, ModelSpec, PicoUsdPerToken, ProviderName};
use crate::usage::{Band, Price, RateCard};

/// A day before any call of ours: what a price without a beginning is dated.
const EPOCH: Date = date(1970, 1, 1);

/// One row. Rates are pico-dollars per token, which are micro-dollars per
/// million tokens; signed, so that a negative one gets a reason of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceForm {
    model: Option<String>,
    from: Option<Date>,
    source: Option<String>,
    input: Option<i64>,
    output: Option<i64>,
    cache_read: Option<i64>,
    cache_write_5m: Option<i64>,
    cache_write_1h: Option<i64>,
    #[serde(default)]
    bands: Vec<BandForm>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BandForm {
    above_input: Option<i64>,
    input: Option<i64>,
    output: Option<i64>,
    cache_read: Option<i64>,
    cache_write_5m: Option<i64>,
    cache_write_1h: Option<i64>,
}

/// Puts the documents together: a later row replaces the one with the same
/// model and day. Local models without a row are free.
pub(super) fn read(
    documents: Vec<Document>,
    models: &[ModelSpec],
    names: &BTreeSet<String>,
    report: &mut Report,
) -> Vec<Price> {
    let mut rows: BTreeMap<(String, Date), Price> = BTreeMap::new();
    for document in documents {
        let mut seen = BTreeSet::new();
        for (path, form) in forms(&document, report) {
            let Some(price) = form.price(&document.source, &path, report) else {
                continue;
            };
            let name = format!("{}/{}", price.provider, price.model);
            if !names.contains(&name) {
                let source = &document.source;
                report.warn(format!("{source}: {path}: no model is named {name}"));
            }
            let key = (name, price.from);
            if !seen.insert(key.clone()) {
                let reason = format!("{} has two prices from {}", key.0, key.1);
                fault_at(report, &document.source, &path, reason);
            }
            rows.insert(key, price);
        }
    }
    let mut prices: Vec<Price> = rows.into_values().collect();
    let free: Vec<Price> = models
        .iter()
        .filter(|spec| spec.provider.as_str() == "local")
        .filter(|spec| prices.iter().all(|price| !is_of(price, spec)))
        .map(free_of_charge)
        .collect();
    prices.extend(free);
    prices
}

/// Tells whether a price is a model's.
pub(super) fn is_of(price: &Price, spec: &ModelSpec) -> bool {
    price.provider == spec.provider && price.model == spec.id
}

fn free_of_charge(spec: &ModelSpec) -> Price {
    let zero = PicoUsdPerToken::new(0);
    Price {
        provider: spec.provider.clone(),
        model: spec.id.clone(),
        from: EPOCH,
        rates: RateCard {
            input: zero,
            output: zero,
            cache_read: Some(zero),
            cache_write_5m: Some(zero),
            cache_write_1h: Some(zero),
        },
        bands: Vec::new(),
        source: "a server of the team's own".to_owned(),
    }
}

fn forms(document: &Document, report: &mut Report) -> Vec<(Path, PriceForm)> {
    let source = &document.source;
    for key in document.members.keys().filter(|key| *key != "prices") {
        let path = Path::default().key(key);
        let reason = format!("unknown key `{key}`; keys here: prices");
        fault_at(report, source, &path, reason);
    }
    let path = Path::dotted("prices");
    let rows = match document.members.get("prices").map(|value| &value.kind) {
        None | Some(ValueKind::Nil) => return Vec::new(),
        Some(ValueKind::Array(rows)) => rows,
        Some(_) => {
            fault_at(report, source, &path, "must be a list of prices");
            return Vec::new();
        }
    };
    let mut forms = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = path.index(index);
        let reading = typed::read::<PriceForm>(document::to_json(row));
        for (place, reason) in reading.faults {
            fault_at(report, source, &path.join(&place), reason);
        }
        // What can be read of a faulty row is checked all the same, so that
        // its other faults come now.
        forms.extend(reading.value.map(|form| (path, form)));
    }
    forms
}

/// Reports a fault that may be but what follows from another at its place.
fn unless_faulty(report: &mut Report, source: &str, path: &Path, reason: &str) {
    if !report.has_fault_at(source, path) {
        fault_at(report, source, path, reason);
    }
}

impl PriceForm {
    fn price(self, source: &str, path: &Path, report: &mut Report) -> Option<Price> {
        let mut missing = |key: &str, is_missing: bool| {
            if is_missing {
                unless_faulty(report, source, &path.key(key), "is missing");
            }
        };
        missing("model", self.model.is_none());
        missing("from", self.from.is_none());
        missing(
            "source",
            self.source
                .as_ref()
                .is_none_or(|text| text.trim().is_empty()),
        );
        let card = Rates {
            input: self.input,
            output: self.output,
            cache_read: self.cache_read,
            cache_write_5m: self.cache_write_5m,
            cache_write_1h: self.cache_write_1h,
        };
        let rates = card.check(source, path, report);
        let bands = bands(self.bands, source, path, report);
        let model = self.model?;
        let name = model.split_once('/').filter(|(provider, id)| {
            ProviderName::KNOWN.contains(provider) && super::models::is_model_id(id)
        });
        if name.is_none() {
            let reason = "must be provider/id, as in openai/gpt-6-luna";
            fault_at(report, source, &path.key("model"), reason);
        }
        let (provider, id) = name?;
        Some(Price {
            provider: ProviderName::new(provider),
            model: ModelId::new(id),
            from: self.from?,
            rates: rates?,
            bands: bands?,
            source: self.source?,
        })
    }
}

fn bands(
    forms: Vec<BandForm>,
    source: &str,
    path: &Path,
    report: &mut Report,
) -> Option<Vec<Band>> {
    let mut bands: Vec<Band> = Vec::new();
    let mut is_whole = true;
    for (index, form) in forms.into_iter().enumerate() {
        let path = path.key("bands").index(index);
        let least = bands.last().map_or(0, |band| band.above_input);
        let above_input = form
            .above_input
            .and_then(|tokens| u64::try_from(tokens).ok())
            .filter(|tokens| *tokens > least);
        if above_input.is_none() {
            let reason = "must be a number of tokens, 1 or more, rising from band to band";
            unless_faulty(report, source, &path.key("above_input"), reason);
        }
        let card = Rates {
            input: form.input,
            output: form.output,
            cache_read: form.cache_read,
            cache_write_5m: form.cache_write_5m,
            cache_write_1h: form.cache_write_1h,
        };
        match (above_input, card.check(source, &path, report)) {
            (Some(above_input), Some(rates)) => bands.push(Band { above_input, rates }),
            _ => is_whole = false,
        }
    }
    is_whole.then_some(bands)
}

/// Rates before they are checked.
struct Rates {
    input: Option<i64>,
    output: Option<i64>,
    cache_read: Option<i64>,
    cache_write_5m: Option<i64>,
    cache_write_1h: Option<i64>,
}

impl Rates {
    fn check(&self, source: &str, path: &Path, report: &mut Report) -> Option<RateCard> {
        let mut is_whole = true;
        let mut rate = |key: &str, picos: Option<i64>| {
            let picos = picos?;
            let rate = u64::try_from(picos).ok().map(PicoUsdPerToken::new);
            if rate.is_none() {
                let reason = "must not be negative (pico-dollars per token)";
                fault_at(report, source, &path.key(key), reason);
                is_whole = false;
            }
            rate
        };
        let (input, output) = (rate("input", self.input), rate("output", self.output));
        let cache_read = rate("cache_read", self.cache_read);
        let cache_write_5m = rate("cache_write_5m", self.cache_write_5m);
        let cache_write_1h = rate("cache_write_1h", self.cache_write_1h);
        for (key, value) in [("input", self.input), ("output", self.output)] {
            if value.is_none() {
                unless_faulty(report, source, &path.key(key), "is missing");
            }
        }
        let card = RateCard {
            input: input?,
            output: output?,
            cache_read,
            cache_write_5m,
            cache_write_1h,
        };
        is_whole.then_some(card)
    }
}
