use proptest::prelude::*;
use serde::Deserialize;

use super::*;

const GOLDEN: &str = include_str!("../../../models/task/golden.jsonl");
const WEIGHTS: &[u8] = include_bytes!("../../../models/task/weights.bin");

#[derive(Deserialize)]
struct Golden {
    prompt: String,
    rule: Option<(String, String)>,
    shape: Vec<f64>,
    alone: Vec<f64>,
    both: Vec<f64>,
}

fn classifier() -> TaskClassifier {
    TaskClassifier::built_in().expect("the weights fit")
}

/// The vector that `weights.py` used.
fn synthetic() -> Vec<f32> {
    let raw: Vec<f64> = (1..=384).map(|i| (0.37 * f64::from(i)).sin()).collect();
    let norm = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    raw.iter().map(|x| (x / norm) as f32).collect()
}

fn assert_near(got: &[f64], expected: &[f64], prompt: &str) {
    let is_near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5;
    assert!(
        got.len() == expected.len() && got.iter().zip(expected).all(is_near),
        "{got:?} is not {expected:?}: {prompt:?}"
    );
}

#[test]
fn python_and_rust_compute_the_same() {
    let (classifier, vector) = (classifier(), synthetic());
    let mut rows = 0;

    for line in GOLDEN.lines() {
        let golden: Golden = serde_json::from_str(line).expect("a row");
        let alone = classifier.classify(&golden.prompt, None);
        let both = classifier.classify(&golden.prompt, Some(&vector));

        let found = alone.language.map(|finding| match finding {
            LanguageFinding::Foreign(language) => ("foreign".to_owned(), language.name()),
            LanguageFinding::Translation(language) => ("translation".to_owned(), language.name()),
        });
        let expected = golden
            .rule
            .as_ref()
            .map(|(kind, name)| (kind.clone(), name.as_str()));
        assert_eq!(found, expected, "{:?}", golden.prompt);
        assert_near(
            &shape::features(&golden.prompt),
            &golden.shape,
            &golden.prompt,
        );
        assert_near(&alone.probabilities, &golden.alone, &golden.prompt);
        assert_near(&both.probabilities, &golden.both, &golden.prompt);
        rows += 1;
    }
    assert!(rows >= 200);
}

#[test]
fn plain_requests_get_their_label() {
    let classifier = classifier();

    for (prompt, label) in [
        (
            "Write a Python function that parses an ISO date",
            TaskLabel::Code,
        ),
        ("Write a poem about rain", TaskLabel::Creative),
        ("Solve 4x - 3 = 2x + 9", TaskLabel::Reasoning),
        (
            "Summarize the following text: The bridge was closed.",
            TaskLabel::Analysis,
        ),
        ("Traduis cette phrase en anglais", TaskLabel::Multilingual),
        ("How long do boiled eggs keep?", TaskLabel::General),
    ] {
        assert_eq!(classifier.classify(prompt, None).label, label, "{prompt}");
    }
}

#[test]
fn a_foreign_prompt_keeps_the_work_as_runner_up() {
    let prompt = "Schreibe eine Python-Funktion, die prüft, ob eine Zahl prim ist: def prim(n):";

    let estimate = classifier().classify(prompt, None);

    assert_eq!(estimate.label, TaskLabel::Multilingual);
    assert_eq!(estimate.runner_up, TaskLabel::Code);
    assert_eq!(estimate.source, TaskSource::Rule);
}

#[test]
fn a_vector_that_is_none_is_left_out() {
    let classifier = classifier();
    let prompt = "Plan a week in Rome";
    let alone = classifier.classify(prompt, None);

    for vector in [vec![], vec![0.1; 383], vec![f32::NAN; 384]] {
        assert_eq!(classifier.classify(prompt, Some(&vector)), alone);
    }
    let ensemble = classifier.classify(prompt, Some(&synthetic()));
    assert_eq!(ensemble.source, TaskSource::Ensemble);
}

#[test]
fn damaged_weights_are_refused() {
    let leak = |bytes: Vec<u8>| -> &'static [u8] { Box::leak(bytes.into_boxed_slice()) };
    let refused = |bytes: Vec<u8>| TaskClassifier::try_new(leak(bytes)).err();

    assert_eq!(refused(vec![]), Some(WeightsError::Damaged));
    assert_eq!(
        refused(WEIGHTS[..1_000].to_vec()),
        Some(WeightsError::Damaged)
    );
    let mut flipped = WEIGHTS.to_vec();
    flipped[5_000] ^= 1;
    assert_eq!(refused(flipped), Some(WeightsError::Damaged));
    let mut newer = WEIGHTS.to_vec();
    newer[4] = 9;
    assert_eq!(refused(newer), Some(WeightsError::Version));
}

#[test]
fn what_lies_in_the_middle_of_a_long_prompt_changes_nothing() {
    let classifier = classifier();
    let long = |middle: &str| format!("{}{middle}{}", "Sum up. ".repeat(300), "b ".repeat(9_000));

    let plain = classifier.classify(&long("fn main() {}"), None);

    assert_eq!(plain, classifier.classify(&long("why not? ..."), None));
}

proptest! {
    #[test]
    fn every_prompt_gets_chances_that_sum_to_one(
        prompt in "\\PC{0,300}|[ -~\n]{0,400}|(\u{0}|\u{feff}|💥|é|中|a|9|`|\\.|\n| ){0,200}",
        vector in proptest::collection::vec(-1.0_f32..1.0, 384),
    ) {
        let classifier = classifier();

        for estimate in [
            classifier.classify(&prompt, None),
            classifier.classify(&prompt, Some(&vector)),
        ] {
            let sum: f64 = estimate.probabilities.iter().sum();
            let top = estimate.probabilities.iter().copied().fold(0.0, f64::max);
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(estimate.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
            prop_assert_eq!(estimate.confidence, top);
            prop_assert_ne!(estimate.label, estimate.runner_up);
        }
    }
}
