//! What the router chooses between.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ModelId, ProviderName};

/// How much a reasoning model may think, from nothing to everything.
///
/// From `None`, no thinking at all, in rising order to `Max`, all that the
/// model has.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(
    missing_docs,
    reason = "documented variants become `oneOf`, not a plain enum"
)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    /// Every effort, in rising order.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Xhigh,
        Self::Max,
    ];

    /// Returns the effort's name on every wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effort {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|effort| effort.as_str() == name)
            .ok_or_else(|| format!("{name:?} is not a reasoning effort"))
    }
}

/// One thing that can answer: a provider's model at a reasoning effort.
///
/// Effort belongs to it because it moves quality, price and time to first
/// token by an order of magnitude.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Who serves the model.
    pub provider: ProviderName,
    /// What it serves.
    pub model: ModelId,
    /// How much it thinks; `None` for a model that has no such setting.
    pub effort: Option<Effort>,
}

impl fmt::Display for Target {
    /// Writes `provider/model`, and `@effort` where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)?;
        self.effort.map_or(Ok(()), |effort| write!(f, "@{effort}"))
    }
}
