//! Orders the targets of a request.

use super::estimate::Estimator;
use super::facts::{Choice, Facts};
use super::filter;
use super::settings::Settings;
use super::utility::UtilityFunction;
use crate::domain::{Candidate, Catalogue, Effort, Estimate, FilterReason, ModelSpec, Target};

/// The targets of a request in the order in which to try them.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// What they were compared by.
    pub utility: UtilityFunction,
    /// Those that can answer, best first, those of providers that are down
    /// after the others; then those that cannot, in catalogue order, each
    /// with the reason.
    pub candidates: Vec<Candidate>,
}

impl Ranking {
    /// Lists the targets that can answer, best first.
    pub fn usable(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates
            .iter()
            .filter(|candidate| candidate.filtered_by.is_none())
    }

    /// Rules out the candidates that `is_barred` names.
    pub fn rule_out(&mut self, reason: FilterReason, is_barred: impl Fn(&Target) -> bool) {
        for candidate in &mut self.candidates {
            if candidate.filtered_by.is_none() && is_barred(&candidate.target) {
                candidate.filtered_by = Some(reason);
            }
        }
        // The sort is stable: what can answer keeps its order.
        self.candidates
            .sort_by_key(|candidate| candidate.filtered_by.is_some());
    }

    /// Says in one sentence why the first candidate leads.
    pub fn reason(&self) -> String {
        let mut usable = self.usable();
        let Some(first) = usable.next() else {
            return "no target can answer".to_owned();
        };
        let more = usable.filter(|next| next.utility > first.utility);
        let (down, well): (Vec<_>, Vec<_>) = more.partition(|next| next.expected.is_down);
        if let Some(best) = well.first() {
            let behind = best.utility - first.utility;
            return format!(
                "{} was chosen by chance, to learn about it, {behind:.3} behind {}",
                first.target, best.target
            );
        }
        let lead = self.usable().nth(1).map_or_else(String::new, |next| {
            let lead = first.utility - next.utility;
            format!(", {lead:.3} ahead of {}", next.target)
        });
        let (lead, down) = match down.first() {
            Some(down) => (
                String::new(),
                format!("; {} has more, but its provider is down", down.target),
            ),
            None => (lead, String::new()),
        };
        format!(
            "{} has the highest utility, {:.3}{lead}{down}",
            first.target, first.utility
        )
    }
}

/// Ranks every target of `catalogue` that `facts` leave in question.
///
/// Pure: the same arguments give the same order. Ties go by catalogue order.
/// A named model is never ruled out for want of a prior or a price, since
/// the caller has chosen it.
pub fn rank(
    facts: &Facts<'_>,
    catalogue: &Catalogue,
    settings: &Settings,
    estimator: &dyn Estimator,
) -> Ranking {
    let utility = UtilityFunction::new(settings, facts.requirements, facts.cost_pressure);
    let is_named = matches!(facts.choice, Choice::Named { .. });
    let models = catalogue
        .models()
        .iter()
        .filter(|spec| is_in_question(facts.choice, spec));
    // Two efforts a model, more or less: growing would move them all.
    let mut candidates = Vec::with_capacity(2 * catalogue.models().len());
    for spec in models {
        let whole_model = filter::by_model(facts, spec);
        let efforts = filter::efforts(facts, spec, settings.max_auto_effort, is_named);
        let estimates = estimator.estimate(facts, spec, &efforts);
        for (effort, estimate) in efforts.into_iter().zip(estimates) {
            let reason = whole_model
                .or_else(|| filter::by_estimate(facts, spec, effort, estimate.as_ref()))
                .filter(|reason| !(is_named && is_forgiven(*reason)));
            candidates.push(Some(candidate(spec, effort, estimate, &utility, reason)));
        }
    }
    Ranking {
        utility,
        candidates: in_order(candidates),
    }
}

/// Puts the best first, those of providers that are down after the others, and
/// those that are ruled out last, as they come.
fn in_order(mut candidates: Vec<Option<Candidate>>) -> Vec<Candidate> {
    // Candidates are large, so their places are sorted, and each moves once.
    let keys = candidates.iter().enumerate().map(|(place, candidate)| {
        let (tier, utility) = match candidate {
            Some(candidate) if candidate.filtered_by.is_some() => (2, 0.0),
            Some(candidate) => (u8::from(candidate.expected.is_down), candidate.utility),
            None => (2, 0.0),
        };
        (tier, utility, place)
    });
    let mut keys: Vec<(u8, f64, usize)> = keys.collect();
    keys.sort_unstable_by(|a, b| {
        let by_utility = || b.1.total_cmp(&a.1);
        // Ties keep the order of the catalogue.
        a.0.cmp(&b.0).then_with(by_utility).then(a.2.cmp(&b.2))
    });
    let places = keys.into_iter().map(|(_, _, place)| place);
    places
        .filter_map(|place| candidates.get_mut(place)?.take())
        .collect()
}

fn is_in_question(choice: Choice<'_>, spec: &ModelSpec) -> bool {
    match choice {
        Choice::Any => true,
        Choice::Named { provider, model } => {
            spec.provider.as_str() == provider && spec.id.as_str() == model
        }
    }
}

const fn is_forgiven(reason: FilterReason) -> bool {
    matches!(reason, FilterReason::NoPrior | FilterReason::Unpriced)
}

fn candidate(
    spec: &ModelSpec,
    effort: Option<Effort>,
    estimate: Option<Estimate>,
    utility: &UtilityFunction,
    filtered_by: Option<FilterReason>,
) -> Candidate {
    let unknown = Candidate {
        filtered_by,
        ..Candidate::unknown(spec.target(effort))
    };
    let Some(estimate) = estimate else {
        return unknown;
    };
    let terms = utility.terms(&estimate);
    Candidate {
        utility: terms.utility(),
        terms,
        expected: estimate,
        ..unknown
    }
}
