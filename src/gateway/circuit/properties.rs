//! What holds of a circuit whatever happens.

use proptest::prelude::*;

use super::*;

const LEASE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Event {
    Enter,
    End(usize, u8),
    Wait(u64),
    Sign,
    NoSign,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Enter),
        6 => (any::<usize>(), 0_u8..9).prop_map(|(which, how)| Event::End(which, how)),
        2 => (0_u64..40_000).prop_map(Event::Wait),
        1 => Just(Event::Sign),
        1 => Just(Event::NoSign),
    ]
}

fn verdict(how: u8) -> Verdict {
    let half_an_hour = Duration::from_secs(1800);
    match how {
        0 => Verdict::Success,
        1 => Verdict::Failure(None),
        2 => Verdict::Failure(Some(Duration::from_secs(900))),
        3 => Verdict::Throttled(None),
        4 => Verdict::Throttled(Some(Duration::from_secs(2))),
        5 => Verdict::Neutral,
        8 => Verdict::Cut,
        _ => Verdict::Down(Outage {
            time: half_an_hour,
            ends_by: if how == 6 { Proof::Call } else { Proof::Sign },
            cause: Cause::Spent,
        }),
    }
}

proptest! {
    /// From any history: at most one trial has the slot, the callers' own
    /// faults change nothing, and a target that is well is closed again
    /// once the longest closure is over.
    #[test]
    fn it_always_closes_again(events in prop::collection::vec(event(), 0..80)) {
        let mut now = Instant::now();
        let mut circuit = Circuit::default();
        let mut passes: Vec<Pass> = Vec::new();
        let mut trial_until: Option<Instant> = None;
        for event in events {
            match event {
                Event::Enter => {
                    let was_due = circuit.is_trial_due();
                    if let Ok(pass) = circuit.enter(now, LEASE) {
                        prop_assert_eq!(pass.is_trial, was_due);
                        if pass.is_trial {
                            prop_assert!(trial_until.is_none_or(|until| until <= now), "two trials");
                            trial_until = Some(now + LEASE);
                        }
                        passes.push(pass);
                    }
                }
                Event::End(which, how) if !passes.is_empty() => {
                    let pass = passes.swap_remove(which % passes.len());
                    let before = circuit.state(now);
                    let is_current = pass.epoch == circuit.epoch;
                    let changed = circuit.record(pass, verdict(how), now, 0.3);
                    let is_proof = pass.is_trial && how == 0;
                    prop_assert!(is_current || is_proof || changed.is_none());
                    prop_assert!(how != 5 || circuit.state(now) == before);
                    if pass.is_trial && is_current || changed.is_some() {
                        trial_until = None;
                    }
                }
                Event::End(..) => {}
                Event::Wait(ms) => now += Duration::from_millis(ms),
                Event::Sign => { circuit.gave_sign(now); }
                Event::NoSign => {
                    circuit.gave_no_sign(now, 0.3, Some(Duration::from_secs(6)));
                }
            }
            let closure = circuit.closure(now);
            prop_assert!(closure.is_none_or(|closure| closure.until - now <= MOST_DOWN));
            prop_assert_eq!(closure, circuit.clone().enter(now, LEASE).err());
        }

        // Whatever is under way never comes back.
        let closure = circuit.closure(now);
        now = closure.map_or(now, |closure| closure.until);
        let pass = circuit.enter(now, LEASE).expect("a closure ends when it says");
        circuit.record(pass, Verdict::Success, now, 0.3);
        prop_assert_eq!(circuit.state(now), CircuitState::Closed);
    }
}
