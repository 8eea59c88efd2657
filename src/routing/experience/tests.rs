use jiff::SignedDuration;

use super::*;

const BASE: Expected = Expected {
    visible: 350.0,
    thinking: 0.0,
    usable: 1.0,
};

fn target(model: &str) -> Target {
    Target {
        provider: ProviderName::new("openai"),
        model: ModelId::new(model),
        effort: None,
    }
}

fn day(day: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * (20_000 + day))
}

fn tokens(input: u64, visible: u64, is_cut: bool) -> Option<ReportedTokens> {
    Some(ReportedTokens {
        input,
        estimated_input: 100,
        visible,
        thinking: 0,
        is_cut,
    })
}

fn seen(experience: &Experience, task: TaskLabel, at: Timestamp) -> Expected {
    let target = target("m");
    let mix = TaskMix::only(task);
    let view = experience.model(&target.provider, &target.model, at);
    view.expected(None, (&mix, 1), BASE)
}

fn learn(
    experience: &mut Experience,
    task: TaskLabel,
    what: (Option<ReportedTokens>, Option<bool>),
    at: Timestamp,
) {
    let (tokens, is_usable) = what;
    let lesson = AnswerLesson {
        target: &target("m"),
        task,
        caller: 1,
        tokens,
        is_usable,
    };
    let counts = experience.counts(&lesson, at);
    experience.learn(&lesson, counts, at);
}

#[test]
fn lengths_are_learned_by_kind_of_work_and_lean_on_the_rest() {
    let mut experience = Experience::default();
    for _ in 0..96 {
        learn(
            &mut experience,
            TaskLabel::Code,
            (tokens(100, 1_000, false), None),
            day(0),
        );
    }

    let code = seen(&experience, TaskLabel::Code, day(0)).visible;
    let creative = seen(&experience, TaskLabel::Creative, day(0)).visible;

    // 96 answers of 1,000 and the weight of 4 that lean on the rest, which is
    // 96 of 1,000 and 4 of 350.
    let all = (96.0 * 1_000.0 + 4.0 * 350.0) / 100.0;
    assert!((creative - all).abs() < 1e-9, "{creative}");
    assert!(
        (code - (96.0 * 1_000.0 + 4.0 * all) / 100.0).abs() < 1e-9,
        "{code}"
    );
    let other = experience.model(&ProviderName::new("openai"), &ModelId::new("x"), day(0));
    assert_eq!(
        other.expected(None, (&TaskMix::only(TaskLabel::Code), 1), BASE),
        BASE
    );
}

#[test]
fn what_is_a_week_old_counts_half() {
    let mut experience = Experience::default();
    for _ in 0..8 {
        learn(
            &mut experience,
            TaskLabel::Code,
            (None, Some(false)),
            day(0),
        );
    }

    let fresh = seen(&experience, TaskLabel::Code, day(0)).usable;
    let later = seen(&experience, TaskLabel::Code, day(7)).usable;
    let set_back = seen(&experience, TaskLabel::Code, day(-90)).usable;

    assert!((fresh - 8.0 / 16.0).abs() < 1e-9, "{fresh}");
    assert!((later - 8.0 / 12.0).abs() < 1e-9, "{later}");
    assert!((set_back - fresh).abs() < 1e-9, "{set_back}");
}

#[test]
fn an_answer_that_was_cut_shortens_no_expectation() {
    let mut experience = Experience::default();
    for _ in 0..20 {
        learn(
            &mut experience,
            TaskLabel::Code,
            (tokens(100, 900, false), None),
            day(0),
        );
    }
    let before = seen(&experience, TaskLabel::Code, day(0)).visible;

    learn(
        &mut experience,
        TaskLabel::Code,
        (tokens(100, 10, true), None),
        day(0),
    );

    let after = seen(&experience, TaskLabel::Code, day(0)).visible;
    assert!((after - before).abs() < 1e-9);
}

#[test]
fn the_estimate_of_input_follows_what_a_vendor_counts() {
    let mut experience = Experience::default();
    let input = |experience: &Experience| {
        experience.input(&ProviderName::new("openai"), &ModelId::new("m"), day(0))
    };
    assert_eq!(input(&experience), InputFactor::default());

    for _ in 0..96 {
        learn(
            &mut experience,
            TaskLabel::Code,
            (tokens(150, 10, false), None),
            day(0),
        );
    }
    // A picture: not what the estimate is about.
    learn(
        &mut experience,
        TaskLabel::Code,
        (tokens(100_000, 10, false), None),
        day(0),
    );

    let found = input(&experience);
    assert!(
        (found.factor - 1.5_f64.powf(0.96)).abs() < 1e-9,
        "{found:?}"
    );
    assert!(found.error < 0.1, "{found:?}");
}

#[test]
fn two_halves_make_a_whole_however_they_are_stored() {
    let (mut one, mut other, mut both) = Default::default();
    for round in 0..10 {
        let what = (tokens(120, 100 * round, false), Some(round % 3 == 0));
        let half = if round % 2 == 0 { &mut one } else { &mut other };
        learn(half, TaskLabel::Analysis, what, day(0));
        learn(&mut both, TaskLabel::Analysis, what, day(0));
    }

    let text = serde_json::to_string(&other).unwrap();
    let other: Experience = serde_json::from_str(&text).unwrap();
    one.merge(&other, day(0));

    let (merged, whole) = (
        seen(&one, TaskLabel::Analysis, day(1)),
        seen(&both, TaskLabel::Analysis, day(1)),
    );
    assert!((merged.visible - whole.visible).abs() < 1e-9);
    assert!((merged.usable - whole.usable).abs() < 1e-9);
}

#[test]
fn what_one_caller_cannot_use_takes_little_from_the_others() {
    let mut experience = Experience::default();
    for (caller, is_usable) in [(2, true), (3, true), (1, false)] {
        for _ in 0..40 {
            let lesson = AnswerLesson {
                target: &target("m"),
                task: TaskLabel::Code,
                caller,
                tokens: None,
                is_usable: Some(is_usable),
            };
            let counts = experience.counts(&lesson, day(0));
            experience.learn(&lesson, counts, day(0));
        }
    }
    let usable = |caller, task| {
        let target = target("m");
        let view = experience.model(&target.provider, &target.model, day(0));
        let asked = (&TaskMix::only(task), caller);
        view.expected(None, asked, BASE).usable
    };

    let [own, other, stranger] = [1, 2, 9].map(|caller| usable(caller, TaskLabel::Code));
    assert!(own < 0.4, "{own}");
    assert!(stranger > 0.6 && other > stranger, "{other} {stranger}");
    assert_eq!(usable(1, TaskLabel::Creative), 1.0);
}

#[test]
fn models_that_were_long_not_heard_of_make_room() {
    let mut experience = Experience::default();
    for number in 0..MAX_MODELS + 3 {
        let lesson = AnswerLesson {
            target: &target(&number.to_string()),
            task: TaskLabel::Code,
            caller: 1,
            tokens: None,
            is_usable: Some(true),
        };
        experience.learn(&lesson, true, day(i64::try_from(number).unwrap()));
    }

    let models = &experience.providers[&ProviderName::new("openai")];
    assert_eq!(models.len(), MAX_MODELS);
    assert!(!models.contains_key(&ModelId::new("2")));
    assert!(models.contains_key(&ModelId::new("3")));
}
