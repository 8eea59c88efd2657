use std::sync::Arc;

use super::*;
use crate::domain::{ModelId, ProviderName, Target, TaskLabel};
use crate::routing::{Features, ReportedTokens};

fn day(day: i64) -> Timestamp {
    Timestamp::from_second((20_000 + day) * 86_400).unwrap()
}

fn feedback(call: u128, score: f32, now: Timestamp) -> Feedback {
    Feedback {
        call,
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
        task: TaskLabel::Code,
        caller: 0,
        score,
        at_s: now.as_second(),
        features: Arc::new(Features::read("a prompt", None)),
    }
}

fn learn(state: &mut RouterState, now: Timestamp) {
    let target = Target {
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
    };
    let tokens = ReportedTokens {
        input: 20,
        estimated_input: 10,
        visible: 5,
        thinking: 0,
        is_cut: false,
    };
    let lesson = AnswerLesson {
        target: &target,
        task: TaskLabel::Code,
        caller: 1,
        tokens: Some(tokens),
        is_usable: Some(true),
    };
    state.learn(&lesson, now);
}

fn factor(state: &RouterState, now: Timestamp) -> f64 {
    let (provider, model) = (ProviderName::new("openai"), ModelId::new("m"));
    state.experience().input(&provider, &model, now).factor
}

/// Reads, and keeps, as a store does.
fn exchange(state: &mut RouterState, kept: Option<&[u8]>, now: Timestamp) -> Vec<u8> {
    let (kept, _) = state.exchange(Kept::read(kept).unwrap(), now);
    state.was_kept(&kept);
    kept.to_bytes()
}

#[test]
fn what_was_learned_outlives_the_process() {
    let mut state = RouterState::new(1);
    learn(&mut state, day(0));
    state.take(feedback(7, 0.2, day(0)), day(0));

    let kept = exchange(&mut state, None, day(0));
    let mut again = RouterState::new(2);
    exchange(&mut again, Some(&kept), day(0));

    assert_eq!(again.feedback().len(), 1);
    assert_eq!(factor(&again, day(0)), factor(&state, day(0)));
    assert!(factor(&again, day(0)) > 1.1);
}

#[test]
fn two_processes_learn_from_each_other_and_count_nothing_twice() {
    let (mut one, mut two) = (RouterState::new(1), RouterState::new(2));
    let mut alone = RouterState::new(3);
    let mut kept = None;
    for round in 0..20 {
        for state in [&mut one, &mut two] {
            learn(state, day(0));
            learn(&mut alone, day(0));
            state.take(feedback(round, 0.5, day(0)), day(0));
            kept = Some(exchange(state, kept.as_deref(), day(0)));
        }
    }
    exchange(&mut one, kept.as_deref(), day(0));

    assert!((factor(&one, day(0)) - factor(&alone, day(0))).abs() < 1e-9);
    assert_eq!(one.feedback().len(), 20, "a call has one feedback");
}

#[test]
fn a_process_that_was_silent_for_long_finds_its_part_among_the_past() {
    let (mut silent, mut other) = (RouterState::new(1), RouterState::new(2));
    learn(&mut silent, day(0));
    let kept = exchange(&mut silent, None, day(0));
    learn(&mut other, day(2));
    let kept = exchange(&mut other, Some(&kept), day(2));

    let kept = exchange(&mut silent, Some(&kept), day(2));
    let before = factor(&other, day(2));
    exchange(&mut other, Some(&kept), day(2));

    assert!((factor(&other, day(2)) - before).abs() < 1e-9);
    assert!((factor(&silent, day(2)) - before).abs() < 1e-9);
}

#[test]
fn what_cannot_be_read_is_given_up_and_what_is_newer_stays() {
    let later = br#"{"form": 99, "parts": {}}"#;

    assert!(Kept::read(Some(b"\xff{")).unwrap().parts.is_empty());
    assert!(Kept::read(Some(later)).is_err());
}

#[test]
fn what_could_not_be_kept_or_was_written_over_is_kept_the_next_time() {
    let (mut one, mut two) = (RouterState::new(1), RouterState::new(2));
    learn(&mut one, day(0));
    one.take(feedback(7, 0.2, day(0)), day(0));
    // A save that failed.
    let _ = one.exchange(Kept::default(), day(0));
    let kept = exchange(&mut one, None, day(0));
    // Another that had read before.
    learn(&mut two, day(0));
    let over = exchange(&mut two, None, day(0));

    let (again, is_missing) = one.exchange(Kept::read(Some(&over)).unwrap(), day(0));

    assert!(is_missing && again.parts.len() == 2);
    assert_eq!(one.feedback().len(), 1);
    assert!(Kept::read(Some(&kept)).unwrap().parts.contains_key(&1));
}

#[test]
fn who_gives_most_feedback_loses_the_oldest_of_it() {
    let mut state = RouterState::new(1);
    state.take(feedback(1, 0.5, day(0)), day(0));
    for call in 0..MAX_FEEDBACK + 9 {
        let flood = Feedback {
            caller: 7,
            ..feedback(call as u128 + 10, 1.0, day(1))
        };
        state.take(flood, day(1));
    }

    let all = state.feedback();
    assert_eq!(all.len(), MAX_FEEDBACK);
    assert!(all.iter().any(|given| given.call == 1));
}

#[test]
fn all_parts_together_are_bounded_and_the_faded_go() {
    let mut kept = None;
    for name in 1..4 {
        let mut state = RouterState::new(name);
        for call in 0..MAX_FEEDBACK / 2 {
            let call = call as u128 + 10_000 * name;
            state.take(feedback(call, 0.5, day(0)), day(0));
        }
        kept = Some(exchange(&mut state, kept.as_deref(), day(0)));
    }
    let mut last = RouterState::new(9);

    let (kept, _) = last.exchange(Kept::read(kept.as_deref()).unwrap(), day(1));
    let parts = kept.parts.values();
    let given: usize = parts.map(|part| part.feedback.len()).sum();
    assert!(given <= MAX_FEEDBACK, "{given}");
    let _ = last.exchange(kept, day(90));
    assert_eq!(last.feedback().len(), 0);
}

#[test]
fn feedback_is_bounded() {
    let mut state = RouterState::new(1);
    for call in 0..MAX_FEEDBACK + 5 {
        let now = day(i64::try_from(call).unwrap());
        state.take(feedback(call as u128, 0.5, now), now);
    }

    let all = state.feedback();
    assert_eq!(all.len(), MAX_FEEDBACK);
    assert_eq!(all.first().map(|given| given.call), Some(5));
}
