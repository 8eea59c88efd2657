//! Marks of what a vendor shall keep, as Anthropic's clients write them.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::PromptCache;

/// `{"type": "ephemeral", "ttl": "1h"}`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct CacheMark {
    #[serde(rename = "type")]
    _kind: Kind,
    ttl: Option<Ttl>,
    #[serde(rename = "scope")]
    _scope: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Ephemeral,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Ttl {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    OneHour,
}

impl CacheMark {
    /// Returns how long what is marked shall be kept.
    pub(super) const fn kept(self) -> PromptCache {
        match self.ttl {
            None | Some(Ttl::FiveMinutes) => PromptCache::FiveMinutes,
            Some(Ttl::OneHour) => PromptCache::OneHour,
        }
    }
}
