//! A whole gateway in memory with every vendor, all of which can be seen.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use ai_gateway::app::{App, Embedding, Stores, World};
use ai_gateway::config::{Config, Sources};
use ai_gateway::domain::{KeySource, KeySourceError, LedgerEntry, Secret};
use ai_gateway::providers::{GoogleIdentity, IdentityError};
use ai_gateway::usage::PriceTable;
use async_trait::async_trait;
use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tower::ServiceExt as _;
use vendor_sim::{Simulator, Vendor};

use crate::calendar::Calendar;
use crate::holds::CountedHolds;
use crate::ledger::MemoryLedger;
use crate::question::{End, Question};
use crate::vendors;
use crate::watched::Watched;

pub(crate) struct Town {
    pub(crate) app: App,
    pub(crate) simulator: Simulator,
    pub(crate) wire: Arc<Watched>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) prices: PriceTable,
    pub(crate) start: Instant,
    ledger: Arc<MemoryLedger>,
    holds: Arc<CountedHolds>,
    /// Tasks of the gateway at rest.
    tasks: usize,
}

impl Town {
    /// Builds one with the defaults, and budgets that nobody exceeds.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, &[])
    }

    /// Builds one with more in its environment.
    pub(crate) fn with(seed: u64, extra: &[(&str, &str)]) -> Self {
        let simulator = Simulator::new(seed);
        let wire = Arc::new(Watched::new(&simulator));
        let calendar = Arc::new(Calendar::default());
        let ledger = Arc::new(MemoryLedger::default());
        let holds = Arc::new(CountedHolds::new(Arc::clone(&calendar) as _));
        // Reading the catalogue takes longer than all that most tests do.
        static USUAL: LazyLock<(Config, Sources)> = LazyLock::new(|| configured(&[]));
        let special;
        let (config, sources) = if extra.is_empty() {
            &*USUAL
        } else {
            special = configured(extra);
            &special
        };
        let world = World {
            transport: Arc::clone(&wire) as _,
            stores: Stores::new(
                Arc::clone(&ledger) as _,
                Arc::clone(&ledger) as _,
                Arc::clone(&holds) as _,
            ),
            embedding: Embedding::off(),
            clock: Arc::clone(&calendar) as _,
            google_identity: Arc::new(Nobody),
            key_source: Arc::new(Nobody),
        };
        let prices = config.price_table();
        let app = App::build(config, sources.clone(), world).unwrap();
        Self {
            app,
            simulator,
            wire,
            calendar,
            prices,
            start: Instant::now(),
            ledger,
            holds,
            tasks: Handle::current().metrics().num_alive_tasks(),
        }
    }

    /// Puts a question and reads the answer.
    pub(crate) async fn ask(&self, question: &Question) -> End {
        self.ask_once(question, None).await
    }

    /// Puts a question, under a key if it has one, and reads the answer. A
    /// tool has its key among its arguments.
    pub(crate) async fn ask_once(&self, question: &Question, key: Option<&str>) -> End {
        let mut request = question.request("", Body::from).unwrap();
        if let Some(key) = key {
            let key = key.parse().unwrap();
            request.headers_mut().insert("idempotency-key", key);
        }
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        question.read(head.status, &head.headers, &String::from_utf8_lossy(&body))
    }

    /// Calls a tool and returns its structured content.
    pub(crate) async fn tool(&self, name: &str, arguments: &Value) -> Value {
        let params = json!({"name": name, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let request = http::Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(Body::from(call.to_string()));
        let response = self.app.router.clone().oneshot(request.unwrap());
        let body = response.await.unwrap().into_body().collect().await.unwrap();
        let answer: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
        answer["result"]["structuredContent"].clone()
    }

    /// Returns the vendor that a model would be asked of first.
    pub(crate) async fn favourite(&self, model: &str) -> Vendor {
        let asked = json!({"prompt": "say: where to", "model": model, "route_only": true});
        let route = self.tool("unified_completion", &asked).await;
        route["provider"].as_str().unwrap().parse().unwrap()
    }

    /// Returns every line of the ledger, oldest first.
    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        self.ledger.entries()
    }

    /// Lists what should be gone when no call is under way, and is not.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let request = http::Request::get("/metrics").header("host", "localhost");
        let response = self
            .app
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap());
        let body = response.await.unwrap().into_body().collect().await.unwrap();
        let metrics = String::from_utf8(body.to_bytes().to_vec()).unwrap();
        let in_flight = metrics
            .lines()
            .find_map(|line| line.strip_prefix("gateway_calls_in_flight "))
            .unwrap();
        let tasks = Handle::current().metrics().num_alive_tasks();
        let counts = [
            ("calls in flight", in_flight.parse().unwrap()),
            ("exchanges with vendors", self.wire.open()),
            ("holds", self.holds.open()),
            ("tasks", tasks.saturating_sub(self.tasks)),
        ];
        let left = counts.into_iter().filter(|(_, count)| *count > 0);
        left.map(|(name, count)| format!("{count} {name}"))
            .collect()
    }

    /// Compares the ledger with what the vendors have counted, token by token
    /// and line by line.
    pub(crate) fn bill(&self) -> Result<String, String> {
        let ledger = self.ledger();
        for vendor in vendors::ALL {
            let billed = self.simulator.stats(vendor).billed;
            let billed = billed.values().fold([0; 6], |sum, tokens| {
                let more = [
                    tokens.input,
                    tokens.cache_read,
                    tokens.cache_write,
                    tokens.cache_write_1h,
                    tokens.output,
                    tokens.reasoning,
                ];
                std::array::from_fn(|class| sum[class] + more[class])
            });
            let lines = ledger.iter().filter(|line| is_at(line, vendor));
            let entered = lines.fold([0; 6], |sum, line| {
                let more = line.usage.tokens.classes();
                std::array::from_fn(|class| sum[class] + more[class])
            });
            if billed != entered {
                return Err(format!(
                    "{vendor} bills {billed:?}, the ledger has {entered:?}"
                ));
            }
        }
        let mut total = 0;
        for line in &ledger {
            let Some(target) = &line.target else {
                continue;
            };
            let model = &target.model;
            let tokens = &line.usage.tokens;
            let due = self
                .prices
                .cost(&target.provider, model, tokens, line.started_at);
            let (due, entered) = (due.amount(), line.cost.amount());
            if due != entered {
                return Err(format!(
                    "{target}: {due:?} are due, {entered:?} are entered"
                ));
            }
            total += entered.map_or(0, |cost| cost.nanos());
        }
        Ok(format!("ledger = bill, {total} nano-dollars"))
    }
}

fn is_at(line: &LedgerEntry, vendor: Vendor) -> bool {
    let target = line.target.as_ref();
    target.is_some_and(|target| target.provider.as_str() == vendor.name())
}

/// Returns a configuration with every vendor, and where it comes from.
fn configured(extra: &[(&str, &str)]) -> (Config, Sources) {
    let mut environment = vendors::environment("127.0.0.1:1");
    environment.extend([
        ("GATEWAY_CONFIG_DIR", folder()),
        // Each call is to meet a vendor.
        ("GATEWAY__CACHE__ENABLED", "false".to_owned()),
        ("GATEWAY__ROUTING__EXPLORATION_SHARE", "0".to_owned()),
        // Without one nothing is ever set aside.
        (
            "GATEWAY__LIMITS__DEFAULT",
            "{budget_usd: 1000000, budget_window: total}".to_owned(),
        ),
    ]);
    let mut environment: BTreeMap<String, String> = environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let extra = extra.iter();
    environment.extend(extra.map(|(name, value)| (name.to_string(), value.to_string())));
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    (Config::load(&sources).unwrap(), sources)
}

/// Returns a folder without configuration, so that the defaults hold.
fn folder() -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-configuration");
    fs::create_dir_all(&folder).unwrap();
    folder.to_str().unwrap().to_owned()
}

/// Who is not asked, for neither Vertex AI nor tokens are in use.
struct Nobody;

#[async_trait]
impl GoogleIdentity for Nobody {
    async fn token(&self) -> Result<Secret, IdentityError> {
        Err(IdentityError::Refused)
    }

    fn refused(&self, _: &Secret) {}
}

#[async_trait]
impl KeySource for Nobody {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySourceError> {
        panic!("{url} was fetched")
    }
}
