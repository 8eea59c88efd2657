//! What a model can do, and what a request needs of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that a model can or cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Pictures in messages.
    Vision,
    /// Function calling.
    Tools,
    /// Output held to a JSON schema by the vendor.
    JsonSchema,
    /// Hidden thinking before the answer.
    Reasoning,
    /// The vendor caches long prompt prefixes.
    PromptCache,
    /// PDF documents in messages.
    Pdf,
    /// Answers that arrive piece by piece.
    Streaming,
}

impl Capability {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Returns the capability's name in configuration and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::PromptCache => "prompt_cache",
            Self::Pdf => "pdf",
            Self::Streaming => "streaming",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Tells whether the set holds `capability`.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Returns one member of `needed` that this set lacks, if there is one.
    pub fn lacking(self, needed: Self) -> Option<Capability> {
        needed.iter().find(|&capability| !self.contains(capability))
    }

    /// Returns the set without one member.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !capability.bit())
    }

    /// Lists the members in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        use Capability::{JsonSchema, Pdf, PromptCache, Reasoning, Streaming, Tools, Vision};
        [
            Vision,
            Tools,
            JsonSchema,
            Reasoning,
            PromptCache,
            Pdf,
            Streaming,
        ]
        .into_iter()
        .filter(move |&capability| self.contains(capability))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(members: I) -> Self {
        Self(
            members
                .into_iter()
                .fold(0, |set, capability| set | capability.bit()),
        )
    }
}
