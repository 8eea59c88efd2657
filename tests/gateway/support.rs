//! A whole gateway in memory: the real router, pipeline and adapters, with the
//! simulator in place of the network and a fixed calendar.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use ai_gateway::app::{App, Embedding, Stores, World};
use ai_gateway::config::{Config, Sources};
use ai_gateway::domain::{Clock, LedgerEntry, RatingStore, RoutingStore, Secret};
use ai_gateway::limit::LocalLimits;
use ai_gateway::providers::{
    GoogleIdentity, IdentityError, Transport, TransportBody, TransportError,
};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vendor_sim::{Simulator, Vendor};

use crate::identity::issuer::Published;
use crate::learned_parts::Parts;
use crate::ledger::MemoryLedger;
use crate::simulated_wire::Wire;

pub(crate) const OPENAI_KEY: &str = "sk-canary-openai-4711";
pub(crate) const ANTHROPIC_KEY: &str = "canary.anthropic.4711";
pub(crate) const GEMINI_KEY: &str = "AIza-canary-gemini-4711";
pub(crate) const MISTRAL_KEY: &str = "canary-mistral-4711";
pub(crate) const GROQ_KEY: &str = "gsk_canary_groq_4711";

/// The vendors of a [`Rig`].
pub(crate) const VENDORS: [Vendor; 2] = [Vendor::OpenAi, Vendor::Anthropic];

/// A gateway, what it talks to and what it writes down.
pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) app: App,
    /// What token issuers publish: nothing, unless a test says so.
    pub(crate) published: Arc<Published>,
    ledger: Arc<MemoryLedger>,
}

/// An answer of an HTTP door.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// What it takes to have the vendors besides OpenAI and Anthropic.
const ALL: [(&str, &str); 6] = [
    ("GEMINI_API_KEY", GEMINI_KEY),
    ("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1/google"),
    ("MISTRAL_API_KEY", MISTRAL_KEY),
    ("MISTRAL_BASE_URL", "http://127.0.0.1:1/mistral"),
    ("GROQ_API_KEY", GROQ_KEY),
    ("GROQ_BASE_URL", "http://127.0.0.1:1/groq"),
];

/// What several gateways learn over.
pub(crate) type Shared = (Arc<dyn RoutingStore>, Option<Arc<dyn RatingStore>>);

impl Rig {
    /// Starts a gateway with OpenAI and Anthropic.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// Starts a gateway with more in its environment; an empty value takes a
    /// variable away.
    pub(crate) fn with(extra: &[(&str, &str)]) -> Self {
        let simulator = Simulator::new(7);
        let wire = Arc::new(Wire(simulator.router()));
        Self::over(wire, simulator, extra)
    }

    /// Starts a gateway with every vendor, and more in its environment.
    pub(crate) fn of_all(extra: &[(&str, &str)]) -> Self {
        Self::with(&[&ALL[..], extra].concat())
    }

    /// Starts one that has them all behind `transport`.
    pub(crate) fn of_all_over(
        transport: Arc<dyn Transport>,
        simulator: Simulator,
        extra: &[(&str, &str)],
    ) -> Self {
        Self::over(transport, simulator, &[&ALL[..], extra].concat())
    }

    /// Starts a gateway whose vendors are reached over `transport`.
    pub(crate) fn over(
        transport: Arc<dyn Transport>,
        simulator: Simulator,
        extra: &[(&str, &str)],
    ) -> Self {
        Self::made_of(transport, simulator, Embedding::off(), extra)
    }

    /// Starts a gateway with an embedder.
    pub(crate) fn with_embedder(embedding: Embedding) -> Self {
        let simulator = Simulator::new(7);
        let wire = Arc::new(Wire(simulator.router()));
        Self::made_of(wire, simulator, embedding, &[])
    }

    /// Starts a gateway of its parts.
    pub(crate) fn made_of(
        transport: Arc<dyn Transport>,
        simulator: Simulator,
        embedding: Embedding,
        extra: &[(&str, &str)],
    ) -> Self {
        let stores = (Arc::<Parts>::default() as _, None);
        Self::on(stores, (transport, simulator), embedding, extra)
    }

    /// Starts a gateway that remembers what another one has learned.
    pub(crate) fn remembering(learned: Arc<dyn RoutingStore>) -> Self {
        Self::sharing((learned, None))
    }

    /// Starts a gateway that shares what is learned and what others rate, and
    /// keeps answers.
    pub(crate) fn sharing(stores: Shared) -> Self {
        let simulator = Simulator::new(7);
        let wire = Arc::new(Wire(simulator.router()));
        let cache = ("GATEWAY__CACHE__ENABLED", "true");
        let extra = stores.1.is_some().then_some(cache);
        Self::on(
            stores,
            (wire, simulator),
            Embedding::off(),
            extra.as_slice(),
        )
    }

    fn on(
        (learned, ratings): Shared,
        (transport, simulator): (Arc<dyn Transport>, Simulator),
        embedding: Embedding,
        extra: &[(&str, &str)],
    ) -> Self {
        let mut environment = BTreeMap::from([
            ("OPENAI_API_KEY", OPENAI_KEY),
            ("OPENAI_BASE_URL", "http://127.0.0.1:1/openai/v1"),
            ("ANTHROPIC_API_KEY", ANTHROPIC_KEY),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:1/anthropic"),
            ("GATEWAY_CONFIG_DIR", empty_folder()),
            // Each call is to meet a vendor, unless a test says otherwise.
            ("GATEWAY__CACHE__ENABLED", "false"),
            // Chance chooses where a test asks it to.
            ("GATEWAY__ROUTING__EXPLORATION_SHARE", "0"),
        ]);
        environment.extend(extra.iter().copied());
        let owned = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sources = Sources {
            environment: owned.collect(),
            ..Sources::default()
        };
        let config = loaded(&sources);
        let ledger = Arc::new(MemoryLedger::default());
        let published = Arc::new(Published::new());
        let mut stores = Stores::new(
            Arc::clone(&ledger) as _,
            Arc::clone(&ledger) as _,
            Arc::new(LocalLimits::new(Arc::new(Calendar))),
        );
        stores.learned = Some(learned);
        stores.ratings = ratings;
        let world = World {
            transport,
            stores,
            embedding,
            clock: Arc::new(Calendar),
            google_identity: Arc::new(Machine(simulator.router())),
            key_source: Arc::clone(&published) as _,
        };
        let app = App::build(&config, sources, world).unwrap();
        Self {
            simulator,
            app,
            published,
            ledger,
        }
    }

    /// Sends a request to the router and reads the answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Posts a body to `/mcp` with the headers that clients send.
    pub(crate) async fn mcp(&self, body: impl Into<Body>) -> Answer {
        let request = Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body.into());
        self.send(request.unwrap()).await
    }

    /// Calls a tool and returns the JSON-RPC result.
    pub(crate) async fn tool(&self, name: &str, arguments: Value) -> Value {
        let params = json!({"name": name, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let answer = self.mcp(call.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["result"].clone()
    }

    /// Asks for a completion and returns its structured content, which must
    /// be an answer.
    pub(crate) async fn complete(&self, arguments: Value) -> Value {
        let result = self.tool("unified_completion", arguments).await;
        assert_eq!(result["isError"], false, "{result:#}");
        result["structuredContent"].clone()
    }

    /// Asks for a completion and returns the error, which there must be.
    pub(crate) async fn refused(&self, arguments: Value) -> Value {
        let result = self.tool("unified_completion", arguments).await;
        assert_eq!(result["isError"], true, "{result:#}");
        result["structuredContent"]["error"].clone()
    }

    /// Posts to `/v1/chat/completions`.
    pub(crate) async fn chat(&self, body: impl Into<Body>) -> Answer {
        let request = Request::post("/v1/chat/completions")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(body.into());
        self.send(request.unwrap()).await
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path)
            .header("host", "localhost")
            .body(Body::empty());
        self.send(request.unwrap()).await
    }

    /// Returns the ledger, oldest entry first, without the lines of calls that
    /// have lines of attempts.
    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        let all = self.whole_ledger();
        let has_attempts = |entry: &LedgerEntry| {
            let mut others = all.iter();
            others.any(|other| other.target.is_some() && other.id.request == entry.id.request)
        };
        let entries = all.iter();
        let entries = entries.filter(|entry| entry.target.is_some() || !has_attempts(entry));
        entries.cloned().collect()
    }

    /// Returns every line of the ledger, oldest first.
    pub(crate) fn whole_ledger(&self) -> Vec<LedgerEntry> {
        self.ledger.entries()
    }

    /// Returns how many completions a vendor was asked for.
    pub(crate) fn asked(&self, vendor: Vendor) -> usize {
        let requests = self.simulator.requests(vendor);
        requests
            .iter()
            .filter(|request| request.method == http::Method::POST)
            .count()
    }

    /// Returns the body of the last completion that a vendor was asked for.
    pub(crate) fn last_question(&self, vendor: Vendor) -> Value {
        let requests = self.simulator.requests(vendor);
        let last = requests.iter().rfind(|request| request.body.is_some());
        last.unwrap().body.clone().unwrap()
    }
}

/// A vendor that answers with a model of this name.
pub(crate) struct Answering(pub(crate) &'static str);

#[async_trait]
impl Transport for Answering {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let body = json!({"model": self.0,
            "choices": [{"message": {"content": "well"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5}});
        let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
        Ok(Response::new(body.boxed_unsync()))
    }
}

/// The identity of a machine whose metadata server the simulator plays.
struct Machine(axum::Router);

#[async_trait]
impl GoogleIdentity for Machine {
    async fn token(&self) -> Result<Secret, IdentityError> {
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        let request = Request::get(path).header("metadata-flavor", "Google");
        let request = request.body(Body::empty()).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        match answer["access_token"].as_str() {
            Some(token) => Ok(Secret::new(token)),
            None => Err(IdentityError::Refused),
        }
    }

    fn refused(&self, _: &Secret) {}
}

/// A day on which every model of the catalogue is served.
struct Calendar;

impl Clock for Calendar {
    fn now(&self) -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }
}

/// Reads a configuration, or returns what was read before: the catalogue takes
/// longer than most tests. Folders of tests may change, so they are read anew.
fn loaded(sources: &Sources) -> Arc<Config> {
    type Known = Mutex<HashMap<BTreeMap<String, String>, Arc<Config>>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    let environment = &sources.environment;
    if environment["GATEWAY_CONFIG_DIR"] != empty_folder() {
        return Arc::new(Config::load(sources).unwrap());
    }
    if let Some(config) = KNOWN.lock().unwrap().get(environment) {
        return Arc::clone(config);
    }
    let config = Arc::new(Config::load(sources).unwrap());
    let mut known = KNOWN.lock().unwrap();
    known.insert(environment.clone(), Arc::clone(&config));
    config
}

/// Writes a configuration folder of this name.
pub(crate) fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        // Other tests may read it just now, so it is never there in part.
        let whole = folder.join(format!("{file}.{}", std::process::id()));
        fs::write(&whole, text).unwrap();
        fs::rename(whole, folder.join(file)).unwrap();
    }
    folder
}

/// Returns a folder without configuration, so that the defaults hold.
fn empty_folder() -> &'static str {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-configuration");
        fs::create_dir_all(&folder).unwrap();
        folder
    });
    FOLDER.to_str().unwrap()
}
