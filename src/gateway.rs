//! One request from start to finish.
//!
//! Every entrance goes through [`Gateway::complete`], so that no path can
//! skip limits, cost or metrics.

mod attempt;
mod attempts;
mod audit;
mod billing;
mod bounds;
mod cache_state;
mod cached;
mod call;
mod circuit;
mod circuits;
mod complete;
mod conversations;
mod detached;
mod disposition;
mod feedback;
mod health;
mod hedge;
mod jitter;
mod judge;
mod kept_learning;
mod knowledge;
mod learning;
mod lessons;
mod next_target;
mod open_attempt;
mod plan;
mod predict;
mod probe;
mod ready;
mod refusal;
mod relay;
mod remembered;
mod retry_budget;
mod room;
mod route;
mod settings;
mod shared_calls;
mod status;
mod structured;
mod tally;
mod usage;
mod usual_waits;
mod vendor_places;
mod window;

use std::collections::HashMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use audit::Origin;
pub use cache_state::SemanticState;
pub use circuit::CircuitState;
pub use feedback::{FeedbackEffect, FeedbackOutcome};
pub use health::Condition;
pub use judge::{BACKGROUND, daily_budget};
pub use knowledge::Knowledge;
pub use predict::{CostPrediction, CostReport, CostWish};
pub use settings::Settings;
pub use status::{ProviderStatus, Readiness};
pub use usage::UsageWish;

pub use crate::cache::{TrustState, WrongShare};
pub use crate::usage::{Money, Part as UsagePart, UsageReport};

use crate::cache::Cache;
use crate::domain::{
    Caller, Clock, CompletionRequest, Ledger, Provider, ProviderName, RatingStore, Rights,
    RoutingStore, UsageStore,
};
use crate::limit::{Limiter, Permit};
use crate::routing;
use crate::telemetry::Metrics;
use circuits::Circuits;
use conversations::Conversations;
use health::HealthBook;
use learning::Learning;
use retry_budget::RetryBudgets;
use shared_calls::SharedCalls;
use usual_waits::UsualWaits;
use vendor_places::VendorPlaces;

/// What a gateway is made of; `app` chooses each part.
pub struct Parts {
    /// How long and how often to try.
    pub settings: Settings,
    /// What the router weighs.
    pub routing: routing::Settings,
    /// The models of the configured providers, and what they cost.
    pub known: Knowledge,
    /// The configured providers.
    pub providers: Vec<Arc<dyn Provider>>,
    /// The providers that we know but that have no key.
    pub unconfigured: Vec<ProviderName>,
    /// Rates and budgets.
    pub limits: Arc<Limiter>,
    /// Stored answers.
    pub cache: Arc<Cache>,
    /// Tells kinds of work apart.
    pub classifier: Arc<routing::TaskClassifier>,
    /// Where what the router learns outlives the process, if anywhere.
    pub learned: Option<Arc<dyn RoutingStore>>,
    /// Where processes leave ratings for each other; `None` where there is one.
    pub ratings: Option<Arc<dyn RatingStore>>,
    /// Whether there is money for judging them.
    pub judges: bool,
    /// The record of calls.
    pub ledger: Arc<dyn Ledger>,
    /// What the record comes to.
    pub usage: Arc<dyn UsageStore>,
    /// Who sees what everybody does.
    pub rights: Arc<dyn Rights>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where to count.
    pub metrics: Arc<Metrics>,
    /// Fires when calls in flight must end because the process does.
    pub stopping: CancellationToken,
    /// Calls that go on without their caller; the end of the process waits
    /// for them.
    pub tasks: TaskTracker,
}

/// Answers completions from the configured providers.
pub struct Gateway {
    settings: Settings,
    routing: routing::Settings,
    known: ArcSwap<Knowledge>,
    providers: HashMap<ProviderName, Arc<dyn Provider>>,
    order: Vec<ProviderName>,
    unconfigured: Vec<ProviderName>,
    limits: Arc<Limiter>,
    cache: Arc<Cache>,
    judges: bool,
    judgements: Semaphore,
    judging: Semaphore,
    /// In seconds since the epoch.
    judges_rest_until: AtomicI64,
    ledger: Arc<dyn Ledger>,
    usage_store: Arc<dyn UsageStore>,
    rights: Arc<dyn Rights>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
    tasks: TaskTracker,
    this: Weak<Self>,
    shared: SharedCalls,
    health: HealthBook,
    circuits: Circuits,
    retries: RetryBudgets,
    places: VendorPlaces,
    waits: UsualWaits,
    conversations: Conversations,
    learning: Learning,
    in_flight: Arc<Semaphore>,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new_cyclic(|this| Self::with(parts, this.clone()))
    }

    fn with(parts: Parts, this: Weak<Self>) -> Self {
        let order: Vec<ProviderName> = parts
            .providers
            .iter()
            .map(|provider| provider.name().clone())
            .collect();
        let providers = parts
            .providers
            .into_iter()
            .map(|provider| (provider.name().clone(), provider));
        let most = parts.settings.max_in_flight_per_provider;
        let places = VendorPlaces::new(order.iter().cloned(), most);
        let shared = SharedCalls::new(
            parts.settings.idempotency_max_calls,
            Duration::from_millis(parts.settings.idempotency_keep_ms),
        );
        Self {
            in_flight: Arc::new(Semaphore::new(parts.settings.max_in_flight)),
            settings: parts.settings,
            routing: parts.routing,
            known: ArcSwap::from_pointee(parts.known),
            providers: providers.collect(),
            unconfigured: parts.unconfigured,
            limits: parts.limits,
            cache: parts.cache,
            judges: parts.judges,
            judgements: Semaphore::new(judge::MOST_WAITING),
            judging: Semaphore::new(1),
            judges_rest_until: AtomicI64::new(i64::MIN),
            ledger: parts.ledger,
            usage_store: parts.usage,
            rights: parts.rights,
            clock: parts.clock,
            metrics: parts.metrics,
            stopping: parts.stopping,
            tasks: parts.tasks,
            this,
            shared,
            health: HealthBook::default(),
            circuits: Circuits::default(),
            retries: RetryBudgets::default(),
            places,
            waits: UsualWaits::default(),
            order,
            conversations: Conversations::default(),
            learning: Learning::new(parts.classifier, parts.learned, parts.ratings),
        }
    }

    /// Tells whether a caller sees what everybody does.
    pub fn sees_all(&self, caller: &Caller) -> bool {
        self.rights.is_admin(caller)
    }

    /// Returns which models a caller may ask for, as of now.
    pub fn permit(&self, caller: &Caller) -> Permit {
        self.limits.permit(caller)
    }

    /// Estimates the input tokens of a request, without asking anybody.
    pub fn estimate_input(&self, request: &CompletionRequest) -> u64 {
        routing::estimate_tokens(request)
    }

    /// Returns how long a caller waits who names no time-out.
    pub fn default_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.default_timeout_ms)
    }
}
