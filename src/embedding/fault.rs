//! Why the embedder is not there.

use std::path::PathBuf;

use thiserror::Error;

/// Why the embedder cannot be loaded.
#[derive(Debug, Error)]
pub(super) enum LoadFault {
    /// Nobody named a library, and there is none where it would be.
    #[error(
        "there is no ONNX Runtime at {}; scripts/onnxruntime.sh puts one into lib/, or \
         ORT_DYLIB_PATH names one",
        listed(.0)
    )]
    Missing(Vec<PathBuf>),
    /// What is there is no library that serves.
    #[error("cannot load ONNX Runtime from {}: {reason}", path.display())]
    Library {
        /// The file.
        path: PathBuf,
        /// What the system or the runtime says.
        reason: String,
    },
    /// The runtime does not take the model.
    #[error("cannot load the embedding model: {0}")]
    Model(String),
    /// The system gives us no thread to load it on.
    #[error("there is no thread to load the embedding model on")]
    NoThread,
}

impl LoadFault {
    /// Says the same without a path, for those who may not see the machine.
    pub(super) fn summary(&self) -> &'static str {
        match self {
            Self::Missing(_) => "ONNX Runtime was not found",
            Self::Library { .. } => "ONNX Runtime cannot be loaded",
            Self::Model(_) | Self::NoThread => "the embedding model cannot be loaded",
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(" or ")
}
