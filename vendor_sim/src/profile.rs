//! Random behaviour: how often a vendor fails, how, and how long it takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dice::Dice;
use crate::fault::Fault;

/// What a vendor does when neither a script nor a standing fault says.
///
/// Decided from the seed and the request's number alone, so that two runs
/// with the same order of requests fail alike. The default is a vendor
/// without faults and without latency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The share of requests that fail, within `0.0..=1.0`.
    pub failure_share: f64,
    /// The faults to choose from; none means that nothing fails.
    pub faults: Vec<WeightedFault>,
    /// How long an answer takes.
    pub latency: Latency,
}

/// A fault and how often it is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedFault {
    /// The fault.
    pub fault: Fault,
    /// Its share of all failures, relative to the other faults' weights.
    pub weight: u32,
}

/// Times to answer: even between two bounds, with a slow tail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// The shortest, in milliseconds.
    pub from_ms: u64,
    /// The longest outside the tail, in milliseconds.
    pub to_ms: u64,
    /// The share of answers in the tail, within `0.0..=1.0`.
    pub tail_share: f64,
    /// How many times longer an answer in the tail takes; 0 counts as 1.
    pub tail_factor: u32,
}

impl Profile {
    /// Chooses the fault of a request, or none.
    pub(crate) fn fault(&self, dice: &mut Dice) -> Option<Fault> {
        if dice.share() >= self.failure_share {
            return None;
        }
        let total = self
            .faults
            .iter()
            .map(|choice| u64::from(choice.weight))
            .sum::<u64>();
        let mut left = dice.between(1, total.max(1));
        self.faults
            .iter()
            .find(|choice| {
                let reached = left <= u64::from(choice.weight);
                left = left.saturating_sub(u64::from(choice.weight));
                reached
            })
            .map(|choice| choice.fault.clone())
    }
}

impl Latency {
    /// Draws the time that an answer takes.
    pub(crate) fn draw(&self, dice: &mut Dice) -> Duration {
        let usual = Duration::from_millis(dice.between(self.from_ms, self.to_ms));
        if dice.share() < self.tail_share {
            usual.saturating_mul(self.tail_factor.max(1))
        } else {
            usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed() -> Profile {
        let weighted = |fault, weight| WeightedFault { fault, weight };
        Profile {
            failure_share: 0.2,
            faults: vec![weighted(Fault::Reset, 3), weighted(Fault::Overloaded, 1)],
            latency: Latency {
                from_ms: 10,
                to_ms: 20,
                tail_share: 0.1,
                tail_factor: 10,
            },
        }
    }

    #[test]
    fn failures_come_in_the_shares_asked_for() {
        let drawn: Vec<_> = (0..10_000)
            .map(|number| mixed().fault(&mut Dice::new(7, number, "fault")))
            .collect();
        let count = |wanted: Option<Fault>| drawn.iter().filter(|fault| **fault == wanted).count();

        assert!((7_800..8_200).contains(&count(None)));
        assert!((1_350..1_650).contains(&count(Some(Fault::Reset))));
        assert!((400..600).contains(&count(Some(Fault::Overloaded))));
    }

    #[test]
    fn latency_stays_between_its_bounds_but_for_the_tail() {
        let drawn: Vec<_> = (0..1_000)
            .map(|number| {
                mixed()
                    .latency
                    .draw(&mut Dice::new(7, number, "latency"))
                    .as_millis()
            })
            .collect();

        assert!(
            drawn
                .iter()
                .all(|ms| (10..=20).contains(ms) || (100..=200).contains(ms))
        );
        assert!((50..150).contains(&drawn.iter().filter(|ms| **ms >= 100).count()));
    }

    #[test]
    fn a_profile_without_faults_never_fails() {
        let profile = Profile {
            failure_share: 1.0,
            ..Profile::default()
        };

        assert_eq!(profile.fault(&mut Dice::new(1, 1, "fault")), None);
    }
}
