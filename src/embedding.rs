//! Turns text into vectors: the sentence embedder, on ONNX Runtime.
//!
//! The model is in the binary, the runtime is a shared library that is looked
//! for and loaded once the server listens. Without it the gateway does all
//! but compare questions by meaning, and says so.

mod elf;
mod fault;
mod library;
mod model;
mod pool;
mod settings;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OnceCell, oneshot};
use tokio::time::Instant;

pub use library::LibraryPlaces;
pub use settings::Settings;

use crate::domain::{Embedder, EmbedderError, EmbedderState};
use fault::LoadFault;
use model::{ModelSession, Runtime};
use pool::Pool;

/// How long the loading thread outlives its work. When a thread ends, the
/// allocator (mimalloc 3) returns what was freed a second ago or earlier:
/// 30 MiB (measured 2026-11-26).
const PURGE_DELAY: Duration = Duration::from_secs(2);

/// The sentence embedder that ships: all-MiniLM-L6-v2, 384 numbers a text.
pub struct SentenceEmbedder {
    settings: Settings,
    places: LibraryPlaces,
    version: [u8; 32],
    /// Empty until it is loaded, or cannot be.
    stage: OnceCell<Stage>,
}

/// What became of the loading.
enum Stage {
    Ready(Pool<ModelSession>),
    Disabled,
    Failed(String),
}

impl SentenceEmbedder {
    /// Makes one that is not loaded yet. Touches neither model nor library.
    pub fn new(settings: Settings, places: LibraryPlaces) -> Self {
        let stage = if settings.enabled {
            OnceCell::new()
        } else {
            OnceCell::new_with(Some(Stage::Disabled))
        };
        Self {
            settings,
            places,
            version: model::version(),
            stage,
        }
    }

    /// Loads library and model on a thread of their own, unless that was done
    /// before. Takes about 0.2 seconds and reads files alone.
    ///
    /// What goes wrong is logged, once, and told by [`Embedder::state`].
    /// ONNX Runtime can be loaded once in a process, so a second embedder
    /// beside a first one fails.
    pub async fn load(&self) {
        self.stage.get_or_init(|| self.start()).await;
    }

    async fn start(&self) -> Stage {
        let begun = Instant::now();
        let (settings, places) = (self.settings.clone(), self.places.clone());
        let (tell, told) = oneshot::channel();
        // One of our own, for when it ends the allocator returns what loading
        // needed: those of the runtime stay as long as they have work.
        let thread = thread::Builder::new().name("embedding".to_owned());
        let thread = thread.spawn(move || {
            let is_told = tell.send(start(&settings, &places)).is_ok();
            thread::park_timeout(PURGE_DELAY);
            is_told
        });
        let started = match thread {
            Ok(_) => told.await.unwrap_or_else(|_| Err(LoadFault::NoThread)),
            Err(_) => Err(LoadFault::NoThread),
        };
        match started {
            Ok((runtime, pool)) => {
                tracing::info!(
                    library = %runtime.path().display(),
                    version = runtime.version(),
                    sessions = self.settings.sessions,
                    took_ms = millis(begun.elapsed()),
                    "the embedding model is loaded"
                );
                Stage::Ready(pool)
            }
            Err(fault) => {
                tracing::warn!(%fault, "questions are not compared by meaning");
                Stage::Failed(fault.summary().to_owned())
            }
        }
    }
}

#[async_trait]
impl Embedder for SentenceEmbedder {
    fn state(&self) -> EmbedderState {
        match self.stage.get() {
            None => EmbedderState::Starting,
            Some(Stage::Ready(pool)) if pool.is_lost() => {
                EmbedderState::Failed("all sessions of the model failed".to_owned())
            }
            Some(Stage::Ready(_)) => EmbedderState::Ready,
            Some(Stage::Disabled) => EmbedderState::Disabled,
            Some(Stage::Failed(reason)) => EmbedderState::Failed(reason.clone()),
        }
    }

    fn version(&self) -> [u8; 32] {
        self.version
    }

    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        let Some(Stage::Ready(pool)) = self.stage.get() else {
            return Err(EmbedderError::NotReady);
        };
        pool.embed(text::prepared(text)?).await
    }
}

/// Loads everything. Blocks.
fn start(
    settings: &Settings,
    places: &LibraryPlaces,
) -> Result<(Runtime, Pool<ModelSession>), LoadFault> {
    let path = places.find()?;
    // `ort` panics on what a library of another make may answer.
    let started = catch_unwind(AssertUnwindSafe(|| start_on(&path, settings)));
    started.unwrap_or_else(|_| {
        let reason = "it is no ONNX Runtime that we understand".to_owned();
        Err(LoadFault::Library { path, reason })
    })
}

fn start_on(path: &Path, settings: &Settings) -> Result<(Runtime, Pool<ModelSession>), LoadFault> {
    let runtime = Runtime::load(path)?;
    let maker = runtime.clone();
    let pool = Pool::try_new(settings.sessions, move || maker.session());
    Ok((runtime, pool.map_err(LoadFault::Model)?))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
