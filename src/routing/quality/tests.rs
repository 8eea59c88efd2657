use super::*;

const PRIORS: [Prior; 3] = [Prior::new(0.8), Prior::new(0.5), Prior::new(0.6)];

/// A unit vector that leans from the axis of its family by a little.
fn vector(family: usize, member: usize) -> Vec<f32> {
    let mut vector = vec![0.0; 32];
    vector[family] = 1.0;
    vector[8 + member % 24] = 0.3;
    vector
}

fn text(family: usize, member: usize) -> String {
    // Digits are all alike to the features.
    let name = ["poems", "proofs", "maps", "taxes", "trees", "songs"][family];
    let letter = char::from(b'a' + (member % 24) as u8);
    format!("{name} ask about {letter}")
}

fn prompt(family: usize, member: usize) -> Arc<Features> {
    let vector = vector(family, member);
    Arc::new(Features::read(&text(family, member), Some(&vector)))
}

fn lesson(features: &Arc<Features>, model: usize, reward: f32) -> Lesson {
    Lesson {
        features: Arc::clone(features),
        task: TaskLabel::Code,
        model,
        reward,
        weight: 1.0,
    }
}

/// In family 0 the last model is the best, in family 1 the second one.
fn lessons() -> Vec<Lesson> {
    let rewards = [[0.3, 0.4, 0.9], [0.3, 1.0, 0.2]];
    let mut lessons = Vec::new();
    for member in 0..40 {
        for (family, rewards) in rewards.iter().enumerate() {
            let features = prompt(family, member);
            for (model, reward) in rewards.iter().enumerate() {
                lessons.push(lesson(&features, model, *reward));
            }
        }
    }
    lessons
}

fn code() -> TaskMix {
    TaskMix::only(TaskLabel::Code)
}

fn best(qualities: &[Quality]) -> usize {
    let best = qualities
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value));
    best.unwrap().0
}

#[test]
fn without_lessons_the_priors_stand() {
    let model = QualityModel::fit(&[], &PRIORS);

    for features in [Features::default(), Features::read("x", Some(&[1.0]))] {
        let found = model.estimate(&code(), &features);
        for (found, prior) in found.iter().zip(PRIORS) {
            assert_eq!((found.value, found.support), (prior.quality, 0.0));
        }
    }
    assert!(
        QualityModel::fit(&lessons(), &[])
            .estimate(&code(), &prompt(0, 1))
            .is_empty()
    );
}

#[test]
fn nearby_prompts_choose_the_model_that_did_well_on_them() {
    let model = QualityModel::fit(&lessons(), &PRIORS);

    for member in [3, 77] {
        assert_eq!(best(&model.estimate(&code(), &prompt(0, member))), 2);
        assert_eq!(best(&model.estimate(&code(), &prompt(1, member))), 1);
    }
    for found in model.estimate(&code(), &prompt(1, 77)) {
        let sum = found.prior + found.support * (found.table - found.prior + found.delta);
        assert!((found.value - sum).abs() < 1e-12);
        assert_eq!((found.support, found.lessons), (1.0, 80));
    }
}

#[test]
fn far_prompts_leave_the_priors_as_they_are() {
    let model = QualityModel::fit(&lessons(), &PRIORS);
    let far = Features::read("poems ask", Some(&vector(5, 1)));

    for (found, prior) in model.estimate(&code(), &far).iter().zip(PRIORS) {
        assert_eq!(found.value, prior.quality);
        assert!(found.table != prior.quality);
    }
}

#[test]
fn fewer_than_five_lessons_open_the_gate_in_part() {
    let open = |count: usize| {
        let lessons: Vec<_> = (0..count).map(|_| lesson(&prompt(0, 1), 0, 1.0)).collect();
        let model = QualityModel::fit(&lessons, &PRIORS);
        model.estimate(&code(), &prompt(0, 1))[0].support
    };

    assert_eq!(open(1), 0.0);
    assert!((open(2) - 0.25).abs() < 1e-5);
    assert_eq!(open(5), 1.0);
}

#[test]
fn models_that_change_places_keep_their_estimates() {
    let turned = |model: usize| (model + 1) % 3;
    let mut priors = PRIORS;
    priors.rotate_right(1);
    let moved = lessons().into_iter().map(|lesson| Lesson {
        model: turned(lesson.model),
        ..lesson
    });
    let (first, second) = (
        QualityModel::fit(&lessons(), &PRIORS),
        QualityModel::fit(&moved.collect::<Vec<_>>(), &priors),
    );

    let features = prompt(1, 90);
    let (first, second) = (
        first.estimate(&code(), &features),
        second.estimate(&code(), &features),
    );

    for (model, quality) in first.iter().enumerate() {
        assert_eq!(*quality, second[turned(model)]);
    }
}

#[test]
fn the_same_lessons_give_the_same_estimates() {
    let estimate = || QualityModel::fit(&lessons(), &PRIORS).estimate(&code(), &prompt(0, 50));

    assert_eq!(estimate(), estimate());
}

#[test]
fn a_model_without_lessons_keeps_its_prior_beside_others() {
    let some = lessons().into_iter().filter(|lesson| lesson.model != 1);
    let model = QualityModel::fit(&some.collect::<Vec<_>>(), &PRIORS);

    let found = model.estimate(&code(), &prompt(0, 50));

    assert_eq!((found[1].value, found[1].lessons), (0.5, 0));
    let (good, bad) = (found[2].value, found[0].value);
    assert!(good > 0.65 && bad < 0.5, "{good} {bad}");
}

#[test]
fn words_stand_in_where_there_are_no_embeddings() {
    let bare = lessons().into_iter().enumerate().map(|(index, lesson)| {
        let text = text(index / 3 % 2, 0);
        Lesson {
            features: Arc::new(Features::read(&text, None)),
            ..lesson
        }
    });
    let model = QualityModel::fit(&bare.collect::<Vec<_>>(), &PRIORS);

    let known = model.estimate(&code(), &Features::read(&text(1, 0), None));
    let unknown = model.estimate(&code(), &Features::read("quite other words here", None));

    assert_eq!(best(&known), 1);
    assert!(known[1].support > 0.9);
    assert_eq!(unknown[0].value, 0.8);
}

#[test]
fn feedback_that_has_faded_counts_less() {
    let at = |weight: f32| {
        let lessons = lessons()
            .into_iter()
            .map(|lesson| Lesson { weight, ..lesson });
        let model = QualityModel::fit(&lessons.collect::<Vec<_>>(), &PRIORS);
        model.estimate(&code(), &prompt(1, 50))[0].value
    };

    // The first model did worse than believed.
    assert!(at(1.0) < at(0.3) && at(0.3) < at(0.05));
    assert_eq!(at(0.001), 0.8);
}

#[test]
fn what_is_no_number_neither_panics_nor_wins() {
    let features = prompt(0, 1);
    let mut broken = lessons();
    for (reward, weight) in [
        (f32::NAN, 1.0),
        (f32::INFINITY, 1.0),
        (1.0, f32::NAN),
        (1.0, -1.0),
    ] {
        broken.push(Lesson {
            reward,
            weight,
            ..lesson(&features, 0, 0.0)
        });
    }
    broken.push(lesson(&features, 99, 1.0));
    broken.push(lesson(
        &Arc::new(Features::read("odd", Some(&[1.0; 7]))),
        0,
        1.0,
    ));
    let huge = Features::read(&"🦀 x ".repeat(50_000), Some(&[f32::NAN; 32]));
    let priors = [
        Prior {
            quality: f64::NAN,
            weight: f64::NAN,
        },
        PRIORS[1],
        Prior {
            quality: 7.0,
            weight: f64::INFINITY,
        },
    ];

    let model = QualityModel::fit(&broken, &priors);

    for features in [&*features, &huge, &Features::default()] {
        let found = model.estimate(&code(), features);
        assert!(found.iter().all(|it| (0.0..=1.0).contains(&it.value)));
        assert_ne!(best(&found), 0);
    }
}
