//! What came of a run, and whether that is good enough.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use crate::question::{End, Refusal};
use crate::scenario::{Check, Load};

/// How much longer than it waits a caller may have to.
const GRACE: Duration = Duration::from_millis(50);

/// Everything that was seen of a run; times count from its beginning.
#[derive(Default)]
pub(crate) struct Run {
    /// What a busy machine may add to any time: nothing in virtual time.
    pub(crate) slack: Duration,
    pub(crate) calls: Vec<Call>,
    pub(crate) asked: Vec<Asked>,
    /// When the favourite's circuit was seen to be open or not.
    pub(crate) circuit: Vec<(Duration, bool)>,
    /// What is wrong between the ledger and the vendors' bill, if they could
    /// be compared.
    pub(crate) bill: Option<Result<String, String>>,
    /// What should be gone at the end, and is not.
    pub(crate) leftovers: Vec<String>,
}

/// A call, as its caller sees it.
pub(crate) struct Call {
    pub(crate) number: usize,
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    pub(crate) end: End,
}

/// Attempts at vendors: one, or as many as were counted between two looks.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) at: Duration,
    pub(crate) is_favourite: bool,
    pub(crate) count: u64,
    /// Those that were answered with a 200, whatever was in it.
    pub(crate) good: u64,
}

/// A check's words, and whether it holds.
pub(crate) type Verdict = (String, bool);

impl Run {
    /// Judges the run: what must always hold, then the scenario's own checks.
    pub(crate) fn judge(&self, load: &Load, checks: &[Check]) -> Vec<Verdict> {
        let limit = load.timeout + GRACE + self.slack;
        let wrong = self
            .calls
            .iter()
            .filter(|call| matches!(call.end, End::Wrong(_)));
        let first_wrong = wrong
            .clone()
            .next()
            .map(|call| format!(" (call {}: {:?})", call.number, call.end));
        let late = self.calls.iter().filter(|call| call.took > limit).count();
        let mut verdicts = vec![
            (
                format!("{} calls ended of {}", self.calls.len(), load.calls),
                self.calls.len() == load.calls,
            ),
            (
                format!(
                    "{} wrong answers{}",
                    wrong.count(),
                    first_wrong.clone().unwrap_or_default()
                ),
                first_wrong.is_none(),
            ),
            (format!("{late} calls outlived their time"), late == 0),
            (
                format!("left over: {}", self.leftovers.join(", ")),
                self.leftovers.is_empty(),
            ),
        ];
        verdicts.extend(checks.iter().map(|check| self.check(check)));
        verdicts
    }

    /// Sums the run up in a line.
    pub(crate) fn summary(&self) -> String {
        let all = Duration::ZERO..Duration::MAX;
        let ms = |share| self.quantile(&all, share).as_millis();
        let mut line = format!(
            "{} calls, {:.2} % answered, {:.3} attempts a call, \
             ms: p50 {}, p95 {}, p99 {}, max {}",
            self.calls.len(),
            self.answered(&all) * 100.0,
            self.attempts_per_call(),
            ms(0.5),
            ms(0.95),
            ms(0.99),
            ms(1.0),
        );
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for refusal in self.refusals(&all) {
            *kinds.entry(&refusal.kind).or_default() += 1;
        }
        for (kind, count) in kinds {
            let _ = write!(line, ", {count} {kind}");
        }
        line
    }

    fn check(&self, check: &Check) -> Verdict {
        match check {
            Check::Answered(time, least) => {
                let share = self.answered(time);
                let mut words = format!("answered{}: {:.2} %", shown(time), share * 100.0);
                if share < *least
                    && let Some(refusal) = self.refusals(time).next()
                {
                    let _ = write!(words, ", not so: {}: {}", refusal.kind, refusal.message);
                }
                (words, share >= *least)
            }
            Check::Took(time, share, most) => {
                let took = self.quantile(time, *share);
                let slowest = self.calls_in(time).max_by_key(|call| call.took);
                let words = format!(
                    "p{}{}: {} ms, call {:?} the slowest",
                    share * 100.0,
                    shown(time),
                    took.as_millis(),
                    slowest.map(|call| call.number),
                );
                (words, took <= *most + self.slack)
            }
            Check::Refused(kinds) => {
                let all = Duration::ZERO..Duration::MAX;
                let mut refusals = self.refusals(&all);
                let odd =
                    refusals.find(|it| !kinds.contains(&it.kind.as_str()) || !it.is_retryable);
                match odd {
                    Some(refusal) => (format!("refused with {refusal:?}"), false),
                    None => (format!("refusals are {}", kinds.join(" or ")), true),
                }
            }
            Check::SaysWhen(time) => {
                let silent = self
                    .refusals(time)
                    .find(|refusal| refusal.retry_after_ms.is_none());
                match silent {
                    Some(refusal) => (format!("no time in {refusal:?}"), false),
                    None => (format!("refusals{} say when", shown(time)), true),
                }
            }
            Check::Attempts(time, most) => {
                let share = self.favourites_share(time);
                let words = format!(
                    "favourite's attempts{}: {:.2} %",
                    shown(time),
                    share * 100.0
                );
                (words, share <= *most)
            }
            Check::AttemptsPerCall(most) => {
                let attempts = self.attempts_per_call();
                (format!("attempts a call: {attempts:.3}"), attempts <= *most)
            }
            Check::Recovered(time) => {
                let mut calls = self.calls_in(time);
                let found = calls
                    .find(|call| call.end == End::Answered && call.began + call.took <= time.end);
                let words = format!(
                    "answered again{}: {}",
                    shown(time),
                    moment(found.map(|it| it.began))
                );
                (words, found.is_some())
            }
            Check::Back(time) => {
                let mut asked = self.asked_in(time);
                let found = asked.find(|asked| asked.is_favourite && asked.good > 0);
                let words = format!(
                    "favourite back{}: {}",
                    shown(time),
                    moment(found.map(|it| it.at))
                );
                (words, found.is_some())
            }
            Check::Trips(most) => {
                let trips = self.trips();
                let seen = !self.circuit.is_empty();
                (
                    format!("circuit opened {trips} times"),
                    seen && trips <= *most,
                )
            }
            Check::Bill => match &self.bill {
                Some(Ok(words)) => (words.clone(), true),
                Some(Err(words)) => (words.clone(), false),
                None => ("the bill was not looked at".to_owned(), false),
            },
        }
    }

    fn calls_in(&self, time: &Range<Duration>) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| time.contains(&call.began))
    }

    fn asked_in(&self, time: &Range<Duration>) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|asked| time.contains(&asked.at))
    }

    /// Iterates over the refusals of calls that began in `time`.
    pub(crate) fn refusals(&self, time: &Range<Duration>) -> impl Iterator<Item = &Refusal> {
        self.calls_in(time).filter_map(|call| match &call.end {
            End::Refused(refusal) => Some(refusal),
            End::Answered | End::Wrong(_) => None,
        })
    }

    /// Returns the share of calls that began in `time` and were answered.
    pub(crate) fn answered(&self, time: &Range<Duration>) -> f64 {
        let good = self.calls_in(time).filter(|call| call.end == End::Answered);
        good.count() as f64 / self.calls_in(time).count() as f64
    }

    /// Returns the time that this share of the calls begun in `time` took at
    /// most.
    pub(crate) fn quantile(&self, time: &Range<Duration>, share: f64) -> Duration {
        let mut took: Vec<Duration> = self.calls_in(time).map(|call| call.took).collect();
        took.sort_unstable();
        let last = took.len().saturating_sub(1);
        let place = (last as f64 * share).ceil() as usize;
        took.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn attempts_per_call(&self) -> f64 {
        let attempts: u64 = self.asked.iter().map(|asked| asked.count).sum();
        attempts as f64 / self.calls.len().max(1) as f64
    }

    fn favourites_share(&self, time: &Range<Duration>) -> f64 {
        let count = |only: bool| {
            let asked = self.asked_in(time);
            let counted = asked.filter(|asked| asked.is_favourite || !only);
            counted.map(|asked| asked.count).sum::<u64>()
        };
        count(true) as f64 / count(false).max(1) as f64
    }

    fn trips(&self) -> usize {
        let was = std::iter::once(false).chain(self.circuit.iter().map(|(_, is_open)| *is_open));
        let is = self.circuit.iter().map(|(_, is_open)| *is_open);
        was.zip(is).filter(|(was, is)| !was && *is).count()
    }
}

fn moment(at: Option<Duration>) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format!("at {:.1} s", at.as_secs_f64()),
    )
}

fn shown(time: &Range<Duration>) -> String {
    match (time.start, time.end) {
        (Duration::ZERO, Duration::MAX) => String::new(),
        (from, Duration::MAX) => format!(" from {:.0} s on", from.as_secs_f64()),
        (from, to) => format!(
            " from {:.0} to {:.0} s",
            from.as_secs_f64(),
            to.as_secs_f64()
        ),
    }
}
