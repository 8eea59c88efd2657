use tokio::time::advance;

use super::*;

const LEASE: Duration = Duration::from_secs(10);

/// Asks once and records what came of it.
fn ask(circuit: &mut Circuit, verdict: Verdict) -> Option<CircuitState> {
    let pass = circuit.enter(Instant::now(), LEASE).unwrap();
    circuit.record(pass, verdict, Instant::now(), 0.5)
}

fn wait(circuit: &Circuit) -> Duration {
    let now = Instant::now();
    let closure = circuit.closure(now);
    closure.map_or(Duration::ZERO, |closure| closure.until - now)
}

fn dead() -> Circuit {
    let mut circuit = Circuit::default();
    for _ in 0..STREAK {
        ask(&mut circuit, Verdict::Failure(None));
    }
    circuit
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_open_it_and_four_do_not() {
    let mut circuit = Circuit::default();
    for _ in 0..4 {
        ask(&mut circuit, Verdict::Failure(None));
    }
    ask(&mut circuit, Verdict::Success);
    for _ in 0..4 {
        assert_eq!(ask(&mut circuit, Verdict::Failure(None)), None);
    }

    let opened = ask(&mut circuit, Verdict::Failure(None));

    assert_eq!(opened, Some(CircuitState::Open));
    assert_eq!(wait(&circuit), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn half_of_ten_outcomes_open_it_though_none_follow_each_other() {
    let mut circuit = Circuit::default();
    for _ in 0..4 {
        ask(&mut circuit, Verdict::Failure(None));
        ask(&mut circuit, Verdict::Success);
    }
    ask(&mut circuit, Verdict::Success);

    let opened = ask(&mut circuit, Verdict::Failure(None));

    assert_eq!(opened, Some(CircuitState::Open));
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_forgotten_after_half_a_minute() {
    let mut circuit = Circuit::default();
    for _ in 0..4 {
        ask(&mut circuit, Verdict::Failure(None));
        ask(&mut circuit, Verdict::Success);
    }
    advance(Duration::from_secs(31)).await;
    ask(&mut circuit, Verdict::Success);

    assert_eq!(ask(&mut circuit, Verdict::Failure(None)), None);
}

#[tokio::test(start_paused = true)]
async fn one_trial_at_a_time_decides() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;
    assert_eq!(circuit.state(Instant::now()), CircuitState::HalfOpen);

    let trial = circuit.enter(Instant::now(), LEASE).unwrap();
    let refused = circuit.enter(Instant::now(), LEASE).unwrap_err();
    let closed = circuit.record(trial, Verdict::Success, Instant::now(), 0.5);

    assert_eq!(refused.until, Instant::now() + LEASE);
    assert_eq!(closed, Some(CircuitState::Closed));
    assert_eq!(circuit.closure(Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_fails_doubles_the_wait_up_to_two_minutes() {
    let mut circuit = dead();
    let mut waits = vec![wait(&circuit).as_secs()];
    for _ in 0..6 {
        advance(wait(&circuit)).await;
        ask(&mut circuit, Verdict::Throttled(None));
        waits.push(wait(&circuit).as_secs());
    }

    assert_eq!(waits, [5, 10, 20, 40, 80, 120, 120]);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_flaps_waits_longer_each_time() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;
    ask(&mut circuit, Verdict::Success);
    for _ in 0..STREAK {
        ask(&mut circuit, Verdict::Failure(None));
    }
    let soon = wait(&circuit);
    advance(soon).await;
    ask(&mut circuit, Verdict::Success);
    advance(LEVEL_KEPT).await;
    for _ in 0..STREAK {
        ask(&mut circuit, Verdict::Failure(None));
    }

    assert_eq!(soon, Duration::from_secs(10));
    assert_eq!(wait(&circuit), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_is_lost_gives_its_slot_back() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;
    let neutral = circuit.enter(Instant::now(), LEASE).unwrap();
    circuit.record(neutral, Verdict::Neutral, Instant::now(), 0.5);
    let lost = circuit.enter(Instant::now(), LEASE).unwrap();
    advance(LEASE).await;

    let next = circuit.enter(Instant::now(), LEASE);
    let late = circuit.record(lost, Verdict::Failure(None), Instant::now(), 0.5);

    assert!(next.is_ok());
    assert_eq!(late, None, "it was given up");
}

#[tokio::test(start_paused = true)]
async fn what_began_before_it_opened_says_nothing() {
    let mut circuit = Circuit::default();
    let early = circuit.enter(Instant::now(), LEASE).unwrap();
    for _ in 0..STREAK {
        ask(&mut circuit, Verdict::Failure(None));
    }
    let before = wait(&circuit);

    circuit.record(early, Verdict::Success, Instant::now(), 0.5);
    circuit.record(early, Verdict::Failure(None), Instant::now(), 0.5);

    assert_eq!(wait(&circuit), before);
}

#[tokio::test(start_paused = true)]
async fn throttling_is_a_wait_of_the_vendors_own_length() {
    let mut circuit = Circuit::default();
    let told = Some(Duration::from_secs(2));

    ask(&mut circuit, Verdict::Throttled(told));
    let asked_for = wait(&circuit);
    advance(asked_for).await;
    ask(&mut circuit, Verdict::Throttled(None));
    let second = wait(&circuit);
    advance(second).await;
    ask(&mut circuit, Verdict::Success);
    ask(&mut circuit, Verdict::Throttled(None));

    // Five per cent of jitter, never downwards.
    assert_eq!(asked_for, Duration::from_millis(2_100));
    assert_eq!(second, Duration::from_millis(2_100), "the second in a row");
    assert_eq!(wait(&circuit), Duration::from_millis(1_050));
    assert_eq!(circuit.state(Instant::now()), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn many_calls_that_meet_one_pause_do_not_prolong_it() {
    let mut circuit = Circuit::default();
    let now = Instant::now();
    let mut passes = [(); 9]
        .map(|()| circuit.enter(now, LEASE).unwrap())
        .into_iter();
    let first = passes.next().unwrap();
    circuit.record(first, Verdict::Throttled(None), now, 0.5);

    for pass in passes {
        circuit.record(pass, Verdict::Throttled(None), now, 0.5);
    }

    assert_eq!(wait(&circuit), Duration::from_millis(1_050));
}

#[tokio::test(start_paused = true)]
async fn a_free_sign_of_life_heals_a_key_but_pays_no_bill() {
    let outage = |ends_by| {
        Verdict::Down(Outage {
            time: Duration::from_secs(1800),
            ends_by,
            cause: Cause::Out,
        })
    };
    let (mut key, mut money) = (Circuit::default(), Circuit::default());
    ask(&mut key, outage(Proof::Sign));
    ask(&mut money, outage(Proof::Call));
    assert_eq!(key.closure(Instant::now()).unwrap().cause, Cause::Out);

    assert_eq!(key.gave_sign(Instant::now()), Some(CircuitState::Closed));
    assert_eq!(money.gave_sign(Instant::now()), None);

    assert_eq!(key.closure(Instant::now()), None);
    assert_eq!(wait(&money), Duration::from_secs(1800));
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_proves_what_its_absence_disproved_and_no_more() {
    let (mut silent, mut failing) = (Circuit::default(), dead());
    silent.gave_no_sign(Instant::now(), 0.5, None);
    assert_eq!(silent.state(Instant::now()), CircuitState::Open);

    silent.gave_sign(Instant::now());
    failing.gave_sign(Instant::now());

    assert_eq!(silent.state(Instant::now()), CircuitState::Closed);
    assert_eq!(failing.state(Instant::now()), CircuitState::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn the_absence_of_a_free_sign_says_nothing_against_answers() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;
    ask(&mut circuit, Verdict::Success);

    advance(Duration::from_secs(15)).await;
    let soon = circuit.gave_no_sign(Instant::now(), 0.5, None);
    advance(Duration::from_secs(30)).await;
    let later = circuit.gave_no_sign(Instant::now(), 0.5, None);

    assert_eq!((soon, later), (None, Some(CircuitState::Open)));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_shortly_before_a_trial_gets_none() {
    let soon = Some(Duration::from_secs(2));
    let mut circuit = dead();
    circuit.gave_no_sign(Instant::now(), 0.5, soon);
    assert_eq!(wait(&circuit), Duration::from_secs(5), "that was too early");
    advance(Duration::from_secs(4)).await;

    circuit.gave_no_sign(Instant::now(), 0.5, None);
    let unwell = wait(&circuit);
    circuit.gave_no_sign(Instant::now(), 0.5, soon);

    assert_eq!(unwell, Duration::from_secs(1), "a list is not all");
    assert_eq!(wait(&circuit), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_a_failing_vendor_asks_for_is_kept_in_every_state() {
    let told = Duration::from_secs(60);
    let asked = Verdict::Failure(Some(told));
    let (mut once, mut late, mut tried) = (Circuit::default(), Circuit::default(), dead());
    ask(&mut once, asked);

    let early = late.enter(Instant::now(), LEASE).unwrap();
    for _ in 0..STREAK {
        ask(&mut late, Verdict::Failure(None));
    }
    late.record(early, asked, Instant::now(), 0.5);
    advance(Duration::from_secs(5)).await;
    ask(&mut tried, asked);

    // Five per cent of jitter.
    let asked_for = told + Duration::from_secs(3);
    assert_eq!(wait(&tried), asked_for);
    for circuit in [&mut once, &mut late] {
        circuit.gave_sign(Instant::now());
        assert_eq!(wait(circuit), asked_for - Duration::from_secs(5));
        let cause = circuit.closure(Instant::now()).unwrap().cause;
        assert_eq!(cause, Cause::Throttled, "nobody may ask before");
    }
    assert_eq!(tried.gave_sign(Instant::now()), None);
    assert_eq!(tried.state(Instant::now()), CircuitState::Open);
    tried.answered(Instant::now());
    assert_eq!(wait(&tried), asked_for, "an answer to another says nothing");
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_had_too_little_time_makes_way_for_another_soon() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;

    ask(&mut circuit, Verdict::Cut);
    let first = wait(&circuit);
    advance(first).await;
    ask(&mut circuit, Verdict::Cut);

    assert_eq!((first, wait(&circuit)), (FIRST_COOLDOWN, FIRST_COOLDOWN));
}

#[tokio::test(start_paused = true)]
async fn callers_in_a_hurry_open_it_if_nobody_is_answered() {
    let (mut silent, mut well) = (Circuit::default(), Circuit::default());
    ask(&mut well, Verdict::Success);
    for _ in 0..LEAST_OUTCOMES {
        ask(&mut silent, Verdict::Cut);
        ask(&mut well, Verdict::Cut);
    }

    assert_eq!(silent.state(Instant::now()), CircuitState::Open);
    assert_eq!(well.state(Instant::now()), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_trial_closes_it_however_late() {
    let mut circuit = dead();
    advance(Duration::from_secs(5)).await;
    let slow = circuit.enter(Instant::now(), LEASE).unwrap();
    advance(LEASE).await;
    circuit.enter(Instant::now(), LEASE).unwrap();

    let closed = circuit.record(slow, Verdict::Success, Instant::now(), 0.5);

    assert_eq!(closed, Some(CircuitState::Closed));
}
