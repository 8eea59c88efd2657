//! What judges have said, kept beside the answers.

use jiff::SignedDuration;

use super::digest::Digest;
use super::{Cache, Verifier};
use crate::domain::{CacheKey, CacheScope, Caller, StoredAnswer};

/// No request has this scope.
const SCOPE: CacheScope = CacheScope([0; 32]);
/// Whose it is; no caller has this name.
const OWNER: &str = "gateway:trust";
/// How long it counts. Weights and prompts change meanwhile.
const KEPT_H: i64 = 24 * 90;

impl Cache {
    /// Takes over what an earlier process knew of its hits, by these weights.
    pub(super) async fn recall_trust(&self) {
        let Some(store) = &self.store else {
            return;
        };
        let now = self.clock.now();
        if let Ok(Some(kept)) = store.find(SCOPE, self.trust_key(), now).await {
            self.trust.restore(&kept.body);
        }
    }

    /// Keeps what is known of its hits for a later process.
    pub async fn remember_trust(&self) {
        let (Some(store), Some(body)) = (&self.store, self.trust.to_bytes()) else {
            return;
        };
        let now = self.clock.now();
        let Ok(expires_at) = now.checked_add(SignedDuration::from_hours(KEPT_H)) else {
            return;
        };
        let kept = StoredAnswer {
            scope: SCOPE,
            key: self.trust_key(),
            alias_of: None,
            owner: Caller::new(OWNER),
            body,
            vector: None,
            stored_at: now,
            expires_at,
        };
        if let Err(fault) = store.put(&kept).await {
            tracing::debug!(%fault, "the store did not take what judges said");
        }
    }

    /// Other weights have to earn their own trust.
    fn trust_key(&self) -> CacheKey {
        let rows = self.verifier.as_ref().map(Verifier::training_rows);
        let digest = Digest::new("trust").bytes(&self.embedder.version());
        CacheKey(digest.bytes(&rows.unwrap_or_default()).end())
    }
}
