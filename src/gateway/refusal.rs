//! Errors that say why nobody can answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::circuit::{Cause, Closure};
use super::vendor_places::Crowded;
use crate::domain::{
    Attempt, Caller, Catalogue, Error, ErrorKind, FilterReason, ModelSpec, NanoUsd, ProviderError,
    ProviderErrorKind, ProviderName, Target, TimeoutPhase,
};
use crate::routing::{Choice, Facts, Ranking, shortfall};

/// Makes the error of a request that every candidate is filtered out of.
pub(super) fn nothing_can_answer(
    facts: &Facts<'_>,
    ranking: &Ranking,
    catalogue: &Catalogue,
    affordable: Option<NanoUsd>,
) -> Error {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut is_only_window, mut is_too_long, mut is_too_dear) = (true, false, false);
    for candidate in &ranking.candidates {
        let Some(reason) = candidate.filtered_by else {
            continue;
        };
        is_only_window &= reason == FilterReason::ContextWindow;
        is_too_long |= reason == FilterReason::ContextWindow;
        is_too_dear |= reason == FilterReason::Budget;
        let models = reasons.entry(reason.as_str()).or_default();
        let name = format!("{}/{}", candidate.target.provider, candidate.target.model);
        if models.last() != Some(&name) {
            models.push(name);
        }
    }
    let mut message = "no model can answer this request".to_owned();
    if is_only_window && !ranking.candidates.is_empty() {
        let over = ranking.candidates.iter().filter_map(|candidate| {
            let target = &candidate.target;
            catalogue
                .spec(&target.provider, &target.model)
                .map(|spec| shortfall(facts, spec))
        });
        let least = over.min().unwrap_or_default();
        let window = match facts.choice {
            Choice::Any => "the largest context window",
            Choice::Named { .. } => "its context window",
        };
        let _ = write!(
            message,
            ": about {} input tokens and max_tokens {} exceed {window} by {least}",
            facts.input_tokens, facts.max_tokens,
        );
        return Error::too_long(message);
    }
    let served = |name: &&ProviderName| {
        let mut models = catalogue.models().iter();
        models.any(|spec| spec.provider == **name)
    };
    let absent = facts
        .requirements
        .providers
        .iter()
        .filter(|name| !served(name));
    for name in absent {
        let _ = write!(message, "; {name} has no key here");
    }
    for (reason, models) in reasons {
        let shown: Vec<&str> = models.iter().take(3).map(String::as_str).collect();
        let more = models.len().saturating_sub(shown.len());
        let _ = write!(message, "; ruled out by {reason}: {}", shown.join(", "));
        if more > 0 {
            let _ = write!(message, " and {more} more");
        }
    }
    if is_too_dear && let Some(left) = affordable {
        let _ = write!(message, "; ${} are left of a budget", left.usd());
        return Error::new(ErrorKind::PolicyBudgetExceeded, message);
    }
    Error {
        is_too_long,
        ..Error::invalid(message)
    }
}

/// Makes the error of a model that is not the caller's to use.
pub(super) fn not_allowed(caller: &Caller, spec: &ModelSpec) -> Error {
    let message = format!("caller {caller} may not use {}", spec.canonical());
    Error::new(ErrorKind::PolicyBlocked, message)
}

/// What a run of failed attempts comes to.
#[derive(Debug, Default)]
pub(super) struct Failures {
    last: Option<ProviderError>,
    soonest: Option<Duration>,
    is_any_retryable: bool,
}

impl Failures {
    pub(super) fn add(&mut self, error: ProviderError) {
        self.is_any_retryable |= error.kind.is_retryable();
        if error.kind.is_retryable()
            && let Some(wait) = error.retry_after
        {
            self.soonest = Some(self.soonest.map_or(wait, |soonest| soonest.min(wait)));
        }
        self.last = Some(error);
    }

    /// Says how long it takes until anybody may be asked. Where that is not
    /// exact, a vendor's own word is better.
    pub(super) fn wait(&mut self, wait: Duration, is_exact: bool) {
        if is_exact || self.soonest.is_none() {
            self.soonest = Some(wait);
        }
    }

    pub(super) fn last_kind(&self) -> Option<ProviderErrorKind> {
        self.last.as_ref().map(|error| error.kind)
    }

    /// Makes the error of a call whose attempts all failed. It has the type
    /// of the last failure and names them all.
    pub(super) fn into_error(self, attempts: Vec<Attempt>) -> Error {
        let Some(last) = self.last else {
            return out_of_time(attempts);
        };
        let message = match attempts.as_slice() {
            [only] => format!("{} did not answer: {}", only.target, last.message),
            _ => format!("no provider answered: {}", list(&attempts)),
        };
        Error {
            kind: last.kind.as_caller_sees_it(),
            message,
            is_retryable: self.is_any_retryable,
            retry_after: self.soonest,
            attempts,
            unknown: None,
            is_too_long: last.kind == ProviderErrorKind::ContextLength,
        }
    }
}

/// Makes the error of a call whose deadline passed.
pub(super) fn out_of_time(attempts: Vec<Attempt>) -> Error {
    let tried = if attempts.is_empty() {
        "before any provider could be asked".to_owned()
    } else {
        format!("while these had not answered: {}", list(&attempts))
    };
    Error {
        kind: ErrorKind::GatewayTimeout,
        message: format!("timeout_ms ran out {tried}"),
        is_retryable: true,
        retry_after: None,
        attempts,
        unknown: None,
        is_too_long: false,
    }
}

/// Makes the error of a call that the end of the process cuts.
pub(super) fn stopping(attempts: Vec<Attempt>) -> Error {
    Error {
        kind: ErrorKind::GatewayTimeout,
        message: "this gateway instance is shutting down; ask again".to_owned(),
        is_retryable: true,
        retry_after: Some(Duration::from_secs(1)),
        attempts,
        unknown: None,
        is_too_long: false,
    }
}

/// Makes the error of a call that finds no room.
pub(super) fn overloaded(max_in_flight: usize) -> Error {
    Error {
        kind: ErrorKind::GatewayOverloaded,
        message: format!("{max_in_flight} calls are in flight, which is this gateway's limit"),
        is_retryable: true,
        // A completion lasts seconds; some end within this time (chosen).
        retry_after: Some(Duration::from_millis(250)),
        attempts: Vec::new(),
        unknown: None,
        is_too_long: false,
    }
}

/// Makes the error of a call whose vendors have no place.
pub(super) fn crowded(crowded: &Crowded) -> Error {
    let Crowded {
        provider,
        most,
        wait,
    } = crowded;
    Error {
        is_retryable: true,
        retry_after: Some(*wait),
        ..Error::new(
            ErrorKind::GatewayOverloaded,
            format!("{most} calls are under way at {provider}, which is this gateway's limit"),
        )
    }
}

/// Makes the error of a call that no target may be asked for: `target` is the
/// first of them that may be again, in `wait` if that is known.
pub(super) fn shut(target: &Target, closure: Closure, wait: Option<Duration>) -> Error {
    let (kind, why) = match closure.cause {
        Cause::Throttled => (
            ErrorKind::ProviderRateLimited,
            "asked for a pause, which is not over",
        ),
        Cause::Failing => (
            ErrorKind::ProviderUnavailable,
            "failed lately and is left alone for a while",
        ),
        Cause::Spent => (
            ErrorKind::ProviderRateLimited,
            "has no more of the account's money or plan for this",
        ),
        Cause::Out => (
            ErrorKind::ProviderUnavailable,
            "is out of service until somebody mends its key, account or model",
        ),
    };
    Error {
        is_retryable: wait.is_some(),
        retry_after: wait,
        ..Error::new(kind, format!("no target can be asked now: {target} {why}"))
    }
}

/// Tells whether a failed attempt used up the call's own time.
pub(super) fn is_our_deadline(kind: ProviderErrorKind) -> bool {
    matches!(kind, ProviderErrorKind::Timeout(TimeoutPhase::Deadline))
}

fn list(attempts: &[Attempt]) -> String {
    let one = |attempt: &Attempt| {
        let error = attempt.error.as_deref().unwrap_or("cut");
        format!("{} ({error})", attempt.target)
    };
    attempts.iter().map(one).collect::<Vec<_>>().join("; ")
}
