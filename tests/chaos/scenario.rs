//! What goes wrong while calls are made, as data: the same for virtual time
//! and for real sockets.

use std::ops::Range;
use std::time::Duration;

use vendor_sim::{Fault, Latency, Profile, WeightedFault};

/// A stretch of calls, the vendors' faults meanwhile, and what must come of it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What prompts and faults depend on.
    pub(crate) seed: u64,
    pub(crate) load: Load,
    /// In the order of their beginnings.
    pub(crate) weather: Vec<Spell>,
    pub(crate) checks: Vec<Check>,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) calls: usize,
    pub(crate) pace: Pace,
    pub(crate) doors: &'static [Door],
    /// `auto`, or a model that is asked first, with failover.
    pub(crate) model: &'static str,
    /// How long a caller waits.
    pub(crate) timeout: Duration,
}

/// When a call begins.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// When one of so many clients has its last answer.
    Clients(usize),
    /// So many in a second, whatever becomes of them.
    PerSecond(u32),
}

/// How a completion is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The tool `unified_completion`.
    Mcp,
    /// `POST /v1/chat/completions`.
    V1,
    /// The same, as a stream.
    V1Stream,
}

/// From a moment on, how some vendors do.
pub(crate) struct Spell {
    pub(crate) at: Duration,
    pub(crate) who: Who,
    pub(crate) sky: Sky,
}

/// Whose faults they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The vendor that is asked first while all are well.
    Favourite,
    /// All but that one.
    Others,
    All,
}

/// How a vendor does.
pub(crate) enum Sky {
    Clear,
    /// Each request meets this fault.
    Always(Fault),
    /// This share of requests fails, now this way and now that.
    Mixed(f64),
    /// Answers take so many times longer.
    Slow(u64),
}

/// What must be true of a run. That every answer is the right one, that no
/// call outlives its time and that nothing is left over always must.
pub(crate) enum Check {
    /// At least this share of the calls that begin then is answered.
    Answered(Range<Duration>, f64),
    /// Of the calls that begin then, this share takes no longer than that.
    Took(Range<Duration>, f64, Duration),
    /// Refusals are of these types, and may be retried.
    Refused(&'static [&'static str]),
    /// Refusals of calls that begin then say when to come back.
    SaysWhen(Range<Duration>),
    /// No more than this share of all attempts then is made at the favourite.
    Attempts(Range<Duration>, f64),
    /// So many attempts a call at most, over the whole run.
    AttemptsPerCall(f64),
    /// A call that begins in this time is answered within it.
    Recovered(Range<Duration>),
    /// The favourite answers a call in this time.
    Back(Range<Duration>),
    /// The favourite's circuit opens at most so often.
    Trips(usize),
    /// The ledger's tokens and costs are the vendors' bill.
    Bill,
}

/// From the first moment on.
pub(crate) const ALWAYS: Range<Duration> = Duration::ZERO..Duration::MAX;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Returns the time between two seconds.
pub(crate) const fn between(from: u64, to: u64) -> Range<Duration> {
    secs(from)..secs(to)
}

/// Returns the time from a second on.
pub(crate) const fn from(second: u64) -> Range<Duration> {
    secs(second)..Duration::MAX
}

pub(crate) const fn spell(at: Duration, who: Who, sky: Sky) -> Spell {
    Spell { at, who, sky }
}

/// Returns a 429 with this `retry-after`.
pub(crate) fn throttled(retry_after: &str) -> Fault {
    Fault::RateLimited {
        retry_after: Some(retry_after.to_owned()),
    }
}

/// How long a vendor takes that is well: short, so that a run over real
/// sockets is.
const WELL_MS: (u64, u64) = (50, 150);

impl Sky {
    /// Returns what every request meets, if anything.
    pub(crate) fn standing(&self) -> Option<Fault> {
        match self {
            Self::Always(fault) => Some(fault.clone()),
            Self::Clear | Self::Mixed(_) | Self::Slow(_) => None,
        }
    }

    /// Returns what chance adds.
    pub(crate) fn profile(&self) -> Profile {
        let factor = match self {
            Self::Slow(factor) => *factor,
            Self::Clear | Self::Always(_) | Self::Mixed(_) => 1,
        };
        let latency = Latency {
            from_ms: WELL_MS.0 * factor,
            to_ms: WELL_MS.1 * factor,
            ..Latency::default()
        };
        let (failure_share, faults) = match self {
            Self::Mixed(share) => (*share, mixture()),
            Self::Clear | Self::Always(_) | Self::Slow(_) => (0.0, Vec::new()),
        };
        Profile {
            failure_share,
            faults,
            latency,
        }
    }
}

/// The ways in which vendors fail on an ordinary bad day.
fn mixture() -> Vec<WeightedFault> {
    let often = [
        Fault::Down,
        Fault::Reset,
        Fault::Overloaded,
        Fault::Status { status: 500 },
        Fault::HtmlError { status: 502 },
        Fault::HtmlError { status: 200 },
        Fault::Garbage,
        Fault::EmptyBody,
        Fault::CutBody { after_bytes: 40 },
        Fault::ShortBody { after_bytes: 40 },
        Fault::ResetBody { after_bytes: 40 },
        Fault::ErrorInside200,
        throttled("1"),
    ];
    let seldom = Fault::Stall { after_bytes: 40 };
    let weighted = |fault, weight| WeightedFault { fault, weight };
    let often = often.into_iter().map(|fault| weighted(fault, 2));
    often.chain([weighted(seldom, 1)]).collect()
}
