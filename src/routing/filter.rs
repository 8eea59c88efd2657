//! What rules a target out, whatever its utility.

use super::facts::Facts;
use crate::domain::{Capability, Effort, Estimate, FilterReason, ModelSpec};

/// Returns why a model cannot answer at all, whatever is expected of it.
pub(super) fn by_model(facts: &Facts<'_>, spec: &ModelSpec) -> Option<FilterReason> {
    let providers = &facts.requirements.providers;
    if !providers.is_empty() && !providers.contains(&spec.provider) {
        return Some(FilterReason::Provider);
    }
    if !spec.is_served_on(facts.today) {
        return Some(FilterReason::Ended);
    }
    if let Some(capability) = spec.capabilities.lacking(facts.needs) {
        return Some(FilterReason::Capability(capability));
    }
    let efforts = &spec.request.efforts;
    if facts.needs.contains(Capability::Tools) && !efforts.is_empty() {
        let takes_tools = |effort: &Effort| spec.request.takes_tools_at(Some(*effort));
        if !efforts.iter().any(takes_tools) {
            return Some(FilterReason::Capability(Capability::Tools));
        }
    }
    let policy = &spec.request;
    // What the vendor gives only without tools, it does not give beside them.
    let wants_format = facts.needs.contains(Capability::JsonSchema) && facts.tools > 0;
    if wants_format && !policy.allows_format_with_tools {
        return Some(FilterReason::Capability(Capability::JsonSchema));
    }
    if facts.tools > policy.max_tools {
        return Some(FilterReason::MaxTools);
    }
    if facts.longest_tool_name > policy.max_tool_name {
        return Some(FilterReason::ToolName);
    }
    if facts.is_prefilled && !policy.allows_prefill {
        return Some(FilterReason::Prefill);
    }
    if shortfall(facts, spec) > 0 {
        return Some(FilterReason::ContextWindow);
    }
    (facts.max_tokens > spec.max_output).then_some(FilterReason::MaxOutput)
}

/// Returns by how many tokens a request exceeds a model's window, 0 if it
/// fits.
pub fn shortfall(facts: &Facts<'_>, spec: &ModelSpec) -> u64 {
    let needed = facts
        .input_tokens
        .saturating_add(u64::from(facts.max_tokens));
    needed.saturating_sub(u64::from(spec.context_window))
}

/// Lists the efforts of a model that come into question: the caller's, or
/// else up to `max_auto`, or for a named model just its default.
pub(super) fn efforts(
    facts: &Facts<'_>,
    spec: &ModelSpec,
    max_auto: Effort,
    is_named: bool,
) -> Vec<Option<Effort>> {
    let supported = &spec.request.efforts;
    if supported.is_empty() {
        // A model that never thinks satisfies a caller who wants none; a
        // named one answers all the same, and the answer says what was
        // dropped.
        let is_ignorable = is_named || facts.effort == Some(Effort::None);
        return vec![facts.effort.filter(|_| !is_ignorable)];
    }
    match facts.effort {
        Some(effort) => vec![Some(effort)],
        None if is_named => vec![usual_effort(facts, spec, max_auto)],
        None => supported
            .iter()
            .filter(|level| **level <= max_auto)
            .copied()
            .map(Some)
            .collect(),
    }
}

/// Returns the effort of a named model: its default, or one at which it takes
/// the tools of the request. One that may think does so as little as it can.
fn usual_effort(facts: &Facts<'_>, spec: &ModelSpec, max_auto: Effort) -> Option<Effort> {
    let mut default = spec.request.default_effort;
    if facts.may_think && default == Some(Effort::None) {
        let mut efforts = spec.request.efforts.iter().copied();
        let least = efforts.find(|effort| *effort != Effort::None && *effort <= max_auto);
        default = least.or(default);
    }
    let needs_tools = facts.needs.contains(Capability::Tools);
    if !needs_tools || spec.request.takes_tools_at(default) {
        return default;
    }
    let mut efforts = spec.request.efforts.iter().copied();
    efforts
        .find(|effort| spec.request.takes_tools_at(Some(*effort)))
        .or(default)
}

/// Returns why a target cannot answer at this effort with this expectation.
pub(super) fn by_estimate(
    facts: &Facts<'_>,
    spec: &ModelSpec,
    effort: Option<Effort>,
    estimate: Option<&Estimate>,
) -> Option<FilterReason> {
    if effort.is_some_and(|effort| !spec.request.efforts.contains(&effort)) {
        return Some(FilterReason::Effort);
    }
    if facts.needs.contains(Capability::Tools) && !spec.request.takes_tools_at(effort) {
        return Some(FilterReason::Capability(Capability::Tools));
    }
    let Some(estimate) = estimate else {
        return Some(FilterReason::NoPrior);
    };
    let wants = facts.requirements;
    let Some(cost) = estimate.cost else {
        return Some(FilterReason::Unpriced);
    };
    if wants.max_cost.is_some_and(|limit| cost > limit) {
        return Some(FilterReason::MaxCost);
    }
    if wants
        .max_latency
        .is_some_and(|limit| estimate.latency > limit)
    {
        return Some(FilterReason::MaxLatency);
    }
    let is_too_poor = wants
        .min_quality
        .is_some_and(|limit| estimate.quality < limit.get());
    is_too_poor.then_some(FilterReason::MinQuality)
}
