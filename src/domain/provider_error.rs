//! Why a vendor did not answer, and what that means for the next step.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{ErrorKind, ModelId, Usage};

/// Which wait ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeoutPhase {
    /// Reaching the vendor.
    Connect,
    /// From the request to the first byte of the answer.
    FirstByte,
    /// Between two pieces of the answer.
    Idle,
    /// The attempt as a whole, by the vendors' settings.
    Total,
    /// What the call's own deadline left for the attempt.
    Deadline,
    /// The vendor itself said that it took too long.
    Vendor,
}

/// What went wrong at a vendor, by what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderErrorKind {
    /// The vendor refuses the request as it stands.
    InvalidRequest,
    /// The conversation does not fit the model's window.
    ContextLength,
    /// The request exceeds what the account may send at once.
    TooLargeForPlan,
    /// The key is missing or wrong, or its account may do nothing.
    Unauthorized,
    /// The account's money or long-term quota is gone.
    QuotaExhausted,
    /// Too many requests just now.
    RateLimited,
    /// The vendor has no capacity just now.
    Overloaded,
    /// The vendor failed.
    Server,
    /// The vendor no longer, or not yet, serves the model, or not to this
    /// account.
    ModelUnavailable,
    /// A wait ran out.
    Timeout(TimeoutPhase),
    /// The connection failed.
    Transport,
    /// The answer cannot be understood, or is not whole.
    Broken,
    /// The vendor's policy forbids an answer.
    Blocked,
}

impl ProviderErrorKind {
    /// Returns the kind's name in metrics, reports and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length",
            Self::TooLargeForPlan => "too_large_for_plan",
            Self::Unauthorized => "unauthorized",
            Self::QuotaExhausted => "quota_exhausted",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::ModelUnavailable => "model_unavailable",
            Self::Timeout(_) => "timeout",
            Self::Transport => "transport",
            Self::Broken => "broken",
            Self::Blocked => "blocked",
        }
    }

    /// Tells whether another target may succeed where this one failed.
    pub const fn allows_failover(self) -> bool {
        match self {
            Self::InvalidRequest | Self::Blocked => false,
            Self::ContextLength
            | Self::TooLargeForPlan
            | Self::Unauthorized
            | Self::QuotaExhausted
            | Self::RateLimited
            | Self::Overloaded
            | Self::Server
            | Self::ModelUnavailable
            | Self::Timeout(_)
            | Self::Transport
            | Self::Broken => true,
        }
    }

    /// Tells whether the fault is likely to hit the vendor's other models
    /// too, so that another vendor should be tried first.
    pub const fn concerns_whole_provider(self) -> bool {
        match self {
            Self::Unauthorized
            | Self::QuotaExhausted
            | Self::RateLimited
            | Self::Overloaded
            | Self::Server
            | Self::Timeout(_)
            | Self::Transport
            | Self::Broken => true,
            Self::InvalidRequest
            | Self::ContextLength
            | Self::TooLargeForPlan
            | Self::ModelUnavailable
            | Self::Blocked => false,
        }
    }

    /// Tells whether the vendor is at fault, so that its health suffers.
    /// Throttling and refusals are answers of a healthy vendor.
    pub const fn counts_against_health(self) -> bool {
        match self {
            Self::Unauthorized
            | Self::QuotaExhausted
            | Self::Overloaded
            | Self::Server
            | Self::ModelUnavailable
            | Self::Timeout(_)
            | Self::Transport
            | Self::Broken => true,
            Self::InvalidRequest
            | Self::ContextLength
            | Self::TooLargeForPlan
            | Self::RateLimited
            | Self::Blocked => false,
        }
    }

    /// Returns what the caller is told when no other target answered.
    pub const fn as_caller_sees_it(self) -> ErrorKind {
        match self {
            Self::ContextLength => ErrorKind::CallerInvalidRequest,
            Self::InvalidRequest | Self::Blocked => ErrorKind::ProviderRejected,
            Self::RateLimited | Self::TooLargeForPlan | Self::QuotaExhausted => {
                ErrorKind::ProviderRateLimited
            }
            Self::Timeout(_) => ErrorKind::ProviderTimeout,
            Self::Unauthorized
            | Self::Overloaded
            | Self::Server
            | Self::ModelUnavailable
            | Self::Transport
            | Self::Broken => ErrorKind::ProviderUnavailable,
        }
    }

    /// Tells whether the same call may succeed later.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::Server
            | Self::Timeout(_)
            | Self::Transport
            | Self::Broken => true,
            Self::InvalidRequest
            | Self::ContextLength
            | Self::TooLargeForPlan
            | Self::Unauthorized
            | Self::QuotaExhausted
            | Self::ModelUnavailable
            | Self::Blocked => false,
        }
    }
}

impl fmt::Display for ProviderErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed attempt at a vendor.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{kind}: {message}")]
pub struct ProviderError {
    /// What went wrong.
    pub kind: ProviderErrorKind,
    /// The vendor's words or ours, at most 300 characters, without keys.
    pub message: String,
    /// How long the vendor asked us to wait, clamped to 24 hours.
    pub retry_after: Option<Duration>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What the vendor reported or what arrived before the failure.
    pub usage: Option<Usage>,
    /// The model that the answer names, if there was one.
    pub model: Option<ModelId>,
    /// True if the vendor may bill the attempt although it failed.
    pub may_be_billed: bool,
    /// Whether to ask it again, if the vendor says so or it is known.
    pub should_retry: Option<bool>,
}

impl ProviderError {
    /// Makes an error that carries nothing but its kind and message.
    pub fn new(kind: ProviderErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
            status: None,
            usage: None,
            model: None,
            may_be_billed: false,
            should_retry: None,
        }
    }

    /// Says which model it was that failed, by its own word.
    #[must_use]
    pub fn of_model(mut self, model: ModelId) -> Self {
        self.model = Some(model);
        self
    }
}
