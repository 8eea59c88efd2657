//! A look into the cache as a call makes it, in one scope: the key, the map,
//! the nearest questions and the verifier. The vector is at hand, so that what
//! an embedder takes comes on top (`cargo bench --bench embedding`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ai_gateway::cache::{Answer, Asked, Cache, Door, Parts, Question, Settings};
use ai_gateway::domain::{
    Allowance, CacheOutcome, Caller, Candidate, Clock, Completion, ContentPart, Cost, Draft,
    Embedder, EmbedderError, EmbedderState, FinishReason, ModelId, NanoUsd, ProviderName,
    RequestId, RoutingReport, Target, TaskGuess, TaskLabel, TokenUsage, Usage,
};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::runtime::Builder;

use crate::Fault;
use crate::clock::{each_us, fastest_us, resident_bytes};
use crate::cloud::Cloud;

const SIZES: [usize; 4] = [1_000, 5_000, 10_000, 100_000];
const TIMED: usize = 200;
/// As long as a usual answer.
const ANSWER_BYTES: usize = 1_500;
/// Room for all of them.
const MAX_BYTES: u64 = 4 << 30;

/// Knows the vectors of its texts.
#[derive(Default)]
struct Known(Mutex<HashMap<String, Arc<[f32]>>>);

#[async_trait]
impl Embedder for Known {
    fn state(&self) -> EmbedderState {
        EmbedderState::Ready
    }

    fn version(&self) -> [u8; 32] {
        [0; 32]
    }

    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(text).cloned().ok_or(EmbedderError::Blank)
    }
}

/// A day that does not pass.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

pub(crate) fn print() -> Result<(), Fault> {
    println!("### Tiers: questions of one scope, answers of {ANSWER_BYTES} bytes\n");
    println!(
        "| entries | exact hit, µs | exact miss, µs | semantic, µs, embedding apart | store, µs | \
         resident bytes an entry |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for size in SIZES {
        measure(size)?;
    }
    println!();
    Ok(())
}

fn measure(size: usize) -> Result<(), Fault> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let _guard = runtime.enter();
    let embedder = Arc::new(Known::default());
    let cache = Cache::new(Parts {
        settings: Settings {
            max_bytes: MAX_BYTES,
            ..Settings::default()
        },
        embedder: Arc::clone(&embedder) as _,
        store: None,
        clock: Arc::new(Noon),
    });
    let mut cloud = Cloud::new(7, size);
    let mut vectors = Vec::new();
    let before = resident_bytes()?;
    let mut spent = Duration::ZERO;
    let answer = completion();
    for number in 0..size {
        let vector = cloud.vector();
        let prompt = prompt(number);
        let mut question = question(&cache, &prompt)?;
        embedder.learn(&prompt, &vector);
        // As a call that finds nothing: the question keeps its vector.
        let _ = runtime.block_on(cache.vector(&mut question));
        embedder.forget(&prompt);
        let start = Instant::now();
        let _ = cache.store(question, &answer);
        spent += start.elapsed();
        if vectors.len() < TIMED {
            vectors.push(vector);
        }
    }
    let resident = (resident_bytes()? - before) / size as f64;
    let known: Result<Vec<Question>, Fault> = (0..TIMED.min(size))
        .map(|number| question(&cache, &prompt(number)))
        .collect();
    let known = known?;
    let unknown: Result<Vec<Question>, Fault> = vectors
        .iter()
        .enumerate()
        .map(|(number, vector)| {
            let prompt = format!("{} in a few words", prompt(number));
            embedder.learn(&prompt, &cloud.near(vector));
            question(&cache, &prompt)
        })
        .collect();
    let unknown = unknown?;
    let hit = fastest_us(&known, |question| {
        runtime.block_on(cache.find(question, &serves_all))
    });
    let miss = fastest_us(&unknown, |question| {
        runtime.block_on(cache.find(question, &serves_all))
    });
    let semantic = fastest_us(&unknown, |question| {
        let mut question = question.clone();
        runtime.block_on(cache.find_similar(&mut question, &serves_all))
    });
    let store = each_us(spent, size);
    println!("| {size} | {hit:.2} | {miss:.2} | {semantic:.0} | {store:.1} | {resident:.0} |");
    Ok(())
}

impl Known {
    fn learn(&self, text: &str, vector: &[f32]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(text.to_owned(), vector.into());
    }

    fn forget(&self, text: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(text);
    }
}

fn serves_all(_: &Answer) -> bool {
    true
}

fn prompt(number: usize) -> String {
    format!("How do I replace part {number} of an old bicycle lamp?")
}

fn question(cache: &Cache, prompt: &str) -> Result<Question, Fault> {
    let draft = Draft {
        prompt: Some(prompt.to_owned()),
        ..Draft::default()
    };
    let request = draft.check(Duration::from_secs(50));
    let request = request.map_err(|fault| fault.message)?;
    let asked = Asked {
        request: &request,
        caller: &Caller::new("bench"),
        group: None,
        named: None,
        door: Door::Mcp,
    };
    Ok(cache.question(&asked).ok_or("it is not cached")?)
}

fn completion() -> Completion {
    let target = Target {
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
    };
    let task = TaskGuess {
        label: TaskLabel::General,
        confidence: 0.0,
    };
    Completion {
        request_id: RequestId::random(),
        content: vec![ContentPart::Text("word ".repeat(ANSWER_BYTES / 5))],
        provider: target.provider.clone(),
        model: target.model.clone(),
        effort: None,
        finish: Some(FinishReason::Stop),
        finish_is_unknown: false,
        stop_sequence: None,
        usage: Usage::reported(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        },
        latency: Duration::ZERO,
        cache: CacheOutcome::MISS,
        allowance: Allowance::default(),
        dropped_parameters: Vec::new(),
        routing: RoutingReport {
            task,
            reason: String::new(),
            candidates: vec![Candidate::unknown(target)],
            attempts: Vec::new(),
            decision: None,
        },
    }
}
