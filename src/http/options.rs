//! The member `gateway` of requests to `/v1`: what the vendors' own forms
//! have no place for.

use serde::Deserialize;

use crate::domain::{CacheWish, Draft, Wishes, whole_number};

/// What a caller asks of the gateway, named as in `unified_completion`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatewayOptions {
    requirements: Option<Wishes>,
    cache_enabled: Option<bool>,
    cache_mode: Option<CacheWish>,
    #[serde(default, deserialize_with = "whole_number")]
    timeout_ms: Option<u64>,
    idempotency_key: Option<String>,
}

impl GatewayOptions {
    /// Adds the options to what the rest of the request asks.
    pub(super) fn apply(self, draft: Draft) -> Draft {
        let requirements = self.requirements.unwrap_or_default();
        Draft {
            cache: CacheWish::mode(self.cache_mode, self.cache_enabled, &requirements),
            timeout_ms: self.timeout_ms,
            requirements,
            idempotency_key: self.idempotency_key.or(draft.idempotency_key),
            ..draft
        }
    }
}
