//! The form of one model in `models.yaml`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::config::fault::Report;
use crate::config::fault_at;
use crate::config::path::Path;
use crate::domain::{
    Capability, Effort, EffortForm, MaxTokensField, ModelId, ModelSpec, Prior, ProviderName, Ratio,
    RequestPolicy, SamplingRule, Temperature, Tier, ToolsRule,
};

/// Longest time to the first token and highest speed that are believed.
const LONGEST_TTFT_MS: f64 = 3_600_000.0;
const HIGHEST_SPEED: f64 = 1e6;
/// More stop sequences than any vendor takes.
const MOST_STOPS: usize = 16;

/// A model. Every member that must be there is optional here, so that all
/// that are missing are named at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelForm {
    provider: Option<String>,
    id: Option<String>,
    vertex_id: Option<String>,
    tier: Option<Tier>,
    context_window: Option<u32>,
    max_output: Option<u32>,
    max_unstreamed_output: Option<u32>,
    ends: Option<Date>,
    capabilities: Option<Vec<Capability>>,
    request: Option<RequestForm>,
    prior_source: Option<String>,
    #[serde(default)]
    priors: Vec<PriorForm>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestForm {
    max_tokens_field: Option<MaxTokensField>,
    sampling: Option<SamplingRule>,
    temperature: Option<(f64, f64)>,
    max_stop_sequences: Option<usize>,
    seed_field: Option<String>,
    #[serde(default)]
    efforts: Vec<Effort>,
    default_effort: Option<Effort>,
    #[serde(default)]
    effort_form: EffortForm,
    #[serde(default)]
    reasoning_allowance: BTreeMap<Effort, u32>,
    #[serde(default)]
    tools: ToolsRule,
    allows_prefill: Option<bool>,
    allows_forced_tool: Option<bool>,
    #[serde(default = "usual_tools")]
    max_tools: usize,
    #[serde(default = "usual_tool_name")]
    max_tool_name: usize,
    #[serde(default = "yes")]
    allows_format_with_tools: bool,
}

/// What OpenAI and Groq take, and Google and Mistral say nothing of.
const fn usual_tools() -> usize {
    128
}

/// What all vendors but Anthropic take.
const fn usual_tool_name() -> usize {
    64
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriorForm {
    effort: Option<Effort>,
    quality: Option<f64>,
    ttft_ms: Option<f64>,
    tokens_per_second: Option<f64>,
}

/// Where faults of one model go.
struct Place<'a> {
    source: &'a str,
    path: Path,
    report: &'a mut Report,
    is_whole: bool,
}

impl Place<'_> {
    fn fault(&mut self, key: &str, reason: impl Into<String>) {
        let path = self.path.join(&Path::dotted(key));
        self.fault_at(&path, reason);
    }

    fn fault_at(&mut self, path: &Path, reason: impl Into<String>) {
        fault_at(self.report, self.source, path, reason);
        self.is_whole = false;
    }

    fn require<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.fault(key, "is missing");
        }
        value
    }
}

impl ModelForm {
    /// Gives a template the name of a model.
    pub(super) fn named(mut self, provider: &str, id: &str) -> Self {
        self.provider = Some(provider.to_owned());
        self.id = Some(id.to_owned());
        self
    }

    /// Checks the form, or returns `None` after it recorded what is wrong.
    pub(super) fn spec(self, source: &str, path: &Path, report: &mut Report) -> Option<ModelSpec> {
        let mut place = Place {
            source,
            path: path.clone(),
            report,
            is_whole: true,
        };
        let provider = place.require("provider", self.provider);
        let id = place.require("id", self.id);
        let tier = place.require("tier", self.tier);
        let window = place.require("context_window", self.context_window);
        let max_output = place.require("max_output", self.max_output);
        let capabilities = place.require("capabilities", self.capabilities);
        let request = place.require("request", self.request);
        let prior_source = self.prior_source.filter(|text| !text.trim().is_empty());
        if !self.priors.is_empty() && prior_source.is_none() {
            place.fault("prior_source", "is missing: say where the priors come from");
        }
        check_names(provider.as_deref(), id.as_deref(), &mut place);
        if self
            .vertex_id
            .as_ref()
            .is_some_and(|id| !super::is_model_id(id))
        {
            place.fault("vertex_id", "must have 1 to 128 visible characters");
        }
        check_sizes(window, max_output, &mut place);
        if self.max_unstreamed_output == Some(0) {
            place.fault("max_unstreamed_output", "must be 1 token or more");
        }
        let request = request.map(|form| form.policy(max_output.unwrap_or(u32::MAX), &mut place));
        let efforts = request
            .as_ref()
            .map(|policy| policy.as_ref().map(|p| p.efforts.as_slice()));
        let priors = priors(self.priors, efforts.flatten(), &mut place);
        let is_whole = place.is_whole;
        let spec = ModelSpec {
            provider: ProviderName::new(provider?),
            id: ModelId::new(id?),
            vertex_id: self.vertex_id.map(ModelId::new),
            tier: tier?,
            context_window: window?,
            max_output: max_output?,
            max_unstreamed_output: self.max_unstreamed_output,
            ends: self.ends,
            capabilities: capabilities?.into_iter().collect(),
            request: request.flatten()?,
            priors,
            prior_source: prior_source.unwrap_or_default(),
        };
        is_whole.then_some(spec)
    }
}

fn check_names(provider: Option<&str>, id: Option<&str>, place: &mut Place<'_>) {
    if provider.is_some_and(|name| !ProviderName::KNOWN.contains(&name)) {
        let known = ProviderName::KNOWN.join(", ");
        place.fault("provider", format!("must be one of {known}"));
    }
    if id.is_some_and(|id| !super::is_model_id(id)) {
        place.fault("id", "must have 1 to 128 visible characters");
    }
}

fn check_sizes(window: Option<u32>, max_output: Option<u32>, place: &mut Place<'_>) {
    if window == Some(0) {
        place.fault("context_window", "must be 1 token or more");
    }
    match (window, max_output) {
        (_, Some(0)) => place.fault("max_output", "must be 1 token or more"),
        (Some(window), Some(output)) if output > window => {
            place.fault("max_output", "must not exceed context_window");
        }
        _ => {}
    }
}

impl RequestForm {
    fn policy(self, max_output: u32, place: &mut Place<'_>) -> Option<RequestPolicy> {
        let max_tokens_field = place.require("request.max_tokens_field", self.max_tokens_field);
        let sampling = place.require("request.sampling", self.sampling);
        let stops = place.require("request.max_stop_sequences", self.max_stop_sequences);
        let prefill = place.require("request.allows_prefill", self.allows_prefill);
        let forced_tool = place.require("request.allows_forced_tool", self.allows_forced_tool);
        let temperature = self.temperature.unwrap_or((0.0, 2.0));
        let (low, high) = temperature;
        let is_temperature = |value| Temperature::try_from(value).is_ok();
        if !is_temperature(low) || !is_temperature(high) || low > high {
            let reason = "must be two numbers within 0..=2, the lower first";
            place.fault("request.temperature", reason);
        }
        if stops.is_some_and(|stops| stops > MOST_STOPS) {
            let reason = format!("must be within 0..={MOST_STOPS}");
            place.fault("request.max_stop_sequences", reason);
        }
        let is_word = |name: &String| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !name.is_empty() && name.chars().all(is_plain)
        };
        if self.seed_field.as_ref().is_some_and(|name| !is_word(name)) {
            place.fault("request.seed_field", "must be the name of a field");
        }
        check_efforts(&self.efforts, self.default_effort, place);
        for (effort, tokens) in &self.reasoning_allowance {
            let key = format!("request.reasoning_allowance.{effort}");
            if !self.efforts.contains(effort) {
                place.fault(&key, "is not among the model's efforts");
            } else if *tokens >= max_output {
                place.fault(&key, "must be less than max_output");
            }
        }
        self.check_budgets(place);
        Some(RequestPolicy {
            max_tokens_field: max_tokens_field?,
            sampling: sampling?,
            temperature,
            max_stop_sequences: stops?,
            seed_field: self.seed_field,
            efforts: self.efforts,
            default_effort: self.default_effort,
            effort_form: self.effort_form,
            reasoning_allowance: self.reasoning_allowance.into_iter().collect(),
            tools: self.tools,
            allows_prefill: prefill?,
            allows_forced_tool: forced_tool?,
            max_tools: self.max_tools,
            max_tool_name: self.max_tool_name,
            allows_format_with_tools: self.allows_format_with_tools,
        })
    }
}

impl RequestForm {
    fn check_budgets(&self, place: &mut Place<'_>) {
        let is_budget = self.effort_form == EffortForm::Budget;
        for effort in self.efforts.iter().filter(|_| is_budget) {
            if *effort != Effort::None && !self.reasoning_allowance.contains_key(effort) {
                let key = format!("request.reasoning_allowance.{effort}");
                place.fault(&key, "is missing: it is the budget that is sent");
            }
        }
    }
}

fn check_efforts(efforts: &[Effort], default: Option<Effort>, place: &mut Place<'_>) {
    if !efforts.is_sorted_by(|a, b| a < b) {
        place.fault("request.efforts", "must rise, each effort once");
    }
    match default {
        Some(default) if !efforts.contains(&default) => {
            let reason = format!("{default} is not among the model's efforts");
            place.fault("request.default_effort", reason);
        }
        None if !efforts.is_empty() => {
            let reason = "is missing: say which of the efforts is sent unasked";
            place.fault("request.default_effort", reason);
        }
        _ => {}
    }
}

fn priors(forms: Vec<PriorForm>, efforts: Option<&[Effort]>, place: &mut Place<'_>) -> Vec<Prior> {
    let mut priors: Vec<Prior> = Vec::new();
    for (index, form) in forms.into_iter().enumerate() {
        let path = place.path.key("priors").index(index);
        let is_known = efforts.is_none_or(|efforts| match form.effort {
            Some(effort) => efforts.contains(&effort),
            None => efforts.is_empty(),
        });
        if !is_known {
            let reason = "must be one of the model's efforts, and absent where it has none";
            place.fault_at(&path.key("effort"), reason);
        }
        if priors.iter().any(|prior| prior.effort == form.effort) {
            place.fault_at(&path, "repeats the effort of an earlier prior");
        }
        let mut within = |key: &str, value: Option<f64>, low: f64, high: f64| {
            let value = value.filter(|value| (low..=high).contains(value));
            if value.is_none() {
                let reason = format!("must be a number within {low}..={high}");
                place.fault_at(&path.key(key), reason);
            }
            value
        };
        let quality = within("quality", form.quality, 0.0, 1.0);
        let ttft_ms = within("ttft_ms", form.ttft_ms, 0.0, LONGEST_TTFT_MS);
        let speed = within(
            "tokens_per_second",
            form.tokens_per_second,
            0.1,
            HIGHEST_SPEED,
        );
        if let (Some(quality), Some(ttft_ms), Some(tokens_per_second)) = (quality, ttft_ms, speed) {
            priors.push(Prior {
                effort: form.effort,
                quality: Ratio::clamped(quality),
                ttft_ms,
                tokens_per_second,
            });
        }
    }
    priors
}
