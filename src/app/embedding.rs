//! Which embedder there is.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::Embedder;
use crate::embedding::{LibraryPlaces, SentenceEmbedder, Settings};

/// Where the library lies, below the executable's folder and the working one.
const FOLDER: &str = "lib";

/// An embedder, and what still has to load it.
#[derive(Clone)]
pub struct Embedding {
    /// The embedder.
    pub embedder: Arc<dyn Embedder>,
    model: Option<Arc<SentenceEmbedder>>,
}

impl Embedding {
    /// Takes an embedder that needs nobody to load it.
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self {
            embedder,
            model: None,
        }
    }

    /// Returns none at all.
    pub fn off() -> Self {
        let settings = Settings {
            enabled: false,
            ..Settings::default()
        };
        let places = LibraryPlaces::default();
        Self::new(Arc::new(SentenceEmbedder::new(settings, places)))
    }

    /// Returns the embedder of a configuration, which is not loaded yet.
    pub fn open(config: &Config) -> Self {
        Self::find(config.embedding.clone(), config.onnx_runtime.clone())
    }

    /// Returns one whose library is `named`, or else looked for; it is not
    /// loaded yet.
    pub fn find(settings: Settings, named: Option<PathBuf>) -> Self {
        let executable = env::current_exe().ok();
        let beside = executable.and_then(|path| Some(path.parent()?.join(FOLDER)));
        let places = LibraryPlaces {
            named,
            folders: beside.into_iter().chain([PathBuf::from(FOLDER)]).collect(),
        };
        let model = Arc::new(SentenceEmbedder::new(settings, places));
        Self {
            embedder: Arc::clone(&model) as _,
            model: Some(model),
        }
    }

    /// Loads it. Takes about 0.2 seconds; never fails, for the gateway works
    /// without.
    pub async fn load(&self) {
        if let Some(model) = &self.model {
            model.load().await;
        }
    }
}
