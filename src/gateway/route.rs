//! From a request to the targets that may answer it, in order.

use super::Gateway;
use super::bounds::Size;
use super::call::CallContext;
use super::jitter::jitter;
use super::knowledge::Knowledge;
use super::learning::question;
use super::plan::Plan;
use super::refusal;
use crate::domain::{
    Caller, Candidate, Capability, CompletionRequest, Error, ErrorKind, Exploration, FilterReason,
    ModelSelector, ModelSpec, NanoUsd, RoutingReport, Target, TaskGuess,
};
use crate::limit::Admission;
use crate::routing::{
    Choice, Facts, Features, FreshRates, LearnedEstimator, Prices, PromptQualities, Ranking,
    TaskEstimate, explain, explore, rank,
};
use crate::usage::PriceTable;

use jiff::Timestamp;
use tokio::time::Instant;

/// A target that is less likely to succeed loses its conversations (chosen).
const KEPT_RELIABILITY: f64 = 0.5;
/// Keep the draws of a call apart from its other ones.
const EXPLORES: u64 = 0x6578_706c;
const EXPLORED: u64 = EXPLORES + 1;

/// Where a call may go, and why.
pub(super) struct Route {
    /// Whom to ask, in order.
    pub(super) plan: Plan,
    /// The tokens that are asked for, answer included.
    pub(super) size: u64,
    /// The kind of work.
    pub(super) task: TaskEstimate,
    /// The explanation, still without attempts.
    pub(super) report: RoutingReport,
}

impl Gateway {
    /// Ranks the targets of a request, whose last question may be embedded
    /// already.
    pub(super) fn route(
        &self,
        call: &CallContext<'_>,
        named: Option<&ModelSpec>,
        vector: Option<&[f32]>,
    ) -> Result<Route, Error> {
        let (began, at) = (Instant::now(), self.clock.now());
        let (caller, request) = (call.caller, call.request);
        if self.providers.is_empty() {
            return Err(Error::new(
                ErrorKind::ProviderUnavailable,
                "no provider is configured: set OPENAI_API_KEY, ANTHROPIC_API_KEY or \
                 LOCAL_OPENAI_BASE_URL and start again",
            ));
        }
        if let Some(spec) = named
            && !call.admission.allows(spec)
        {
            return Err(refusal::not_allowed(caller, spec));
        }
        let choice = named.map_or(Choice::Any, |spec| Choice::Named {
            provider: spec.provider.as_str(),
            model: spec.id.as_str(),
        });
        let task = self.learning.classify(request, vector);
        let mut facts = Facts::new(request, choice, (task, at));
        facts.caller = call.caller_hash;
        facts.cost_pressure = call.admission.pressure();
        let free = facts.needs.without(Capability::JsonSchema);
        if named.is_some() {
            // The gateway itself holds a model to a schema.
            facts.needs = free;
        }
        let taught = self.learning.taught();
        let qualities = taught.of(&facts.mix, || Features::read(&question(request), vector));
        let mut ranking = self.rank(call, &facts, &qualities);
        if ranking.usable().next().is_none() && facts.needs != free {
            facts.needs = free;
            ranking = self.rank(call, &facts, &qualities);
        }
        let kept = self.kept(caller, request, &ranking);
        let is_settled = named.is_some() || kept.is_some() || request.requirements.high_quality;
        let exploration = if is_settled {
            Exploration::NONE
        } else {
            let draws = [EXPLORES, EXPLORED].map(|salt| jitter(call.id, salt));
            explore(&mut ranking, self.routing.exploration_share, draws)
        };
        let mut reason = reason(request, named, &ranking);
        if named.is_none() && facts.cost_pressure > 0.0 {
            reason += "; low cost weighs more, for the budget goes faster than its period";
        }
        if let Some(place) = kept {
            let kept = ranking.candidates.remove(place);
            reason = format!("the conversation stays with {}", kept.target);
            ranking.candidates.insert(0, kept);
        }
        if let Some(spec) = named
            && request.requirements.failover == Some(true)
        {
            let others = self.others(call, spec, (&facts, &qualities));
            ranking.candidates.extend(others);
        }
        if ranking.usable().next().is_none() {
            let catalogue = &call.known.catalogue;
            let affordable = call.affordable;
            return Err(refusal::nothing_can_answer(
                &facts, &ranking, catalogue, affordable,
            ));
        }
        let input = ranking.candidates.first().map(|first| {
            let Target {
                provider, model, ..
            } = &first.target;
            let state = self.learning.state();
            state.experience().input(provider, model, at)
        });
        let input = input.unwrap_or_default();
        let decision = explain(&facts, &ranking, input, (exploration, began.elapsed()));
        let candidates = ranking.candidates;
        let is_alone = named.is_none() && request.requirements.failover == Some(false);
        let usable = candidates.iter().enumerate();
        let places = usable
            .filter(|(_, candidate)| candidate.filtered_by.is_none())
            .map(|(place, _)| place)
            .take(if is_alone { 1 } else { usize::MAX });
        Ok(Route {
            plan: Plan::new(places),
            size: facts.size(),
            task,
            report: RoutingReport {
                task: TaskGuess {
                    label: task.label,
                    confidence: task.confidence,
                },
                reason,
                candidates,
                attempts: Vec::new(),
                decision: Some(Box::new(decision)),
            },
        })
    }

    /// Finds the place of the target that answered the conversation so far,
    /// if it can go on.
    fn kept(
        &self,
        caller: &Caller,
        request: &CompletionRequest,
        ranking: &Ranking,
    ) -> Option<usize> {
        let target = self.conversations.target(caller, request)?;
        let mut candidates = ranking.candidates.iter();
        let place = candidates.position(|next| next.target == target)?;
        let kept = ranking.candidates.get(place)?;
        let (provider, model) = (&target.provider, &target.model);
        let closure = self
            .circuits
            .now()
            .closure(provider, model, 0, Instant::now());
        let can_go_on = kept.filtered_by.is_none() && kept.expected.reliability >= KEPT_RELIABILITY;
        (closure.is_none() && can_go_on).then_some(place)
    }

    fn rank(
        &self,
        call: &CallContext<'_>,
        facts: &Facts<'_>,
        qualities: &PromptQualities<'_>,
    ) -> Ranking {
        let money = call.affordable.map(|left| (Size::of(call.request), left));
        self.rank_for(call.known, (call.admission, money), facts, qualities)
    }

    /// Ranks the targets for a caller, by its rights and, where that is known,
    /// by what is left for a request of a size.
    pub(super) fn rank_for(
        &self,
        known: &Knowledge,
        (admission, money): (&Admission, Option<(Size, NanoUsd)>),
        facts: &Facts<'_>,
        qualities: &PromptQualities<'_>,
    ) -> Ranking {
        let mut ranking = self.rank_all(known, facts, qualities);
        if !admission.is_free() {
            ranking.rule_out(FilterReason::Models, |target| {
                let spec = known.catalogue.spec(&target.provider, &target.model);
                spec.is_some_and(|spec| !admission.allows(spec))
            });
        }
        if let Some((size, left)) = money {
            self.rule_out_unaffordable(&mut ranking, known, size, left);
        }
        ranking
    }

    /// Ranks the targets, whoever asks.
    fn rank_all(
        &self,
        known: &Knowledge,
        facts: &Facts<'_>,
        qualities: &PromptQualities<'_>,
    ) -> Ranking {
        // One look at each serves all targets.
        let state = self.learning.state();
        let health = self
            .health
            .now(self.circuits.now(), &self.places, facts.size());
        let estimator = LearnedEstimator {
            prices: &known.prices,
            health: &health,
            experience: state.experience(),
            qualities,
            expected_output_tokens: self.routing.expected_output_tokens,
        };
        rank(facts, &known.catalogue, &self.routing, &estimator)
    }

    /// Lists what may answer in place of a named model: its configured
    /// fallbacks in their order, then the best of the rest.
    fn others(
        &self,
        call: &CallContext<'_>,
        named: &ModelSpec,
        (facts, qualities): (&Facts<'_>, &PromptQualities<'_>),
    ) -> Vec<Candidate> {
        let needs = call.request.needs();
        let ranking = self.rank(
            call,
            &Facts {
                choice: Choice::Any,
                cost_pressure: 0.0,
                needs,
                ..facts.clone()
            },
            qualities,
        );
        let fallbacks = self.routing.fallbacks.get(&named.canonical());
        let place = |target: &Target| {
            let name = format!("{}/{}", target.provider, target.model);
            let position = fallbacks.and_then(|list| list.iter().position(|next| *next == name));
            position.unwrap_or(usize::MAX)
        };
        let mut others: Vec<Candidate> = ranking
            .usable()
            .filter(|next| next.target.provider != named.provider || next.target.model != named.id)
            .cloned()
            .collect();
        others.sort_by_cached_key(|next| place(&next.target));
        others
    }
}

impl Prices for PriceTable {
    fn fresh(&self, spec: &ModelSpec, input: u64, at: Timestamp) -> Option<FreshRates> {
        let rates = self.rates(&spec.provider, &spec.id, input, at)?;
        let (input, output) = rates.fresh();
        Some(FreshRates { input, output })
    }
}

fn reason(request: &CompletionRequest, named: Option<&ModelSpec>, ranking: &Ranking) -> String {
    match (&request.model, named) {
        (ModelSelector::Named(name), Some(spec))
            if name != spec.id.as_str() && *name != spec.canonical() =>
        {
            format!("the caller named {name}, an alias of {}", spec.canonical())
        }
        (_, Some(spec)) => format!("the caller named {}", spec.canonical()),
        (_, None) => ranking.reason(),
    }
}
