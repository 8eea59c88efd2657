//! What holds for every decision, whatever the models are like.

use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    Belief, Candidate, Capabilities, Catalogue, CompletionRequest, Draft, Effort, EffortForm,
    Estimate, Exploration, MaxTokensField, Message, ModelId, ModelSpec, NanoUsd, Prior,
    ProviderName, Ratio, RequestPolicy, Role, SamplingRule, TaskLabel, Tier, ToolsRule, Weights,
};

/// What is expected of one model: quality, nano-dollars, milliseconds and
/// reliability, any of which may be nonsense.
#[derive(Clone, Copy, Debug)]
struct Expectation {
    quality: f64,
    cost: Option<i64>,
    latency_ms: u64,
    reliability: f64,
}

struct Told(Vec<Expectation>);

impl Estimator for Told {
    fn estimate(
        &self,
        _: &Facts<'_>,
        spec: &ModelSpec,
        efforts: &[Option<Effort>],
    ) -> Vec<Option<Estimate>> {
        let place: usize = spec.id.as_str().parse().unwrap();
        let told = self.0[place];
        let estimate = Estimate {
            quality: told.quality,
            belief: Belief::default(),
            cost: told.cost.map(NanoUsd::new),
            output_tokens: 1,
            latency: Duration::from_millis(told.latency_ms),
            to_first: Duration::ZERO,
            reliability: told.reliability,
            is_down: false,
        };
        efforts.iter().map(|_| Some(estimate)).collect()
    }
}

fn spec(place: usize) -> ModelSpec {
    ModelSpec {
        provider: ProviderName::new("openai"),
        id: ModelId::new(place.to_string()),
        vertex_id: None,
        tier: Tier::Balanced,
        context_window: 100_000,
        max_output: 10_000,
        max_unstreamed_output: None,
        ends: None,
        capabilities: Capabilities::default(),
        request: RequestPolicy {
            max_tokens_field: MaxTokensField::MaxTokens,
            sampling: SamplingRule::Any,
            temperature: (0.0, 2.0),
            max_stop_sequences: 4,
            seed_field: None,
            efforts: Vec::new(),
            default_effort: None,
            effort_form: EffortForm::Name,
            reasoning_allowance: Vec::new(),
            allows_prefill: true,
            tools: ToolsRule::Any,
            allows_forced_tool: true,
            max_tools: 10,
            max_tool_name: 64,
            allows_format_with_tools: true,
        },
        priors: vec![Prior {
            effort: None,
            quality: Ratio::try_from(0.5).unwrap(),
            ttft_ms: 500.0,
            tokens_per_second: 50.0,
        }],
        prior_source: String::new(),
    }
}

fn request(weights: [f64; 4]) -> CompletionRequest {
    let draft = Draft {
        messages: Some(vec![Message::text(Role::User, "hello")]),
        ..Draft::default()
    };
    let mut request = draft.check(Duration::from_secs(9)).unwrap();
    let [quality, cost, latency, reliability] = weights;
    request.requirements.weights = Some(Weights {
        quality,
        cost,
        latency,
        reliability,
    });
    request
}

/// Ranks models like that by those weights.
fn ranked(models: &[Expectation], weights: [f64; 4]) -> Ranking {
    let request = request(weights);
    let at = Timestamp::UNIX_EPOCH;
    let task = TaskEstimate::told(TaskLabel::General);
    let facts = Facts::new(&request, Choice::Any, (task, at));
    let catalogue = Catalogue::new((0..models.len()).map(spec).collect(), [], []);
    rank(
        &facts,
        &catalogue,
        &Settings::default(),
        &Told(models.to_vec()),
    )
}

fn first(ranking: &Ranking) -> Option<&Candidate> {
    ranking.usable().next()
}

fn sane() -> impl Strategy<Value = Expectation> {
    (0.0..=1.0, 0..200_000_000_i64, 1..100_000_u64, 0.0..=1.0).prop_map(
        |(quality, cost, latency_ms, reliability)| Expectation {
            quality,
            cost: Some(cost),
            latency_ms,
            reliability,
        },
    )
}

fn strange() -> impl Strategy<Value = Expectation> {
    let number = || prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), 0.0..=1.0];
    (number(), any::<Option<i64>>(), any::<u64>(), number()).prop_map(
        |(quality, cost, latency_ms, reliability)| Expectation {
            quality,
            cost,
            latency_ms,
            reliability,
        },
    )
}

fn weights() -> impl Strategy<Value = [f64; 4]> {
    [0.01..1.0, 0.01..1.0, 0.01..1.0, 0.01..1.0]
}

/// Returns a model that is worse in each respect, or equal in some.
fn dominated(model: Expectation, by: [f64; 4]) -> Expectation {
    let [quality, cost, latency, reliability] = by;
    Expectation {
        quality: model.quality * quality,
        cost: model.cost.map(|own| own + (cost * 1e6) as i64),
        latency_ms: model.latency_ms + (latency * 1e3) as u64,
        reliability: model.reliability * reliability,
    }
}

proptest! {
    #[test]
    fn the_terms_sum_to_the_utility(models in vec(strange(), 1..20), by in weights()) {
        let ranking = ranked(&models, by);

        for candidate in &ranking.candidates {
            let [quality, cost, latency, reliability] = candidate.terms.list();
            let sum = quality + cost + latency + reliability;
            prop_assert_eq!(sum.to_bits(), candidate.utility.to_bits());
            prop_assert!((-1.0..=1.0 + 1e-9).contains(&candidate.utility));
        }
    }

    #[test]
    fn a_heavier_weight_never_worsens_its_term_of_the_winner(
        models in vec(sane(), 1..20),
        by in weights(),
        which in 0..4_usize,
        more in 0.0..5.0,
    ) {
        let mut heavier = by;
        heavier[which] += more;
        // The term before weighting, or a heavier weight would do by itself.
        let term = |weights: [f64; 4]| {
            let ranking = ranked(&models, weights);
            let winner = first(&ranking).unwrap();
            winner.terms.list()[which] / weights[which] * weights.iter().sum::<f64>()
        };

        prop_assert!(term(heavier) >= term(by) - 1e-9);
    }

    #[test]
    fn a_dominated_model_changes_nothing(
        models in vec(sane(), 1..10),
        by in weights(),
        of in any::<prop::sample::Index>(),
        worse in [0.0..=1.0, 0.0..=1.0, 0.0..=1.0, 0.0..=1.0],
    ) {
        let before = ranked(&models, by);
        let mut more = models.clone();
        more.push(dominated(models[of.index(models.len())], worse));

        let after = ranked(&more, by);

        // The new one comes last in the catalogue, so ties are the others'.
        prop_assert_eq!(&first(&before).unwrap().target, &first(&after).unwrap().target);
    }

    #[test]
    fn the_order_of_the_catalogue_matters_in_ties_alone(
        models in vec(sane(), 2..10),
        by in weights(),
    ) {
        let forwards = ranked(&models, by);
        let mut turned = models.clone();
        turned.reverse();
        let backwards = ranked(&turned, by);

        let (one, other) = (first(&forwards).unwrap(), first(&backwards).unwrap());
        prop_assert_eq!(one.utility.to_bits(), other.utility.to_bits());
    }

    #[test]
    fn exploring_replays_and_its_chances_are_exact(
        models in vec(sane(), 1..12),
        by in weights(),
        share in 0.0..=0.2,
        draws in [0.0..1.0, 0.0..1.0],
    ) {
        let choose = |draws: [f64; 2]| {
            let mut ranking = ranked(&models, by);
            let best = first(&ranking).unwrap().clone();
            let exploration = explore(&mut ranking, share, draws);
            (best, first(&ranking).unwrap().clone(), exploration)
        };

        let (best, chosen, exploration) = choose(draws);
        let (_, again, _) = choose(draws);

        prop_assert_eq!(&chosen.target, &again.target);
        prop_assert!(chosen.utility >= best.utility - 0.03);
        prop_assert_eq!(exploration.is_explored, chosen.target != best.target);
        prop_assert!(exploration.propensity > 0.0 && exploration.propensity <= 1.0);
        if share == 0.0 {
            prop_assert_eq!(exploration, Exploration::NONE);
        }
    }

    #[test]
    fn the_flip_named_does_flip(models in vec(sane(), 2..10), by in weights()) {
        let ranking = ranked(&models, by);
        let request = request(by);
        let at = Timestamp::UNIX_EPOCH;
        let task = TaskEstimate::told(TaskLabel::General);
        let facts = Facts::new(&request, Choice::Any, (task, at));
        let input = InputFactor::default();
        let decision = explain(&facts, &ranking, input, (Exploration::NONE, Duration::ZERO));
        let Some(flip) = decision.flip else {
            return Ok(());
        };
        let sum: f64 = by.iter().sum();
        let place = ["quality", "cost", "latency", "reliability"]
            .iter()
            .position(|name| *name == flip.weight)
            .unwrap();
        let mut beyond = by.map(|weight| weight / sum);
        prop_assert!((beyond[place] - flip.from).abs() < 1e-9);
        let step = (flip.to - flip.from) * 1e-6;
        beyond[place] = flip.to + step + step.signum() * 1e-9;
        prop_assume!(beyond[place] >= 0.0);

        let after = ranked(&models, beyond);

        let leads = first(&after).unwrap();
        let named = after.candidates.iter().find(|one| one.target == flip.target).unwrap();
        // Others may tie with it at the same point.
        prop_assert!(named.utility >= leads.utility - 1e-6);
        prop_assert!(decision.margin.unwrap() >= 0.0);
    }
}

#[test]
fn chance_chooses_as_often_as_it_says() {
    let model = |quality| Expectation {
        quality,
        cost: Some(1_000_000),
        latency_ms: 1_000,
        reliability: 0.9,
    };
    let models = [model(0.80), model(0.79), model(0.78), model(0.2)];
    let mut chosen = [0_u32; 4];
    let mut chances = [0.0; 4];
    let steps = 200_u32;
    for (whether, which) in (0..steps).flat_map(|one| (0..steps).map(move |two| (one, two))) {
        let mut ranking = ranked(&models, [0.5, 0.2, 0.2, 0.1]);
        let draws = [whether, which].map(|draw| (f64::from(draw) + 0.5) / f64::from(steps));
        let exploration = explore(&mut ranking, 0.1, draws);
        let place: usize = first(&ranking)
            .unwrap()
            .target
            .model
            .as_str()
            .parse()
            .unwrap();
        chosen[place] += 1;
        chances[place] = exploration.propensity;
    }

    let all = f64::from(steps * steps);
    for (count, chance) in chosen.into_iter().zip(chances) {
        assert!(
            (f64::from(count) / all - chance).abs() < 0.002,
            "{chosen:?} {chances:?}"
        );
    }
    assert!((chances[0] - (0.9 + 0.1 / 3.0)).abs() < 1e-9);
    assert_eq!(chosen[3], 0, "who is far behind is not tried out");
}
