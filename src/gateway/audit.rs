//! One line of the log for every call: who, what, how it ended, what it cost.

use std::time::Duration;

use super::Gateway;
use crate::domain::{
    AttemptOutcome, Caller, Completion, CompletionRequest, Error, ErrorKind, NanoUsd, RequestId,
    Role,
};

/// How much of a prompt or an answer is written, where that is switched on, in
/// characters.
const MAX_CHARS: usize = 2_000;

/// Who calls, through which tool or route, under which name.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The call.
    pub id: RequestId,
    /// Who makes it.
    pub caller: &'a Caller,
    /// `unified_completion`, `/v1/messages` and so on.
    pub tool: &'static str,
}

impl Gateway {
    /// Writes the line of a call that asks for no completion; `error` says how
    /// it failed, if it did.
    pub fn audit(&self, origin: Origin<'_>, error: Option<&Error>) {
        tracing::info!(
            target: "audit",
            request_id = %origin.id,
            caller = %origin.caller,
            tool = origin.tool,
            outcome = error.map_or("answered", |error| error.kind.as_str()),
            "call"
        );
    }

    pub(super) fn audit_answer(
        &self,
        origin: Origin<'_>,
        request: &CompletionRequest,
        completion: &Completion,
    ) {
        let shows_text = self.settings.audit_prompts;
        let routing = &completion.routing;
        let decision = routing.decision.as_deref();
        // The chance with which who answered was chosen, if it was.
        let winner = routing.candidates.first().map(|winner| &winner.target);
        let propensity = decision
            .filter(|_| winner.is_some_and(|winner| routing.is_chosen(winner)))
            .map(|decision| decision.exploration.propensity);
        tracing::info!(
            target: "audit",
            request_id = %origin.id,
            caller = %origin.caller,
            tool = origin.tool,
            outcome = "answered",
            provider = %completion.provider,
            model = %completion.model,
            input_tokens = completion.usage.tokens.total_input(),
            output_tokens = completion.usage.tokens.total_output(),
            cost_usd = completion.cost.amount().map(NanoUsd::usd),
            cache = completion.cache.status.as_str(),
            latency_ms = milliseconds(completion.latency),
            attempts = routing.attempts.len(),
            task = decision.map(|_| routing.task.label.as_str()),
            propensity,
            prompt = shows_text.then(|| prompt(request)),
            answer = shows_text.then(|| start(&completion.text())),
            "call"
        );
    }

    pub(super) fn audit_error(
        &self,
        origin: Origin<'_>,
        request: Option<&CompletionRequest>,
        error: &Error,
    ) {
        let shown = request.filter(|_| self.settings.audit_prompts);
        let last = error.attempts.last();
        tracing::info!(
            target: "audit",
            request_id = %origin.id,
            caller = %origin.caller,
            tool = origin.tool,
            outcome = error.kind.as_str(),
            provider = last.map(|attempt| attempt.target.provider.as_str()),
            model = last.map(|attempt| attempt.target.model.as_str()),
            attempts = error.attempts.len(),
            error = presentable(error),
            prompt = shown.map(prompt),
            "call"
        );
    }

    pub(super) fn audit_abandoned(&self, origin: Origin<'_>, latency: Duration) {
        tracing::info!(
            target: "audit",
            request_id = %origin.id,
            caller = %origin.caller,
            tool = origin.tool,
            outcome = "abandoned",
            latency_ms = milliseconds(latency),
            "call"
        );
    }
}

fn milliseconds(latency: Duration) -> u64 {
    u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the last thing that the user said.
fn prompt(request: &CompletionRequest) -> String {
    let mut turns = request.messages.iter().rev();
    let last = turns.find(|message| message.role == Role::User);
    start(&last.map_or_else(String::new, |message| message.texts().collect()))
}

fn start(text: &str) -> String {
    text.chars().take(MAX_CHARS).collect()
}

/// Says what failed in our own words: what is wrong with a request is said in
/// the caller's, and vendors quote what they were asked.
fn presentable(error: &Error) -> String {
    if error.kind == ErrorKind::CallerInvalidRequest {
        return String::new();
    }
    if error.attempts.is_empty() {
        return error.message.clone();
    }
    let attempts = error.attempts.iter().map(|attempt| {
        let outcome = match attempt.outcome {
            AttemptOutcome::Answered => "answered",
            AttemptOutcome::Failed(kind) => kind.as_str(),
            AttemptOutcome::Cancelled => "cancelled",
        };
        format!("{} {outcome}", attempt.target)
    });
    attempts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Attempt, ModelId, ProviderErrorKind, ProviderName, Target};

    #[test]
    fn no_line_of_the_log_quotes_a_vendor() {
        let attempt = Attempt {
            target: Target {
                provider: ProviderName::new("openai"),
                model: ModelId::new("m"),
                effort: None,
            },
            outcome: AttemptOutcome::Failed(ProviderErrorKind::Server),
            latency: Duration::ZERO,
            error: Some("server: boom on: SECRET PROMPT".to_owned()),
        };
        let mut error = Error::new(ErrorKind::ProviderUnavailable, "boom on: SECRET PROMPT");
        error.attempts = vec![attempt.clone(), attempt];

        assert_eq!(presentable(&error), "openai/m server, openai/m server");
        assert_eq!(
            presentable(&Error::invalid("SECRET PROMPT is no model")),
            ""
        );
    }
}
