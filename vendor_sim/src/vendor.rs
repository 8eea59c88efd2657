//! The vendors that are played.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// Names each vendor once: variant, name in paths and on the wire of the
/// control routes, and the module that plays it.
macro_rules! vendors {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $dialect:expr;)*) => {
        /// A vendor whose API is faked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Vendor {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Vendor {
            /// Lists every vendor.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the vendor's name, which is also the first segment of
            /// its paths: `openai`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) const fn dialect(self) -> &'static dyn Dialect {
                match self { $(Self::$variant => &$dialect,)* }
            }
        }
    };
}

vendors! {
    /// OpenAI: chat completions and the model list.
    OpenAi, "openai", crate::openai::OpenAi;
    /// Anthropic: messages, token counting and the model list.
    Anthropic, "anthropic", crate::anthropic::Anthropic;
    /// Google: the Gemini API, `v1` and `v1beta`.
    Google, "google", crate::google::Google;
    /// Mistral: chat completions and the model list.
    Mistral, "mistral", crate::mistral::Mistral;
    /// Groq: chat completions and the model list.
    Groq, "groq", crate::groq::Groq;
    /// Vertex AI: Google's models and Claude, for bearers of tokens.
    Vertex, "vertex", crate::vertex::Vertex;
    /// The metadata server that issues the tokens; named as in its paths.
    Metadata, "computeMetadata", crate::metadata::Metadata;
}

impl Vendor {
    /// Returns the path below the host that a client takes as its base:
    /// `/openai/v1`, `/anthropic`.
    pub fn base_path(self) -> &'static str {
        self.dialect().base_path()
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no vendor has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVendor(String);

impl fmt::Display for UnknownVendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown vendor {:?}, known are:", self.0)?;
        Vendor::ALL
            .iter()
            .try_for_each(|vendor| write!(f, " {vendor}"))
    }
}

impl std::error::Error for UnknownVendor {}

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(name: &str) -> Result<Self, UnknownVendor> {
        Self::ALL
            .iter()
            .copied()
            .find(|vendor| vendor.name() == name)
            .ok_or_else(|| UnknownVendor(name.to_owned()))
    }
}
