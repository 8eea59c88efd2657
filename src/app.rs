//! The composition root: the only place that names concrete adapters.

mod catalog;
mod healthcheck;
mod system_clock;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub use catalog::{CatalogForm, CatalogScope, catalog};
pub use healthcheck::healthcheck;
pub use system_clock::SystemClock;

use crate::cache::Cache;
use crate::config::Config;
use crate::domain::{Clock, Ledger, Provider};
use crate::gateway::{Gateway, Parts};
use crate::http::{self, Shutdown};
use crate::limit::Unlimited;
use crate::mcp::McpHandler;
use crate::providers::{
    Anthropic, ApplicationDefault, Dialect, Exchange, Google, GoogleIdentity, HttpTransport,
    OpenAiCompatible, ProviderSettings, Transport,
};
use crate::stores::MemoryLedger;
use crate::telemetry::Metrics;

/// The most ledger entries that are kept in memory, about 300 bytes each.
const MEMORY_LEDGER_ENTRIES: usize = 10_000;
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
    /// The system failed.
    #[error("the server failed: {0}")]
    Serve(#[from] io::Error),
}

/// What a test or another program puts in place of the real world.
pub struct World {
    /// How bytes reach vendors.
    pub transport: Arc<dyn Transport>,
    /// The record of calls.
    pub ledger: Arc<dyn Ledger>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Who we are to Vertex AI; not asked while nothing is reached through it.
    pub google_identity: Arc<dyn GoogleIdentity>,
}

impl World {
    /// Returns the real one for a configuration.
    ///
    /// # Errors
    /// [`AppError::Build`] if TLS cannot be set up.
    pub fn try_real(config: &Config) -> Result<Self, AppError> {
        let transport = HttpTransport::try_new(&config.providers).map_err(AppError::Build)?;
        Ok(Self {
            transport: Arc::new(transport),
            ledger: Arc::new(MemoryLedger::new(MEMORY_LEDGER_ENTRIES)),
            clock: Arc::new(SystemClock),
            google_identity: Arc::new(ApplicationDefault::default()),
        })
    }
}

/// A gateway that is built but does not listen.
pub struct App {
    /// The pipeline.
    pub gateway: Arc<Gateway>,
    /// Every route.
    pub router: axum::Router,
    /// The two moments of the end.
    pub shutdown: Shutdown,
}

impl App {
    /// Builds every part once and passes it down.
    ///
    /// # Errors
    /// [`AppError::Build`] if an adapter refuses its settings.
    pub fn build(config: &Config, world: World) -> Result<Self, AppError> {
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
        let gateway = Arc::new(Gateway::new(Parts {
            settings: config.gateway.clone(),
            routing: config.routing.clone(),
            catalogue: config.catalogue(),
            prices: config.price_table(),
            providers: providers.map_err(AppError::Build)?,
            unconfigured: config.unconfigured.clone(),
            limits: Arc::new(Unlimited),
            cache: Cache,
            ledger: world.ledger,
            clock: world.clock,
            metrics: Arc::clone(&metrics),
            stopping: shutdown.stopping.clone(),
        }));
        let handler = McpHandler::new(Arc::clone(&gateway), config.prompts.clone());
        let router = http::router(
            &config.server,
            Arc::clone(&gateway),
            metrics,
            handler,
            &shutdown,
        );
        Ok(Self {
            gateway,
            router,
            shutdown,
        })
    }

    /// Serves on `listener` until [`Shutdown::draining`] fires and what is in
    /// flight has ended.
    ///
    /// # Errors
    /// [`AppError::Serve`] if the listener fails.
    pub async fn serve(self, listener: TcpListener, config: &Config) -> Result<(), AppError> {
        let background = TaskTracker::new();
        let gateway = Arc::clone(&self.gateway);
        let draining = self.shutdown.draining.clone();
        background.spawn(async move {
            draining.run_until_cancelled(gateway.keep_probing()).await;
        });
        background.close();
        let served = http::serve(listener, self.router, &config.server, &self.shutdown).await;
        // What it does now costs nothing to lose.
        let _ = timeout(BACKGROUND_END, background.wait()).await;
        served.map_err(AppError::from)
    }
}

/// Listens as configured and serves until SIGTERM or SIGINT; a second signal
/// ends the process at once.
///
/// # Errors
/// [`AppError`] if a part cannot be built or the address cannot be had.
pub async fn run(config: &Config) -> Result<(), AppError> {
    let app = App::build(config, World::try_real(config)?)?;
    let address = SocketAddr::new(config.server.host, config.server.port);
    let listen = |source| AppError::Listen { address, source };
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
    tracing::info!(%address, providers = names.join(","), "listening");
    let mut signals = Signals::try_new()?;
    let shutdown = app.shutdown.clone();
    let ends = async {
        let name = signals.next().await;
        tracing::info!(signal = name, "draining");
        shutdown.draining.cancel();
        signals.next().await;
    };
    tokio::select! {
        served = app.serve(listener, config) => served?,
        () = ends => return Err(AppError::Interrupted),
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
