//! What an attempt tells its circuit, and why a circuit lets nobody through.

use std::time::Duration;

use tokio::time::Instant;

/// What the end of an attempt says of the one that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Verdict {
    /// It works.
    Success,
    /// It failed, and wants so much time if it said so.
    Failure(Option<Duration>),
    /// It works, but takes no more just now, for so long if it said so.
    Throttled(Option<Duration>),
    /// It had too little time to show whether it works.
    Cut,
    /// It will not work.
    Down(Outage),
    /// Nothing.
    Neutral,
}

/// How long somebody is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Outage {
    pub(in crate::gateway) time: Duration,
    pub(in crate::gateway) ends_by: Proof,
    pub(in crate::gateway) cause: Cause,
}

/// What proves that somebody works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Proof {
    /// A sign of life that costs nothing: a key was refused, or such a sign
    /// was all that was missing.
    Sign,
    /// A call that is answered, and a sign of life makes it worth while.
    Trial,
    /// A call alone: the money is gone, or the model is.
    Call,
}

/// Why nobody is asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Closure {
    /// When somebody may be.
    pub(in crate::gateway) until: Instant,
    pub(in crate::gateway) cause: Cause,
}

impl Closure {
    /// Returns the closure that ends last, for the weightier cause of both.
    pub(in crate::gateway) fn later(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self {
                until: one.until.max(other.until),
                cause: one.cause.max(other.cause),
            }),
            (one, other) => one.or(other),
        }
    }
}

/// What closed the way, in rising order of weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gateway) enum Cause {
    /// Calls failed. Of all causes the one that is only our guess.
    #[default]
    Failing,
    /// The vendor had enough for now, and said so.
    Throttled,
    /// Asking before is of no use: the account's money or plan is used up.
    Spent,
    /// Asking before is of no use: the key is refused, the model is gone.
    Out,
}

impl Cause {
    /// Tells whether somebody must mend something.
    pub(in crate::gateway) const fn is_hard(self) -> bool {
        match self {
            Self::Throttled | Self::Failing => false,
            Self::Spent | Self::Out => true,
        }
    }
}
