//! What a completion would cost, without asking anybody.

use std::time::Duration;

use super::Gateway;
use super::bounds::Size;
use super::feedback::caller_hash;
use super::refusal;
use crate::domain::{
    Caller, CompletionRequest, Draft, Effort, Error, Message, ModelId, ModelSpec, NanoUsd,
    ProviderName, Role, Target, TaskLabel,
};
use crate::routing::{Choice, Facts, Features, LearnedEstimator, TaskEstimate};

/// The most tokens that are predicted for; no model takes as many.
const MOST_TOKENS: u64 = 100_000_000;

/// What to predict.
#[derive(Clone, Debug, Default)]
pub struct CostWish {
    /// The prompt; instead of `input_tokens`.
    pub prompt: Option<String>,
    /// Its length in tokens, at most 100 million.
    pub input_tokens: Option<u64>,
    /// The length of the answer in tokens, hidden reasoning included; else
    /// what each model usually writes.
    pub output_tokens: Option<u64>,
    /// `auto` or a name for a model.
    pub model: Option<String>,
}

/// What a completion would cost.
#[derive(Clone, Debug)]
pub struct CostReport {
    /// One for each model that has a price, in the order of the catalogue.
    pub predictions: Vec<CostPrediction>,
    /// The canonical names of those without.
    pub unpriced: Vec<String>,
    /// What the prompt is taken for.
    pub task: TaskLabel,
    /// Where `auto` would go now; `None` if nowhere, or a model is named.
    pub auto: Option<Target>,
}

/// What a completion would cost at one model, at its default effort.
#[derive(Clone, Debug)]
pub struct CostPrediction {
    /// Who serves the model.
    pub provider: ProviderName,
    /// The model.
    pub model: ModelId,
    /// Expected input, by this model's own count.
    pub input_tokens: u64,
    /// Expected output, hidden reasoning included.
    pub output_tokens: u64,
    /// What the input would cost.
    pub input_cost: NanoUsd,
    /// What the output would cost.
    pub output_cost: NanoUsd,
}

impl Gateway {
    /// Predicts what a completion would cost at each model that a caller may
    /// ask for, from what the router expects of them and today's prices.
    ///
    /// # Errors
    /// `caller_invalid_request` for a wish that is none, or an unknown model;
    /// `policy_blocked` for one that the caller may not use; what limits say.
    pub async fn predict_cost(&self, caller: &Caller, wish: CostWish) -> Result<CostReport, Error> {
        check(&wish)?;
        let admission = self.limits.admit(caller).await?;
        let affordable = self.limits.affordable(&admission, caller).await?;
        let known = self.known();
        let (prompt, at) = (wish.prompt.unwrap_or_default(), self.clock.now());
        let task = match &wish.input_tokens {
            Some(_) => TaskEstimate::unknown(),
            None => self.learning.classify_prompt(&prompt, None),
        };
        let request = request(prompt, wish.model)?;
        let named = known.named_model(&request)?;
        if let Some(spec) = named.filter(|spec| !admission.allows(spec)) {
            return Err(refusal::not_allowed(caller, spec));
        }
        let mut facts = Facts::new(&request, Choice::Any, (task, at));
        facts.input_tokens = wish.input_tokens.unwrap_or(facts.input_tokens);
        facts.caller = caller_hash(caller);
        facts.cost_pressure = admission.pressure();
        let mut size = Size::of(&request);
        size.input = wish.input_tokens.unwrap_or(size.input);
        let taught = self.learning.taught();
        let qualities = taught.of(&facts.mix, || {
            Features::read(request.messages.first().map_or("", text), None)
        });
        let rights = (&admission, affordable.map(|left| (size, left)));
        let ranking = self.rank_for(&known, rights, &facts, &qualities);
        let first = ranking.usable().next().filter(|_| named.is_none());
        let auto = first.map(|candidate| candidate.target.clone());
        let state = self.learning.state();
        let health = self.health.now(self.circuits.now(), &self.places, 0);
        let estimator = LearnedEstimator {
            prices: &known.prices,
            health: &health,
            experience: state.experience(),
            qualities: &qualities,
            expected_output_tokens: self.routing.expected_output_tokens,
        };
        let (mut predictions, mut unpriced) = (Vec::new(), Vec::new());
        let models = known.catalogue.models().iter();
        let models = models.filter(|spec| {
            let is_meant = named.is_none_or(|named| named.canonical() == spec.canonical());
            is_meant && admission.allows(spec) && spec.is_served_on(facts.today)
        });
        for spec in models {
            let predicted = estimator.predict(&facts, spec, usual_effort(spec), wish.output_tokens);
            match predicted {
                Some(predicted) => predictions.push(CostPrediction {
                    provider: spec.provider.clone(),
                    model: spec.id.clone(),
                    input_tokens: predicted.input_tokens,
                    output_tokens: predicted.output_tokens,
                    input_cost: predicted.input_cost,
                    output_cost: predicted.output_cost,
                }),
                None => unpriced.push(spec.canonical()),
            }
        }
        Ok(CostReport {
            predictions,
            unpriced,
            task: task.label,
            auto,
        })
    }
}

fn check(wish: &CostWish) -> Result<(), Error> {
    match (&wish.prompt, wish.input_tokens) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("send prompt or input_tokens, not both"));
        }
        (None, None) => return Err(Error::invalid("send prompt or input_tokens")),
        _ => {}
    }
    let lengths = [
        ("input_tokens", wish.input_tokens),
        ("expected_output_tokens", wish.output_tokens),
    ];
    for (name, tokens) in lengths {
        if tokens.is_some_and(|tokens| tokens > MOST_TOKENS) {
            return Err(Error::invalid(format!(
                "{name}: must be 0 to {MOST_TOKENS}"
            )));
        }
    }
    Ok(())
}

/// Makes the request that would be asked.
fn request(prompt: String, model: Option<String>) -> Result<CompletionRequest, Error> {
    // Without a prompt its length is told.
    let prompt = if prompt.is_empty() {
        "-".to_owned()
    } else {
        prompt
    };
    let draft = Draft {
        messages: Some(vec![Message::text(Role::User, prompt)]),
        model,
        ..Draft::default()
    };
    draft.check(Duration::from_secs(1))
}

fn text(message: &Message) -> &str {
    message.texts().next().unwrap_or_default()
}

fn usual_effort(spec: &ModelSpec) -> Option<Effort> {
    spec.request.default_effort
}
