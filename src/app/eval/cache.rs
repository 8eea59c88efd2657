//! `eval cache`: which prompts the answer cache serves, and from which.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rows::{self, Id};
use super::vectors::Vectors;
use super::{EvalError, Report};
use crate::cache::{Asked, Cache, Door, Hit, Parts, Question, Settings};
use crate::domain::{
    Allowance, CacheOutcome, CacheStatus, Caller, Candidate, Clock, Completion, ContentPart, Cost,
    Draft, FinishReason, ModelId, NanoUsd, ProviderName, RequestId, RoutingReport, Target,
    TaskGuess, TaskLabel, TokenUsage, Usage,
};

/// How often progress is told, in rows.
const PROGRESS: usize = 500;

/// The rows of a file.
#[derive(Debug)]
pub(super) enum Rows {
    Pairs(Vec<Pair>),
    Stream(Vec<Request>),
}

/// Is the second one served from the entry of the first?
#[derive(Debug)]
pub(super) struct Pair {
    id: Id,
    a: String,
    b: String,
}

/// One of many that follow each other.
#[derive(Debug)]
pub(super) struct Request {
    id: Id,
    prompt: String,
    /// Its place in the order of asking; that in the file where one has none.
    seq: Option<i64>,
}

#[derive(Serialize)]
struct PairPrediction<'a> {
    id: &'a Id,
    score: f64,
    hit: bool,
}

#[derive(Serialize)]
struct RequestPrediction<'a> {
    id: &'a Id,
    hit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

/// Reads a file of either form.
pub(super) fn read(path: &Path) -> Result<Rows, EvalError> {
    #[derive(Deserialize)]
    struct Row {
        id: Id,
        #[serde(default, deserialize_with = "rows::text")]
        a: Option<String>,
        #[serde(default, deserialize_with = "rows::text")]
        b: Option<String>,
        #[serde(default, deserialize_with = "rows::text")]
        prompt: Option<String>,
        seq: Option<i64>,
    }
    let (mut pairs, mut requests) = (Vec::new(), Vec::new());
    rows::read_with(path, |row: Row, place| {
        let (id, seq) = (row.id, row.seq);
        match (row.a, row.b, row.prompt) {
            (Some(a), Some(b), _) => pairs.push(Pair { id, a, b }),
            (_, _, Some(prompt)) => requests.push(Request { id, prompt, seq }),
            _ => return Err(place.fault("neither `id`, `a` and `b` nor `id` and `prompt`")),
        }
        if pairs.is_empty() || requests.is_empty() {
            Ok(())
        } else {
            Err(place.fault("a pair and a request of a stream in one file"))
        }
    })?;
    Ok(if requests.is_empty() {
        Rows::Pairs(pairs)
    } else {
        Rows::Stream(requests)
    })
}

/// Asks what the rows say, each pair of a cache of its own.
pub(super) async fn run(
    rows: &Rows,
    vectors: &Vectors,
    report: &mut Report<'_>,
) -> Result<(), EvalError> {
    let (count, hits) = match rows {
        Rows::Pairs(pairs) => {
            let mut hits = 0_usize;
            for (done, pair) in (1..).zip(pairs) {
                let desk = Desk::open(vectors);
                desk.ask(&pair.a, 0).await;
                let reply = desk.ask(&pair.b, 1).await;
                hits += usize::from(reply.from.is_some());
                report.predict(&PairPrediction {
                    id: &pair.id,
                    score: reply.confidence,
                    hit: reply.from.is_some(),
                })?;
                tell(done, pairs.len(), report);
            }
            (pairs.len(), hits)
        }
        Rows::Stream(requests) => (requests.len(), stream(requests, vectors, report).await?),
    };
    (report.say)(&format!(
        "{hits} of {count} served from the cache, embeddings {}",
        if vectors.take_part() {
            "took part"
        } else {
            "took no part"
        }
    ));
    Ok(())
}

async fn stream(
    requests: &[Request],
    vectors: &Vectors,
    report: &mut Report<'_>,
) -> Result<usize, EvalError> {
    let mut order: Vec<(usize, &Request)> = requests.iter().enumerate().collect();
    if requests.iter().all(|request| request.seq.is_some()) {
        order.sort_by_key(|(_, request)| request.seq);
    }
    let desk = Desk::open(vectors);
    let mut replies = vec![Reply::default(); requests.len()];
    for (done, (row, request)) in (1..).zip(order) {
        let reply = desk.ask(&request.prompt, row).await;
        if let Some(slot) = replies.get_mut(row) {
            *slot = reply;
        }
        tell(done, requests.len(), report);
    }
    for (request, reply) in requests.iter().zip(&replies) {
        let matched = reply.from.and_then(|row| requests.get(row));
        report.predict(&RequestPrediction {
            id: &request.id,
            hit: matched.is_some(),
            matched_id: matched.map(|request| &request.id),
            score: matched.map(|_| reply.confidence),
        })?;
    }
    Ok(replies.iter().filter(|reply| reply.from.is_some()).count())
}

fn tell(done: usize, all: usize, report: &Report<'_>) {
    if done.is_multiple_of(PROGRESS) {
        (report.say)(&format!("{done} of {all} rows"));
    }
}

/// A cache that is asked as by completions, one after another.
struct Desk {
    cache: Cache,
    caller: Caller,
}

/// What became of a prompt.
#[derive(Clone, Copy, Debug, Default)]
struct Reply {
    /// The row whose answer was served.
    from: Option<usize>,
    /// How sure the cache is of its best match, served or not.
    confidence: f64,
}

/// Nothing expires while we look.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl Desk {
    fn open(vectors: &Vectors) -> Self {
        let cache = Cache::new(Parts {
            settings: Settings::default(),
            embedder: vectors.embedder(),
            store: None,
            clock: Arc::new(Still),
        });
        Self {
            cache,
            caller: Caller::new("eval"),
        }
    }

    /// Looks a prompt up, and stores an answer that names `row` if there is
    /// none. A prompt that a completion refuses, or the cache leaves alone, is
    /// a miss.
    async fn ask(&self, prompt: &str, row: usize) -> Reply {
        let Some(mut question) = self.question(prompt) else {
            return Reply::default();
        };
        let may_serve = |_: &_| true;
        let mut hit = self.cache.find(&question, &may_serve).await;
        if hit.is_none() {
            hit = self.cache.find_similar(&mut question, &may_serve).await.0;
        }
        if let Some(hit) = hit {
            return Reply::of(&hit);
        }
        let confidence = self.cache.likeness(&mut question).await;
        self.cache.store(question, &completion(row));
        Reply {
            from: None,
            confidence,
        }
    }

    fn question(&self, prompt: &str) -> Option<Question> {
        let draft = Draft {
            prompt: Some(prompt.to_owned()),
            temperature: Some(0.0),
            ..Draft::default()
        };
        let request = draft.check(Duration::from_secs(60)).ok()?;
        self.cache.question(&Asked {
            request: &request,
            caller: &self.caller,
            group: None,
            named: None,
            door: Door::Mcp,
        })
    }
}

impl Reply {
    fn of(hit: &Hit) -> Self {
        let confidence = match hit.status {
            CacheStatus::Semantic { confidence, .. } => f64::from(confidence),
            _ => 1.0,
        };
        Self {
            from: hit.answer().text.parse().ok(),
            confidence,
        }
    }
}

/// An answer that says which row it is for.
fn completion(row: usize) -> Completion {
    let (provider, model) = (ProviderName::new("eval"), ModelId::new("eval"));
    let candidate = Candidate::unknown(Target {
        provider: provider.clone(),
        model: model.clone(),
        effort: None,
    });
    Completion {
        request_id: RequestId::random(),
        content: vec![ContentPart::Text(row.to_string())],
        provider,
        model,
        effort: None,
        finish: Some(FinishReason::Stop),
        finish_is_unknown: false,
        stop_sequence: None,
        usage: Usage::reported(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::new(0),
            is_incomplete: false,
        },
        latency: Duration::ZERO,
        cache: CacheOutcome::MISS,
        allowance: Allowance::default(),
        dropped_parameters: Vec::new(),
        routing: RoutingReport {
            task: TaskGuess {
                label: TaskLabel::General,
                confidence: 0.0,
            },
            reason: String::new(),
            candidates: vec![candidate],
            attempts: Vec::new(),
            decision: None,
        },
    }
}
