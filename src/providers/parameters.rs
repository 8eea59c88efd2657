//! What of a request goes to a model: only what the caller set, and of that
//! only what the model takes.

use crate::domain::{Effort, ProviderCall, SamplingRule, ToolChoice};

/// The name of a parameter whose value was moved into the model's range.
const CLAMPED_TEMPERATURE: &str = "temperature (clamped)";

/// The parameters that a model accepts, ready to be written in its dialect.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parameters<'a> {
    /// Visible answer and hidden thinking together, in tokens.
    pub(super) output_limit: u32,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u64>,
    pub(super) stop: &'a [String],
    pub(super) seed: Option<i64>,
    pub(super) effort: Option<Effort>,
    /// Which tools may or must be used, as far as the model can be told;
    /// `None` leaves it to the model.
    pub(super) tool_choice: Option<&'a ToolChoice>,
    /// What the caller set and the model does not take.
    pub(super) dropped: Vec<&'static str>,
}

impl<'a> Parameters<'a> {
    /// Applies the model's policy to a call.
    ///
    /// The output limit is the caller's visible answer plus what thinking at
    /// this effort may use, for vendors count both against it; never more
    /// than the model can write.
    pub(super) fn new(call: &ProviderCall<'a>) -> Self {
        let policy = &call.spec.request;
        let sampling = &call.request.sampling;
        let effort = call.target.effort;
        let wanted = call
            .request
            .max_tokens
            .saturating_add(policy.allowance(effort));
        let at_once = call.spec.max_unstreamed_output;
        let at_once = at_once.filter(|_| call.sink.is_none()).unwrap_or(u32::MAX);
        let mut parameters = Self {
            output_limit: wanted.min(call.spec.max_output).min(at_once),
            effort,
            ..Self::default()
        };
        parameters.sample(call);
        if sampling.stop.len() <= policy.max_stop_sequences {
            parameters.stop = &sampling.stop;
        } else {
            parameters.dropped.push("stop");
        }
        let is_forced = matches!(
            call.request.tool_choice,
            ToolChoice::Required | ToolChoice::Named(_)
        );
        if !is_forced || policy.allows_forced_tool {
            parameters.tool_choice = Some(&call.request.tool_choice);
        } else {
            parameters.dropped.push("tool_choice");
        }
        match (sampling.seed, &policy.seed_field) {
            (Some(seed), Some(_)) => parameters.seed = Some(seed),
            (Some(_), None) => parameters.dropped.push("seed"),
            (None, _) => {}
        }
        parameters
    }

    fn sample(&mut self, call: &ProviderCall<'_>) {
        let policy = &call.spec.request;
        let temperature = call.request.sampling.temperature.map(|value| value.get());
        let top_p = call.request.sampling.top_p.map(|value| value.get());
        let effort = call.target.effort;
        let takes_some = match policy.sampling {
            SamplingRule::Any => true,
            // Such a model refuses them while it thinks.
            SamplingRule::TemperatureXorTopP => effort.is_none_or(|effort| effort == Effort::None),
            SamplingRule::OnlyEffortNone => effort == Some(Effort::None),
            SamplingRule::Drop => false,
        };
        let is_either = policy.sampling == SamplingRule::TemperatureXorTopP;
        if takes_some {
            let (low, high) = policy.temperature;
            self.temperature = temperature.map(|value| value.clamp(low, high));
            self.top_p = top_p.filter(|_| !(is_either && temperature.is_some()));
            self.top_k = call.request.sampling.top_k;
        }
        if self.temperature.is_none() && temperature.is_some() {
            self.dropped.push("temperature");
        } else if self.temperature != temperature {
            self.dropped.push(CLAMPED_TEMPERATURE);
        }
        if self.top_p.is_none() && top_p.is_some() {
            self.dropped.push("top_p");
        }
        if self.top_k.is_none() && call.request.sampling.top_k.is_some() {
            self.dropped.push("top_k");
        }
    }
}
