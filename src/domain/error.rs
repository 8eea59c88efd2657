//! What a caller is told when a call cannot be answered.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::Attempt;

/// The closed list of the contract's error types.
///
/// The prefix says who can act: the caller, an operator's policy, the vendor,
/// or the gateway. Status codes are chosen where answers are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request must change.
    CallerInvalidRequest,
    /// The caller must prove who it is.
    CallerUnauthorized,
    /// The caller must slow down.
    PolicyRateLimited,
    /// The caller's money is spent.
    PolicyBudgetExceeded,
    /// The operator does not allow it.
    PolicyBlocked,
    /// The vendor refuses the request.
    ProviderRejected,
    /// The vendor throttles.
    ProviderRateLimited,
    /// The vendor took too long.
    ProviderTimeout,
    /// The vendor failed.
    ProviderUnavailable,
    /// The whole call took longer than the caller waits.
    GatewayTimeout,
    /// The gateway has no room.
    GatewayOverloaded,
    /// The gateway is wrong.
    GatewayInternal,
}

impl ErrorKind {
    /// Returns the contract's name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallerInvalidRequest => "caller_invalid_request",
            Self::CallerUnauthorized => "caller_unauthorized",
            Self::PolicyRateLimited => "policy_rate_limited",
            Self::PolicyBudgetExceeded => "policy_budget_exceeded",
            Self::PolicyBlocked => "policy_blocked",
            Self::ProviderRejected => "provider_rejected",
            Self::ProviderRateLimited => "provider_rate_limited",
            Self::ProviderTimeout => "provider_timeout",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::GatewayTimeout => "gateway_timeout",
            Self::GatewayOverloaded => "gateway_overloaded",
            Self::GatewayInternal => "gateway_internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call was not answered.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct Error {
    /// Which of the contract's types it is.
    pub kind: ErrorKind,
    /// What failed, with which input; the reader can act on it.
    pub message: String,
    /// True if the same call may succeed later.
    pub is_retryable: bool,
    /// When to try again, if that is known.
    pub retry_after: Option<Duration>,
    /// What was tried before giving up, in order.
    pub attempts: Vec<Attempt>,
    /// The argument that names something that does not exist.
    pub unknown: Option<&'static str>,
    /// The conversation exceeds the window of every model that could answer.
    pub is_too_long: bool,
}

impl Error {
    /// Makes an error that was not preceded by any attempt and that waiting
    /// does not cure.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            is_retryable: false,
            retry_after: None,
            attempts: Vec::new(),
            unknown: None,
            is_too_long: false,
        }
    }

    /// Makes the error of a conversation that fits no window.
    pub fn too_long(message: impl Into<String>) -> Self {
        Self {
            is_too_long: true,
            ..Self::invalid(message)
        }
    }

    /// Makes the error of a request whose `argument` names nothing that
    /// exists.
    pub fn unknown(argument: &'static str, message: impl Into<String>) -> Self {
        Self {
            unknown: Some(argument),
            ..Self::invalid(message)
        }
    }

    /// Makes the error of a request that must change.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CallerInvalidRequest, message)
    }

    /// Makes the error of a request that cannot be read at `path`, for
    /// `reason`; both are cut, for they may quote all that was sent.
    pub fn unreadable(path: &str, reason: &str) -> Self {
        let (path, reason) = (cut(path, 100), cut(reason, 500));
        Self::invalid(if path == "." {
            reason
        } else {
            format!("{path}: {reason}")
        })
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((end, _)) => text
            .get(..end)
            .map_or_else(String::new, |head| format!("{head}…")),
    }
}
