use serde_json::Value;

use super::super::features::{FEATURES, NAMES, features};
use super::*;

const GOLDEN: &str = include_str!("../../../models/verifier/golden.jsonl");

fn verifier() -> Verifier {
    Verifier::shipped().expect("the shipped weights are whole")
}

fn judge(a: &str, b: &str, cosine: f32) -> Verdict {
    verifier().judge(&Prompt::read(a), &Prompt::read(b), cosine)
}

fn is_hit(a: &str, b: &str, cosine: f32) -> bool {
    let verdict = judge(a, b, cosine);
    verdict.veto.is_none() && verdict.probability >= verifier().threshold()
}

#[test]
fn features_and_probabilities_are_those_of_the_trainer() {
    let verifier = verifier();
    let mut rows = 0;

    for line in GOLDEN.lines() {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let (a, b) = (Prompt::read(&text("a")), Prompt::read(&text("b")));
        let cosine: f32 = serde_json::from_value(row["cos"].clone()).expect("a cosine");
        let expected: Vec<f32> = serde_json::from_value(row["features"].clone()).expect("a row");
        let got = features(&a, &b, cosine);
        assert_eq!(expected.len(), FEATURES);
        for (name, (got, expected)) in NAMES.iter().zip(got.iter().zip(&expected)) {
            assert!((got - expected).abs() < 1e-5, "{name} of {line}");
        }
        let p = row["p"].as_f64().expect("a probability");
        assert!((verifier.probability(&got) - p).abs() < 1e-5, "{line}");
        rows += 1;
    }

    assert!(rows >= 200, "{rows} rows");
}

#[test]
fn judgement_is_symmetric() {
    for line in GOLDEN.lines().step_by(3) {
        let row: Value = serde_json::from_str(line).expect("a JSON line");
        let read = |name: &str| Prompt::read(row[name].as_str().expect("a text"));
        let (a, b) = (read("a"), read("b"));

        assert_eq!(features(&a, &b, 0.9), features(&b, &a, 0.9), "{line}");
    }
}

#[test]
fn another_request_misses_even_at_the_highest_cosine() {
    for (a, b) in [
        ("Turn dark mode on", "Turn dark mode off"),
        ("Send $500 from Alice to Bob", "Send $500 from Bob to Alice"),
        ("Send $500 to Alice", "Send €500 to Alice"),
        (
            "How do I enable two-factor login?",
            "How do I disable two-factor login?",
        ),
        ("Why is my build failing?", "Why is my build not failing?"),
        ("Summarise this in 50 words", "Summarise this in 100 words"),
        (
            "How do I sort a list in Ruby?",
            "How do I sort a list in Perl?",
        ),
        (
            "Which airlines fly to Cuba?",
            "Which airlines fly from Cuba?",
        ),
        ("Solve 3x + 5 = 20", "Solve 3x - 5 = 20"),
        ("Who hired Ann?", "Who was hired by Ann?"),
        (
            "Why do owls hunt mice at dusk?",
            "Why do mice hunt owls at dusk?",
        ),
        (
            "How do I turn propanol to propanoic acid?",
            "How do I turn propanoic acid to propanol?",
        ),
    ] {
        assert!(!is_hit(a, b, 0.99), "{a} / {b}: {:?}", judge(a, b, 0.99));
    }
}

#[test]
fn the_same_request_in_other_words_hits() {
    for (a, b) in [
        (
            "What is the best way to learn Spanish?",
            "How do I learn Spanish?",
        ),
        (
            "What are some amazing pictures?",
            "What are some amazing pics?",
        ),
        (
            "How can I recover a deleted file on my laptop?",
            "How do I recover deleted files on my laptop?",
        ),
    ] {
        assert!(is_hit(a, b, 0.96), "{a} / {b}: {:?}", judge(a, b, 0.96));
    }
}

#[test]
fn vetoes_name_what_differs() {
    let veto = |a, b| judge(a, b, 0.99).veto;

    assert_eq!(veto("3 cats", "4 cats"), Some(Veto::Numbers));
    assert_eq!(veto("three cats", "four cats"), Some(Veto::Numbers));
    assert_eq!(veto("cats purr", "cats do not purr"), Some(Veto::Negation));
    assert_eq!(veto("fly to Rome", "fly from Rome"), Some(Veto::Direction));
    assert_eq!(veto("turn it on", "turn it off"), Some(Veto::Direction));
    assert_eq!(veto("owls hunt mice", "mice hunt owls"), Some(Veto::Order));
    assert_eq!(veto("is a < b", "is a > b"), Some(Veto::Signs));
    assert_eq!(veto("what is tea", "что такое чай"), Some(Veto::Scripts));
    assert_eq!(veto("what is tea", "what's tea"), None);
}

#[test]
fn no_prompt_makes_it_panic() {
    let pieces = [
        "", " ", "a", "'", "’s", "🦀", "\u{0}", "İ", "ﬁ", "1,.", "+#", "ß", "n't",
    ];
    let verifier = verifier();
    for piece in pieces {
        for times in [1, 3, 500, 50_000] {
            let text = piece.repeat(times);
            let prompt = Prompt::read(&text);
            for cosine in [f32::NAN, f32::INFINITY, -2.0, 0.9] {
                let row = features(&prompt, &Prompt::read("What's up, Doc?"), cosine);
                assert!(row.iter().all(|value| value.is_finite()), "{piece:?}");
                let p = verifier.probability(&row);
                assert!((0.0..=1.0).contains(&p), "{piece:?}");
            }
        }
    }
}

#[test]
fn damaged_weights_are_refused() {
    let cut = |at: usize| Verifier::try_new(&SHIPPED[..at]).err();
    let with = |at: usize, byte: u8| {
        let mut bytes = SHIPPED.to_vec();
        bytes[at] = byte;
        Verifier::try_new(&bytes).err()
    };

    for at in [0, 3, 7, 20, 60, 100, SHIPPED.len() / 2, SHIPPED.len() - 1] {
        assert_eq!(cut(at), Some(TableError::Damaged), "cut at {at}");
    }
    assert_eq!(with(0, b'X'), Some(TableError::Damaged));
    assert_eq!(with(4, 9), Some(TableError::Format(9)));
    assert_eq!(with(6, 3), Some(TableError::Features));
    let mut longer = SHIPPED.to_vec();
    longer.push(0);
    assert_eq!(Verifier::try_new(&longer).err(), Some(TableError::Damaged));
}

#[test]
fn any_flipped_byte_is_refused_or_harmless() {
    let row = [1.0; FEATURES];
    for at in (0..SHIPPED.len()).step_by(1_999) {
        let mut bytes = SHIPPED.to_vec();
        bytes[at] ^= 0x55;
        if let Ok(verifier) = Verifier::try_new(&bytes) {
            assert!(!verifier.probability(&row).is_nan(), "byte {at}");
        }
    }
}
