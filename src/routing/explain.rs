//! What stands behind a choice.

use std::time::Duration;

use super::facts::{Choice, Facts};
use super::rank::Ranking;
use super::task::LanguageFinding;
use super::utility::UtilityFunction;
use crate::domain::{Candidate, Decision, Exploration, Flip, Quote};

/// The weights, in the order of [`crate::domain::Terms::list`].
const WEIGHTS: [&str; 4] = ["quality", "cost", "latency", "reliability"];

/// Explains who stands first in a ranking.
pub fn explain(
    facts: &Facts<'_>,
    ranking: &Ranking,
    input: super::InputFactor,
    (exploration, elapsed): (Exploration, Duration),
) -> Decision {
    let well = || {
        ranking
            .usable()
            .filter(|candidate| !candidate.expected.is_down)
    };
    let first = ranking.usable().next();
    let others = || well().filter(|other| first.is_some_and(|first| first.target != other.target));
    let next = others().max_by(|one, other| one.utility.total_cmp(&other.utility));
    let quote = |candidate: &Candidate| {
        Some(Quote {
            target: candidate.target.clone(),
            cost: candidate.expected.cost?,
        })
    };
    let cheapest = well().filter(|candidate| candidate.expected.cost.is_some());
    let cheapest = cheapest.min_by_key(|candidate| candidate.expected.cost);
    // Of equally good ones the first, which has the highest utility.
    let best = well().reduce(|best, next| {
        if next.expected.quality > best.expected.quality {
            next
        } else {
            best
        }
    });
    // No weight changes what the caller has named.
    let is_free = facts.choice == Choice::Any;
    Decision {
        chosen: first.map(|first| first.target.clone()),
        source: facts.task.source.as_str(),
        runner_up: facts.task.runner_up,
        language: facts.task.language.map(|finding| match finding {
            LanguageFinding::Foreign(language) | LanguageFinding::Translation(language) => {
                language.name()
            }
        }),
        input_tokens: (facts.input_tokens as f64 * input.factor).ceil() as u64,
        input_error: input.error,
        weights: ranking.utility.weights(),
        margin: first
            .zip(next)
            .map(|(first, next)| first.utility - next.utility),
        flip: first
            .filter(|_| is_free)
            .and_then(|first| flip(&ranking.utility, first, others())),
        cheapest: cheapest.and_then(quote),
        best: best.and_then(quote),
        exploration,
        elapsed,
    }
}

/// Finds the smallest change of one weight that makes another lead.
///
/// With the difference D = U_first − U_other and the shares s that weight w is
/// multiplied by, w has to change by −D / (s_first − s_other). The others stay
/// as they are, and dividing by a new sum changes nobody's lead.
fn flip<'a>(
    utility: &UtilityFunction,
    first: &Candidate,
    others: impl Iterator<Item = &'a Candidate>,
) -> Option<Flip> {
    let weights = utility.weights();
    let weights = [
        weights.quality,
        weights.cost,
        weights.latency,
        weights.reliability,
    ];
    let is_weighed = weights.iter().all(|weight| *weight > 0.0);
    let shares = |candidate: &Candidate| {
        if is_weighed {
            // Two logarithms fewer.
            let [quality, cost, latency, reliability] = candidate.terms.list();
            let [of_quality, of_cost, of_latency, of_reliability] = weights;
            return [
                quality / of_quality,
                cost / of_cost,
                latency / of_latency,
                reliability / of_reliability,
            ];
        }
        let time = (candidate.expected.latency, candidate.expected.reliability);
        utility.shares(candidate.expected.quality, candidate.expected.cost, time)
    };
    let own = shares(first);
    let changes = others.flat_map(|other| {
        let lead = first.utility - other.utility;
        let pairs = own.into_iter().zip(shares(other));
        let pairs = pairs.zip(weights).zip(WEIGHTS);
        pairs.filter_map(move |(((own, its), from), weight)| {
            let change = -lead / (own - its);
            let to = from + change;
            // Who leads already needs no change; that is so where chance chose.
            let is_one = lead >= 0.0 && change.is_finite() && to >= 0.0;
            is_one.then_some((change.abs(), weight, from, to, other))
        })
    });
    let least = changes.min_by(|(one, ..), (other, ..)| one.total_cmp(other));
    least.map(|(_, weight, from, to, other)| Flip {
        weight,
        from,
        to,
        target: other.target.clone(),
    })
}
