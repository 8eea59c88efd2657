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
fn swapped_roles_miss() {
    for (a, b, why) in [
        (
            "Should I sell stocks and buy bonds?",
            "Should I buy stocks and sell bonds?",
            Veto::Order,
        ),
        (
            "Should I buy a house or rent a flat?",
            "Should I buy a flat or rent a house?",
            Veto::Order,
        ),
        (
            "Should I fry the onions and boil the rice?",
            "Should I fry the rice and boil the onions?",
            Veto::Order,
        ),
        (
            "Is it better to buy a car or lease a van?",
            "Is it better to lease a car or buy a van?",
            Veto::Order,
        ),
        (
            "Should I sell my house and keep my car?",
            "Should I keep my house and sell my car?",
            Veto::Order,
        ),
        (
            "Are all squares rectangles?",
            "Are all rectangles squares?",
            Veto::Order,
        ),
        (
            "Are all dogs mammals?",
            "Are all mammals dogs?",
            Veto::Order,
        ),
        ("What eats owls?", "What do owls eat?", Veto::Order),
        (
            "What eats snakes in the desert?",
            "What do snakes eat in the desert?",
            Veto::Order,
        ),
        (
            "Who does the president appoint?",
            "Who appoints the president?",
            Veto::Order,
        ),
        (
            "What does the wolf eat?",
            "What eats the wolf?",
            Veto::Order,
        ),
        (
            "What to do when a person is choking?",
            "What to do when choking a person?",
            Veto::Order,
        ),
        (
            "Can I sue my landlord?",
            "Can my landlord sue me?",
            Veto::Order,
        ),
        (
            "How do I tell her that I love her?",
            "How do I tell her that she loves me?",
            Veto::Persons,
        ),
        (
            "How do I teach my dog to trust me?",
            "How do I teach myself to trust my dog?",
            Veto::Persons,
        ),
        (
            "Why did she leave him?",
            "Why did he leave her?",
            Veto::Persons,
        ),
        (
            "How do I play an A minor chord on guitar?",
            "How do I play a minor chord on guitar?",
            Veto::Letters,
        ),
        (
            "What is an A level exam in England?",
            "What is a level exam in England?",
            Veto::Letters,
        ),
        (
            "What is grade A beef?",
            "What is a grade beef?",
            Veto::Letters,
        ),
        (
            "Why is my type A blood special?",
            "Why is my blood type special?",
            Veto::Letters,
        ),
        (
            "What does vitamin A do in the body?",
            "What do vitamins do in the body?",
            Veto::Letters,
        ),
        (
            "When did the World War I begin and why?",
            "When did the World War begin and why?",
            Veto::Letters,
        ),
        (
            "How do I subtract a from b in Python?",
            "How do I subtract b from a in Python?",
            Veto::Letters,
        ),
        (
            "Is a greater than b if both are negative?",
            "Is b greater than a if both are negative?",
            Veto::Letters,
        ),
    ] {
        assert_eq!(judge(a, b, 0.97).veto, Some(why), "{a} / {b}");
        assert_eq!(judge(b, a, 0.97).veto, Some(why), "{b} / {a}");
    }
}

#[test]
fn lists_frames_and_moved_words_keep_their_roles() {
    for (a, b) in [
        ("Compare tea and milk", "Compare milk and tea"),
        (
            "Should I buy a house or rent a flat?",
            "Should I rent a flat or buy a house?",
        ),
        ("In Rust how do I loop?", "How do I loop in Rust?"),
        (
            "How do I learn Spanish quickly?",
            "How do I quickly learn Spanish?",
        ),
        ("Name a big red car", "Name a red big car"),
        (
            "Which laptop is best for programming?",
            "What is the best laptop for programming?",
        ),
        (
            "Can I use my laptop as a monitor?",
            "Can my laptop be used as a monitor?",
        ),
        (
            "How can I convert ethylene to ethanol?",
            "How is ethylene converted to ethanol?",
        ),
        (
            "How do a web service and a Windows service differ?",
            "How do a Windows service and a web service differ?",
        ),
        (
            "What is a good C compiler for a beginner?",
            "What is the good C compiler for beginners?",
        ),
        (
            "Can you tell me how I reset my router?",
            "How can I reset my router?",
        ),
        (
            "Can someone help me reset my router?",
            "How do I reset my router?",
        ),
        ("How do you learn Spanish?", "How do I learn Spanish?"),
        (
            "What is the difference between a and b?",
            "What is the difference between b and a?",
        ),
        (
            "What can I do if I lost my phone?",
            "I lost my phone, what can I do?",
        ),
        ("How do I make a cake?", "How to make cake"),
        (
            "How To Play A Song On Guitar",
            "How to play a song on guitar",
        ),
        ("Why does my cat bite me?", "Why do cats bite me?"),
    ] {
        assert_eq!(judge(a, b, 0.97).veto, None, "{a} / {b}");
        assert_eq!(judge(b, a, 0.97).veto, None, "{b} / {a}");
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
