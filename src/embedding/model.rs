//! The model that ships, and the runtime that it runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastembed::{
    InitOptionsUserDefined, Pooling, QuantizationMode, TextEmbedding, TokenizerFiles,
    UserDefinedEmbeddingModel,
};
use ort::environment::Environment;
use ort::ep::CPU;
use sha2::{Digest as _, Sha256};

use super::fault::LoadFault;
use super::pool::Session;
use crate::domain::EmbedderError;

/// The most tokens of a text that count, the two around it included.
pub(super) const MAX_TOKENS: usize = 128;
/// The length of a vector.
const DIMENSIONS: usize = 384;
/// How far from 1 a norm may be: far more than rounding, far less than a
/// vector that was not normalised.
const NORM_SLACK: f32 = 1e-3;
/// What a new session is tried with.
const TRIAL: &str = "How do I reset my router?";

/// A file of the model, and its SHA-256 as in `PROVENANCE.md`.
struct ModelFile {
    bytes: &'static [u8],
    sha256: &'static str,
}

macro_rules! model_file {
    ($name:literal, $sha256:literal) => {
        ModelFile {
            bytes: include_bytes!(concat!("../../models/all-minilm-l6-v2/", $name)),
            sha256: $sha256,
        }
    };
}

static MODEL: ModelFile = model_file!(
    "model.onnx",
    "19255d0136e466d09253df61cab39b479eec211be8bf5476430fc92d57336d99"
);
static TOKENIZER: ModelFile = model_file!(
    "tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
);
static CONFIG: ModelFile = model_file!(
    "config.json",
    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
);
static SPECIAL_TOKENS: ModelFile = model_file!(
    "special_tokens_map.json",
    "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
);
static TOKENIZER_CONFIG: ModelFile = model_file!(
    "tokenizer_config.json",
    "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
);

/// Returns the hash of all that shapes vectors. Reads no file, for the files'
/// own hashes are known.
pub(super) fn version() -> [u8; 32] {
    let files = [
        &MODEL,
        &TOKENIZER,
        &CONFIG,
        &SPECIAL_TOKENS,
        &TOKENIZER_CONFIG,
    ];
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.sha256);
    }
    hash.update(format!("mean pooling, {MAX_TOKENS} tokens"));
    hash.finalize().into()
}

/// ONNX Runtime, loaded.
#[derive(Clone)]
pub(super) struct Runtime {
    environment: Environment,
    path: PathBuf,
    version: String,
}

impl Runtime {
    /// Loads the library. Nothing else of `ort` or `fastembed` may run before
    /// this has succeeded, for it would look for a library itself and panic.
    ///
    /// # Errors
    /// [`LoadFault::Library`].
    pub(super) fn load(path: &Path) -> Result<Self, LoadFault> {
        let fault = |reason: String| LoadFault::Library {
            path: path.to_owned(),
            reason,
        };
        let builder = ort::init_from(path).map_err(|error| fault(error.to_string()))?;
        let environment = builder.with_name("ai-gateway").with_telemetry(false);
        let environment = environment.build().map_err(|e| fault(e.to_string()))?;
        Ok(Self {
            environment,
            path: path.to_owned(),
            version: ort::util::probe(path)
                .map_or_else(|| ort::info().to_owned(), |minor| format!("1.{minor}")),
        })
    }

    /// Returns where the library is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the library's version, without what is mended in it.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Makes a session and tries it. Takes about 0.1 seconds.
    ///
    /// # Errors
    /// What the runtime has against the model.
    pub(super) fn session(&self) -> Result<ModelSession, String> {
        self.session_of(MODEL.bytes)
    }

    fn session_of(&self, model: &[u8]) -> Result<ModelSession, String> {
        let tokenizer = TokenizerFiles {
            tokenizer_file: TOKENIZER.bytes.to_vec(),
            config_file: CONFIG.bytes.to_vec(),
            special_tokens_map_file: SPECIAL_TOKENS.bytes.to_vec(),
            tokenizer_config_file: TOKENIZER_CONFIG.bytes.to_vec(),
        };
        let model = UserDefinedEmbeddingModel::new(model.to_vec(), tokenizer)
            .with_pooling(Pooling::Mean)
            .with_quantization(QuantizationMode::Dynamic);
        // The arena keeps what a long text once needed.
        let processor = CPU::default().with_arena_allocator(false).build();
        let options = InitOptionsUserDefined::new()
            .with_environment(self.environment.clone())
            .with_execution_providers(vec![processor])
            .with_max_length(MAX_TOKENS)
            .with_intra_threads(1);
        let session = TextEmbedding::try_new_from_user_defined(model, options);
        let mut session = ModelSession(session.map_err(|error| error.to_string())?);
        session.embed(TRIAL).map_err(|error| error.to_string())?;
        Ok(session)
    }
}

/// One instance of the model.
pub(super) struct ModelSession(TextEmbedding);

impl ModelSession {
    /// Tells whether the tokenizer finds anything in a text: the two tokens
    /// around it are always there.
    fn is_blank(&self, text: &str) -> Result<bool, EmbedderError> {
        // Each of these is a token or a part of one.
        if text.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Ok(false);
        }
        let tokens = self.0.tokenizer.encode(text, true);
        let tokens = tokens.map_err(|error| EmbedderError::Failed(error.to_string()))?;
        Ok(tokens.len() <= 2)
    }
}

impl Session for ModelSession {
    fn embed(&mut self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        if self.is_blank(text)? {
            return Err(EmbedderError::Blank);
        }
        // One text a call: dynamic quantisation scales by the whole batch.
        let vectors = self.0.embed([text], None);
        let mut vectors = vectors.map_err(|error| EmbedderError::Failed(error.to_string()))?;
        checked(vectors.pop().unwrap_or_default())
    }
}

/// Holds a vector to what the port promises.
fn checked(vector: Vec<f32>) -> Result<Arc<[f32]>, EmbedderError> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    // Not a number is within no distance.
    let is_unit = (norm - 1.0).abs() <= NORM_SLACK;
    if vector.len() != DIMENSIONS || !is_unit {
        let length = vector.len();
        let reason = format!("it made {length} numbers with the norm {norm}");
        return Err(EmbedderError::Failed(reason));
    }
    Ok(vector.into())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::embedding::{LibraryPlaces, text};

    #[test]
    fn every_file_is_the_one_that_its_digest_names() {
        for file in [
            &MODEL,
            &TOKENIZER,
            &CONFIG,
            &SPECIAL_TOKENS,
            &TOKENIZER_CONFIG,
        ] {
            let mut hex = String::new();
            for byte in Sha256::digest(file.bytes) {
                write!(hex, "{byte:02x}").unwrap();
            }
            assert_eq!(hex, file.sha256);
        }
    }

    #[test]
    fn the_version_is_pinned() {
        let mut hex = String::new();
        for byte in version() {
            write!(hex, "{byte:02x}").unwrap();
        }

        // Another one starts every semantic cache anew.
        assert_eq!(
            hex,
            "e7d31dabb5fcb46d683d9de0738ef8fbdb653e23dcffafd489ac9815189df6c4"
        );
    }

    #[test]
    fn only_a_vector_of_the_right_length_and_norm_passes() {
        let mut good = vec![0.0; DIMENSIONS];
        good[7] = 1.0;
        let long = [good.clone(), vec![0.0]].concat();
        let mut nan = good.clone();
        nan[3] = f32::NAN;
        let mut infinite = good.clone();
        infinite[3] = f32::INFINITY;

        assert_eq!(checked(good.clone()).unwrap()[..], good[..]);
        for bad in [Vec::new(), long, vec![0.0; DIMENSIONS], nan, infinite] {
            assert!(matches!(checked(bad), Err(EmbedderError::Failed(_))));
        }
    }

    #[test]
    fn a_broken_model_is_a_fault_and_a_good_one_works_afterwards() {
        let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/lib");
        let places = LibraryPlaces {
            named: None,
            folders: vec![lib.into()],
        };
        let Ok(path) = places.find() else {
            eprintln!("SKIPPED: there is no ONNX Runtime; see scripts/onnxruntime.sh");
            return;
        };
        let runtime = Runtime::load(&path).unwrap();
        let half = &MODEL.bytes[..MODEL.bytes.len() / 2];

        for broken in [&b"no model"[..], &[], half] {
            assert!(runtime.session_of(broken).is_err());
        }
        let mut session = runtime.session().unwrap();

        // Nothing is left of these, as the model reads them.
        for blank in ["\u{200b}", "\u{0}\u{1}", "\u{fffd}", "\u{301}"] {
            let text = text::prepared(blank).unwrap();
            assert_eq!(session.embed(&text), Err(EmbedderError::Blank), "{blank:?}");
        }
        assert!(session.embed("?").is_ok());
    }
}
