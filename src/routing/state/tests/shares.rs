//! What one caller has a say in.

use super::*;

#[test]
fn a_callers_share_holds_over_all_processes() {
    let mut table = Table::default();
    let target = Target {
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
    };
    let lesson = AnswerLesson {
        target: &target,
        task: TaskLabel::Code,
        caller: 1,
        tokens: None,
        is_usable: Some(false),
    };
    let mut counted = Vec::new();
    for name in 1..=5 {
        let mut state = RouterState::new(name << 64);
        table.read(&mut state, day(0));
        counted.push(state.experience().counts(&lesson, day(0)));
        for _ in 0..12 {
            state.learn(&lesson, day(0));
        }
        table.save(&mut state, day(0));
    }

    assert_eq!(counted, [true, false, false, false, false]);
}

#[test]
fn a_late_rating_does_not_replace_a_newer_one() {
    let mut state = RouterState::new(1);
    state.take(feedback(7, 0.9, day(1)), day(1));
    state.take(feedback(7, 0.1, day(0)), day(1));

    assert_eq!(state.feedback()[0].score, 0.9);
}
