//! The composition root: the only place that names concrete adapters.

mod api_key;
mod catalog;
mod embedding;
mod eval;
mod healthcheck;
mod http_key_source;
mod reload;
mod stores;
mod system_clock;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use api_key::new_api_key;
pub use catalog::{CatalogForm, CatalogScope, catalog};
pub use embedding::Embedding;
pub use eval::{EvalError, Evaluation, Report};
pub use healthcheck::healthcheck;
pub use reload::Reload;
pub use stores::Stores;
pub use system_clock::SystemClock;

use crate::cache::{self, Cache};
use crate::config::{Config, Sources};
use crate::domain::{Caller, Clock, KeySource, Provider, Rights};
use crate::gateway::{Gateway, Knowledge, Parts};
use crate::http::{self, AuthMode, Identity, IdentityParts, Notices, RouterParts, Shutdown};
use crate::limit::Limiter;
use crate::mcp::McpHandler;
use crate::providers::{
    Anthropic, ApplicationDefault, Dialect, Exchange, Google, GoogleIdentity, HttpTransport,
    OpenAiCompatible, ProviderSettings, Transport,
};
use crate::routing::TaskClassifier;
use crate::telemetry::Metrics;
use http_key_source::HttpKeySource;

/// How long background work may take to end.
const BACKGROUND_END: Duration = Duration::from_millis(500);

/// Why the server cannot start or go on.
#[derive(Debug, Error)]
pub enum AppError {
    /// A part could not be built.
    #[error("{0}")]
    Build(String),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A second signal cut the end short.
    #[error("a second signal: stopped at once")]
    Interrupted,
    /// The store did not take all lines of the ledger; the log has them.
    #[error("{lines} lines of the ledger were not stored; they are in the log")]
    Gap {
        /// How many.
        lines: usize,
    },
    /// The system failed.
    #[error("the server failed: {0}")]
    Serve(#[from] io::Error),
}

/// What a test or another program puts in place of the real world.
pub struct World {
    /// How bytes reach vendors.
    pub transport: Arc<dyn Transport>,
    /// What outlives a call.
    pub stores: Stores,
    /// What turns texts into vectors.
    pub embedding: Embedding,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Who we are to Vertex AI; not asked while nothing is reached through it.
    pub google_identity: Arc<dyn GoogleIdentity>,
    /// Where token issuers publish their keys; not asked while no mode of
    /// identity needs them.
    pub key_source: Arc<dyn KeySource>,
}

/// Who sees what everybody does: whom the policy names, and everybody where
/// nobody proves who it is.
struct Administrators {
    limits: Arc<Limiter>,
    is_open: bool,
}

impl Rights for Administrators {
    fn is_admin(&self, caller: &Caller) -> bool {
        self.is_open || self.limits.is_admin(caller)
    }
}

impl World {
    /// Returns the real one for a configuration.
    ///
    /// # Errors
    /// [`AppError::Build`] if TLS cannot be set up or the store cannot be
    /// opened.
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        let transport = HttpTransport::try_new(&config.providers).map_err(AppError::Build)?;
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let key_urls = config.server.key_urls();
        let key_transport = if key_urls.is_empty() {
            Arc::clone(&transport)
        } else {
            let client = HttpTransport::try_to(&key_urls, config.providers.timeouts);
            Arc::new(client.map_err(AppError::Build)?)
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Ok(Self {
            transport,
            stores: Stores::open(config, &clock).await?,
            embedding: Embedding::open(config),
            clock,
            google_identity: Arc::new(ApplicationDefault::default()),
            key_source: Arc::new(HttpKeySource(key_transport)),
        })
    }
}

/// A gateway that is built but does not listen.
pub struct App {
    /// The pipeline.
    pub gateway: Arc<Gateway>,
    /// Every route.
    pub router: axum::Router,
    /// Reads the configuration again.
    pub reload: Arc<Reload>,
    /// The two moments of the end.
    pub shutdown: Shutdown,
    stores: Stores,
    embedding: Embedding,
    cache: Arc<Cache>,
}

impl App {
    /// Builds every part once and passes it down.
    ///
    /// # Errors
    /// [`AppError::Build`] if an adapter refuses its settings.
    pub fn build(config: &Config, sources: Sources, world: World) -> Result<Self, AppError> {
        let metrics = Metrics::try_new().map_err(|fault| AppError::Build(fault.to_string()))?;
        let metrics = Arc::new(metrics);
        let shutdown = Shutdown::default();
        let exchange = Exchange::new(world.transport, config.providers.timeouts);
        let providers: Result<Vec<_>, String> = config
            .providers
            .configured
            .iter()
            .map(|settings| provider(settings, &exchange, &world.google_identity))
            .collect();
        let stores = world.stores;
        let policy = config.policy.clone();
        let limits = Limiter::new(policy, Arc::clone(&stores.limits), Arc::clone(&world.clock));
        let limits = Arc::new(limits);
        let rights: Arc<dyn Rights> = Arc::new(Administrators {
            limits: Arc::clone(&limits),
            is_open: config.server.auth_modes.contains(&AuthMode::None),
        });
        let cache = Arc::new(Cache::new(cache::Parts {
            settings: config.cache.clone(),
            embedder: Arc::clone(&world.embedding.embedder),
            store: stores.answers.clone(),
            clock: Arc::clone(&world.clock),
        }));
        let classifier = TaskClassifier::built_in();
        let classifier = classifier.map_err(|fault| AppError::Build(fault.to_string()))?;
        let gateway = Gateway::new(Parts {
            settings: config.gateway.clone(),
            routing: config.routing.clone(),
            known: Knowledge {
                catalogue: config.catalogue(),
                prices: config.price_table(),
            },
            providers: providers.map_err(AppError::Build)?,
            unconfigured: config.unconfigured.clone(),
            limits: Arc::clone(&limits),
            cache: Arc::clone(&cache),
            classifier: Arc::new(classifier),
            learned: stores.learned.clone(),
            ratings: stores.ratings.clone(),
            judges: config.background_daily_usd > 0.0,
            ledger: Arc::clone(&stores.ledger),
            usage: Arc::clone(&stores.usage),
            rights: Arc::clone(&rights),
            clock: Arc::clone(&world.clock),
            metrics: Arc::clone(&metrics),
            stopping: shutdown.stopping.clone(),
            tasks: shutdown.calls.clone(),
        });
        let notices = Arc::new(Notices::default());
        notices.set("store", stores.notice.clone());
        let identity = Arc::new(Identity::new(IdentityParts {
            settings: &config.server,
            api_keys: config.api_keys.clone(),
            key_source: world.key_source,
            clock: world.clock,
            rights,
            tasks: shutdown.calls.clone(),
        }));
        let parts = RouterParts {
            gateway: Arc::clone(&gateway),
            metrics: Arc::clone(&metrics),
            mcp: McpHandler::new(Arc::clone(&gateway), config.prompts.clone()),
            identity: Arc::clone(&identity),
            notices: Arc::clone(&notices),
            shutdown: shutdown.clone(),
        };
        let router = http::router(&config.server, parts);
        let reload = Reload::new(
            sources,
            config,
            reload::Parts {
                gateway: Arc::clone(&gateway),
                cache: Arc::clone(&cache),
                limits,
                identity,
                notices,
                metrics,
            },
        );
        Ok(Self {
            gateway,
            router,
            reload: Arc::new(reload),
            shutdown,
            stores,
            embedding: world.embedding,
            cache,
        })
    }

    /// Serves on `listener` until [`Shutdown::draining`] fires and what is in
    /// flight has ended, then stores what waits for it.
    ///
    /// # Errors
    /// [`AppError::Serve`] if the listener fails, [`AppError::Gap`] if lines
    /// of the ledger could not be stored.
    pub async fn serve(self, listener: TcpListener, config: &Config) -> Result<(), AppError> {
        let background = TaskTracker::new();
        let gateway = Arc::clone(&self.gateway);
        let reload = Arc::clone(&self.reload);
        let draining = self.shutdown.draining.clone();
        background.spawn(async move {
            let work = async { tokio::join!(gateway.keep_probing(), reload.keep_watching()) };
            draining.run_until_cancelled(work).await;
        });
        // Calls that are still under way are recorded, so these go on.
        let stored = CancellationToken::new();
        let (gateway, stop) = (Arc::clone(&self.gateway), stored.clone());
        background.spawn(async move { gateway.keep_learning(stop).await });
        let embedding = self.embedding.clone();
        background.spawn(async move { embedding.load().await });
        let (cache, stop) = (Arc::clone(&self.cache), stored.clone());
        let callers = reload::only_callers(config);
        background.spawn(async move {
            let leave = async {
                if let Some(callers) = callers {
                    cache.keep_only(&callers).await;
                }
            };
            tokio::join!(stop.run_until_cancelled(leave), cache.run(stop.clone()));
        });
        let (stores, stop) = (self.stores.clone(), stored.clone());
        background.spawn(async move { stores.run(stop).await });
        background.close();
        let served = http::serve(listener, self.router, &config.server, &self.shutdown).await;
        stored.cancel();
        // What it does now costs nothing to lose.
        let _ = timeout(BACKGROUND_END, background.wait()).await;
        let unstored = self.cache.waiting();
        if unstored > 0 {
            tracing::warn!(unstored, "changes of cached answers were not stored");
        }
        let lost = self.stores.end().await;
        if let Some(since) = self.gateway.learning_unsaved_since() {
            tracing::warn!(%since, "what the router learned since then was not kept");
        }
        served?;
        if lost > 0 {
            return Err(AppError::Gap { lines: lost });
        }
        Ok(())
    }
}

/// Listens as configured and serves until SIGTERM or SIGINT; a second signal
/// ends the process at once, and SIGHUP reads the configuration again.
///
/// # Errors
/// [`AppError`] if a part cannot be built or the address cannot be had.
pub async fn run(config: &Config, sources: Sources) -> Result<(), AppError> {
    let app = App::build(config, sources, World::open(config).await?)?;
    let address = SocketAddr::new(config.server.host, config.server.port);
    let listen = |source| AppError::Listen { address, source };
    // Whoever reads that it listens may end it at once.
    let mut signals = Signals::try_new()?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let names: Vec<&str> = config
        .providers
        .configured
        .iter()
        .map(|provider| provider.name.as_str())
        .collect();
    let store = app.gateway.store_state().kind;
    tracing::info!(%address, providers = names.join(","), store, "listening");
    let shutdown = app.shutdown.clone();
    let (reload, stores) = (Arc::clone(&app.reload), app.stores.clone());
    let reloads = async {
        while hang_up.recv().await.is_some() {
            // It has said itself what is wrong.
            let _ = reload.read().await;
        }
        std::future::pending::<()>().await;
    };
    let ends = async {
        let name = signals.next().await;
        tracing::info!(signal = name, "draining");
        shutdown.draining.cancel();
        signals.next().await;
    };
    tokio::select! {
        served = app.serve(listener, config) => served?,
        () = ends => {
            stores.give_up().await;
            return Err(AppError::Interrupted);
        }
        () = reloads => {}
    }
    tracing::info!("stopped");
    Ok(())
}

/// The signals that end the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn try_new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one and returns its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn provider(
    settings: &ProviderSettings,
    exchange: &Exchange,
    identity: &Arc<dyn GoogleIdentity>,
) -> Result<Arc<dyn Provider>, String> {
    let (exchange, identity) = (exchange.clone(), Arc::clone(identity));
    Ok(match (settings.name.as_str(), &settings.vertex) {
        ("anthropic", None) => Arc::new(Anthropic::try_new(settings, exchange)?),
        ("anthropic", Some(_)) => Arc::new(Anthropic::try_on_vertex(settings, exchange, identity)?),
        ("google", None) => Arc::new(Google::try_new(settings, exchange)?),
        ("google", Some(_)) => Arc::new(Google::try_on_vertex(settings, exchange, identity)?),
        (name, _) => {
            let mut dialects = Dialect::ALL.into_iter();
            let dialect = dialects.find(|dialect| dialect.name == name);
            let dialect = dialect.ok_or_else(|| format!("nothing speaks to {name}"))?;
            Arc::new(OpenAiCompatible::try_new(dialect, settings, exchange)?)
        }
    })
}
