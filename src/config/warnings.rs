//! What does not stop the gateway but deserves a look.

use jiff::ToSpan;
use jiff::civil::Date;

use super::fault::Report;
use super::sources::Sources;
use super::{Config, prices};
use crate::domain::ModelSpec;
use crate::stores::StorePlace;
use crate::usage::{Price, RateCard};

/// How long before a model's end it is mentioned, in days.
const NOTICE_DAYS: i64 = 30;

/// Records warnings about variables and about the models of the configured
/// vendors.
pub(super) fn collect(config: &Config, sources: &Sources, report: &mut Report) {
    if config.is_on_cloud_run && !matches!(config.store_place, StorePlace::Postgres(_)) {
        report.warn(
            "Cloud Run's disk is memory and ends with the instance: usage, budgets and what was \
             learned do as well; set DATABASE_URL to a Postgres database to keep them",
        );
    }
    let today = sources.today;
    about_models(config, today, report);
}

fn about_models(config: &Config, today: Date, report: &mut Report) {
    let models = config
        .models
        .iter()
        .filter(|spec| config.is_configured(&spec.provider));
    let notice = today.saturating_add(NOTICE_DAYS.days());
    for spec in models {
        let name = spec.canonical();
        if let Some(end) = spec.ends {
            if end <= today {
                report.warn(format!("{name} ended on {end} and is not routed to"));
            } else if end <= notice {
                report.warn(format!("{name} ends on {end}"));
            }
        }
        about_price(config, spec, today, notice, report);
    }
}

fn about_price(config: &Config, spec: &ModelSpec, today: Date, notice: Date, report: &mut Report) {
    let name = spec.canonical();
    let own = || {
        config
            .prices
            .iter()
            .filter(|price| prices::is_of(price, spec))
    };
    let Some(now) = own().rfind(|price| price.from <= today) else {
        report.warn(format!(
            "{name} has no price today and is not routed to unasked"
        ));
        return;
    };
    for next in own().filter(|price| today < price.from && price.from <= notice) {
        if in_and_out(next) == in_and_out(now) {
            report.warn(format!(
                "{name} costs as much as now for plain input and output from {} on, but has other \
                 rates for the cache or for long inputs",
                next.from
            ));
            continue;
        }
        report.warn(format!(
            "{name} costs {} dollars per million tokens of input / output from {} on, now {}",
            in_and_out(next),
            next.from,
            in_and_out(now)
        ));
    }
}

fn in_and_out(price: &Price) -> String {
    let RateCard { input, output, .. } = price.rates;
    format!("{} / {}", input.usd_per_million(), output.usd_per_million())
}
