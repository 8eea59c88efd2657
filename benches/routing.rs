//! What a decision takes: telling the kind of work of a prompt, and ranking
//! every target of the catalogue, its embedding given.
//!
//! Prints a table in Markdown: microseconds, the fastest of many rounds and
//! their median, each beside hashing the same prompt with SHA-256, so that
//! machines can be compared.

#![expect(clippy::print_stdout, reason = "the report is what the bench is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ai_gateway::config::{Config, Sources};
use ai_gateway::domain::{
    CompletionRequest, Draft, Message, ModelId, ProviderName, Role, Target, TaskLabel,
};
use ai_gateway::routing::{
    AnswerLesson, Choice, Experience, Facts, Features, Feedback, Health, InputFactor,
    LearnedEstimator, ReportedTokens, TargetHealth, TaskClassifier, TaskMix, Taught, explain,
    explore, rank,
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

const ROUNDS: usize = 2_000;
/// The length of an embedding.
const DIMENSIONS: usize = 384;

/// All are well.
struct Well;

impl Health for Well {
    fn of(&self, _: &ProviderName, _: &ModelId) -> TargetHealth {
        TargetHealth::UNKNOWN
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = config()?;
    let (catalogue, prices) = (config.catalogue(), config.price_table());
    let classifier = TaskClassifier::built_in()?;
    let prompt = prompt(2_048);
    let vector = vector(7);
    let at = "2026-11-25T12:00:00Z".parse::<Timestamp>()?;
    println!(
        "{} models; a prompt of {} bytes; fastest / median of {ROUNDS} rounds\n",
        catalogue.models().len(),
        prompt.len(),
    );
    println!("| | µs | × SHA-256 of the prompt |\n|---|--:|--:|");
    let hash = time(|| Sha256::digest(prompt.as_bytes()).to_vec());
    let report = |name: &str, took: (f64, f64)| {
        let ratio = took.0 / hash.0;
        println!("| {name} | {:.1} / {:.1} | {ratio:.1} |", took.0, took.1);
    };
    report("SHA-256", hash);
    report(
        "classify by words",
        time(|| classifier.classify(&prompt, None)),
    );
    report(
        "classify by words and embedding",
        time(|| classifier.classify(&prompt, Some(&vector))),
    );
    report(
        "features of the prompt",
        time(|| Features::read(&prompt, Some(&vector))),
    );
    let targets: Vec<Target> = catalogue
        .models()
        .iter()
        .flat_map(|spec| spec.priors.iter().map(|prior| spec.target(prior.effort)))
        .collect();
    let experience = experience(&targets, at);
    let request = request(&prompt)?;
    for lessons in [0, 300, 2_000] {
        let feedback = feedback(&targets, lessons, at);
        let begun = Instant::now();
        let taught = Taught::fit(&feedback, |_| Some(0.7), at);
        let fitting = begun.elapsed();
        let task = classifier.classify(&prompt, Some(&vector));
        let decide = || {
            let facts = Facts::new(&request, Choice::Any, (task, at));
            let qualities = taught.of(&TaskMix::of(&task), || {
                Features::read(&prompt, Some(&vector))
            });
            let estimator = LearnedEstimator {
                prices: &prices,
                health: &Well,
                experience: &experience,
                qualities: &qualities,
                expected_output_tokens: 350,
            };
            let mut ranking = rank(&facts, &catalogue, &config.routing, &estimator);
            let exploration = explore(&mut ranking, 0.05, [0.5, 0.5]);
            let input = InputFactor::default();
            explain(&facts, &ranking, input, (exploration, Duration::ZERO))
        };
        let name = format!(
            "decide among {} targets, {lessons} rated answers (learned in {:.0} ms)",
            targets.len(),
            fitting.as_secs_f64() * 1e3,
        );
        report(&name, time(decide));
    }
    Ok(())
}

/// Times something, in microseconds: the fastest round, and the median.
fn time<T>(mut work: impl FnMut() -> T) -> (f64, f64) {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let at = |place: usize| rounds.get(place).copied().unwrap_or_default();
    (at(0), at(ROUNDS / 2))
}

/// A configuration with every vendor.
fn config() -> Result<Config, Box<dyn Error>> {
    let keys = [
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "MISTRAL_API_KEY",
        "GROQ_API_KEY",
    ];
    let environment: BTreeMap<String, String> = keys
        .into_iter()
        .map(|name| (name.to_owned(), "bench".to_owned()))
        .collect();
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    Config::load(&sources).map_err(|faults| faults.to_string().into())
}

fn prompt(bytes: usize) -> String {
    let words = [
        "explain", "how", "the", "hash", "map", "of", "a", "language", "grows", "and", "why", "it",
        "moves", "its", "entries", "when", "17", "are", "full;",
    ];
    let mut prompt = String::new();
    for word in words.iter().cycle() {
        if prompt.len() + word.len() + 1 > bytes {
            return prompt;
        }
        prompt.push_str(word);
        prompt.push(' ');
    }
    prompt
}

/// A vector of unit norm.
fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed;
    let values: Vec<f32> = (0..DIMENSIONS)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / 16_777_216.0 - 0.3
        })
        .collect();
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    values.into_iter().map(|value| value / norm).collect()
}

fn request(prompt: &str) -> Result<CompletionRequest, Box<dyn Error>> {
    let draft = Draft {
        messages: Some(vec![Message::text(Role::User, prompt)]),
        ..Draft::default()
    };
    Ok(draft
        .check(Duration::from_secs(50))
        .map_err(|fault| fault.message)?)
}

/// Answers of every target.
fn experience(targets: &[Target], at: Timestamp) -> Experience {
    let mut experience = Experience::default();
    for target in targets {
        let lesson = AnswerLesson {
            target,
            task: TaskLabel::Analysis,
            caller: 1,
            tokens: Some(ReportedTokens {
                input: 500,
                estimated_input: 480,
                visible: 300,
                thinking: 0,
                is_cut: false,
            }),
            is_usable: Some(true),
        };
        experience.learn(&lesson, true, at);
    }
    experience
}

/// Feedback on prompts of their own, spread over the targets.
fn feedback(targets: &[Target], count: u32, at: Timestamp) -> Vec<Feedback> {
    let feedback = (0..count).zip(targets.iter().cycle());
    feedback
        .map(|(number, target)| Feedback {
            call: u128::from(number),
            caller: 0,
            provider: target.provider.clone(),
            model: target.model.clone(),
            effort: target.effort,
            task: TaskLabel::Analysis,
            score: f32::from(u8::try_from(number % 5).unwrap_or(0)) / 4.0,
            at_s: at.as_second(),
            features: Arc::new(Features::read(
                &format!("{} {number}", prompt(400)),
                Some(&vector(u64::from(number))),
            )),
        })
        .collect()
}
