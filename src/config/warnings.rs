//! What does not stop the gateway but deserves a look.

use jiff::ToSpan;
use jiff::civil::Date;

use super::fault::Report;
use super::{Config, prices};

/// How long before a model's end it is mentioned, in days.
const NOTICE_DAYS: i64 = 30;

/// Records warnings about the models of the configured vendors.
pub(super) fn collect(config: &Config, today: Date, report: &mut Report) {
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
        let mut own = config
            .prices
            .iter()
            .filter(|price| prices::is_of(price, spec));
        if !own.any(|price| price.from <= today) {
            report.warn(format!(
                "{name} has no price today and is not routed to unasked"
            ));
        }
        if spec.priors.is_empty() {
            report.warn(format!("{name} has no prior and is not routed to unasked"));
        }
    }
    let served = ["openai", "anthropic", "local"];
    for spec in &config.models {
        if !served.contains(&spec.provider.as_str()) {
            let name = spec.canonical();
            report.warn(format!(
                "{name} cannot be used: this version does not serve its vendor"
            ));
        }
    }
}
