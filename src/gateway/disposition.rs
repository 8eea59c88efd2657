//! What a failure means: for the next step, for its target and for its
//! vendor.

use std::time::Duration;

use super::circuit::{Cause, Outage, Proof, Verdict};
use crate::domain::{ProviderError, ProviderErrorKind};

/// How long a key that is refused, an account without money and a model that
/// is gone are left alone, where the vendor names no time.
const OUT: Duration = Duration::from_mins(30);

/// Whether, and when, the same target may be asked again. Nobody does so while
/// another target is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// It would fail again, or may have been billed.
    Never,
    /// At once, over a new connection: nothing was sent.
    AtOnce,
    /// After a pause.
    Later,
    /// When the vendor has room again, if that is soon.
    WhenThereIsRoom,
}

/// The verdicts on a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) retry: Retry,
    /// For the model at its vendor.
    pub(super) target: Verdict,
    /// For the vendor's key and connection, whatever the model.
    pub(super) provider: Verdict,
}

/// Returns what a failure means. Every kind is named: what it means is
/// decided here alone.
pub(super) fn disposition(error: &ProviderError) -> Disposition {
    use ProviderErrorKind as Kind;
    let failed = Verdict::Failure(error.retry_after);
    let out = |ends_by, cause| {
        Verdict::Down(Outage {
            time: error.retry_after.unwrap_or(OUT),
            ends_by,
            cause,
        })
    };
    let all = |retry, verdict| Disposition {
        retry,
        target: verdict,
        provider: verdict,
    };
    let of_provider = |verdict| Disposition {
        retry: Retry::Never,
        target: Verdict::Neutral,
        provider: verdict,
    };
    let of_target = |retry, verdict| Disposition {
        retry,
        target: verdict,
        provider: Verdict::Neutral,
    };
    let verdicts = match error.kind {
        Kind::InvalidRequest | Kind::ContextLength | Kind::TooLargeForPlan | Kind::Blocked => {
            all(Retry::Never, Verdict::Neutral)
        }
        // A token that was spent is renewed; a key that is refused stays so.
        Kind::Unauthorized if error.should_retry == Some(true) => Disposition {
            retry: Retry::AtOnce,
            ..of_provider(failed)
        },
        Kind::Unauthorized => of_provider(out(Proof::Sign, Cause::Out)),
        Kind::QuotaExhausted => of_provider(out(Proof::Call, Cause::Spent)),
        Kind::RateLimited => of_target(
            Retry::WhenThereIsRoom,
            Verdict::Throttled(error.retry_after),
        ),
        // The wait that it names binds the model that it was named for.
        Kind::Overloaded | Kind::Server => Disposition {
            provider: Verdict::Failure(None),
            ..all(Retry::Later, failed)
        },
        Kind::ModelUnavailable => of_target(Retry::Never, out(Proof::Call, Cause::Out)),
        Kind::Transport if !error.may_be_billed => all(Retry::AtOnce, failed),
        Kind::Transport | Kind::Timeout(_) | Kind::Broken => all(Retry::Never, failed),
    };
    // The vendor knows better than the table.
    let retry = match (error.should_retry, verdicts.retry) {
        (Some(false), _) => Retry::Never,
        (Some(true), Retry::Never) if !error.may_be_billed => Retry::Later,
        (_, retry) => retry,
    };
    Disposition { retry, ..verdicts }
}
