//! Beliefs about a model of which nothing is known: those of its tier.

use crate::domain::{ModelSpec, Prior, Ratio, Tier};

/// Gives every model without priors the medians of its tier at the effort
/// that a model has unasked; of all tiers, if no other model is in its own.
///
/// So that a new model can be routed to as soon as it has a price, and not
/// for nothing: an unknown quality is no quality of 0.
pub(super) fn fill_in(specs: &mut [ModelSpec]) {
    let known: Vec<(Tier, Prior)> = specs.iter().filter_map(usual).collect();
    for spec in specs.iter_mut().filter(|spec| spec.priors.is_empty()) {
        let own: Vec<Prior> = of_tier(&known, Some(spec.tier));
        let (priors, of) = if own.is_empty() {
            (of_tier(&known, None), "all tiers".to_owned())
        } else {
            (own, format!("the tier {}", name(spec.tier)))
        };
        let median = |member: fn(&Prior) -> f64| median(priors.iter().map(member).collect());
        let (quality, ttft_ms) = (median(|p| p.quality.get()), median(|p| p.ttft_ms));
        let speed = median(|prior| prior.tokens_per_second);
        if let (Some(quality), Some(ttft_ms), Some(tokens_per_second)) = (quality, ttft_ms, speed) {
            spec.priors = vec![Prior {
                effort: spec.request.default_effort,
                quality: Ratio::clamped(quality),
                ttft_ms,
                tokens_per_second,
            }];
            spec.prior_source = format!("none of its own: medians of {of} at default efforts");
        }
    }
}

/// Returns the prior at the effort that a model has unasked. Local models
/// say nothing about vendors' ones.
fn usual(spec: &ModelSpec) -> Option<(Tier, Prior)> {
    let prior = spec.prior(spec.request.default_effort)?;
    (spec.tier != Tier::Local).then_some((spec.tier, *prior))
}

fn of_tier(known: &[(Tier, Prior)], wanted: Option<Tier>) -> Vec<Prior> {
    let fits = |tier: Tier| wanted.is_none_or(|wanted| wanted == tier);
    let of_tier = known.iter().filter(|(tier, _)| fits(*tier));
    of_tier.map(|(_, prior)| *prior).collect()
}

/// Returns the middle value, the lower of two; `None` of nothing.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    values.get(middle).copied()
}

fn name(tier: Tier) -> String {
    let json = serde_json::to_value(tier).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_one_of_the_values() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0]), Some(1.0));
        assert_eq!(median(vec![9.0, 1.0, 4.0]), Some(4.0));
    }
}
