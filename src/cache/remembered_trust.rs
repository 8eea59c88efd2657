//! What judges have said, kept beside the answers.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;

use super::digest::Digest;
use super::{Cache, Verifier};
use crate::domain::{CacheKey, CacheScope, Caller, StoreError, StoredAnswer};

/// No request has this scope.
const SCOPE: CacheScope = CacheScope([0; 32]);
/// Whose it is; no caller has this name. Stores do not drop it for want of
/// room.
const TRUST: &str = "gateway:trust";
/// How long it counts. Weights and prompts change meanwhile.
const KEPT_H: i64 = 24 * 90;

/// When to ask again for what the store did not tell.
const RECALL_EVERY: Duration = Duration::from_secs(1);

impl Cache {
    /// Takes over what an earlier process knew of its hits, by these weights.
    /// Returns false while the store does not answer.
    pub(super) async fn recall_trust(&self) -> bool {
        let Some(store) = &self.store else {
            return true;
        };
        let now = self.clock.now();
        match store.find(SCOPE, self.trust_key(), now).await {
            Ok(kept) => {
                if self.trust.recall(kept.as_ref().map(|kept| &kept.body[..])) {
                    tracing::warn!(
                        state = self.trust.state().as_str(),
                        "trust in semantic hits is as judges left it"
                    );
                }
                true
            }
            Err(fault) => {
                tracing::debug!(%fault, "what judges said was not read");
                false
            }
        }
    }

    /// Asks for it until the store answers.
    pub(super) async fn keep_recalling(&self) {
        while !self.trust.has_recalled() && !self.recall_trust().await {
            sleep(RECALL_EVERY).await;
        }
    }

    /// Keeps what is known of its hits for a later process, unless another
    /// process knows more against them. What the store does not take is kept
    /// later.
    pub async fn remember_trust(&self) {
        if !self.trust.is_to_keep() {
            return;
        }
        if let Err(fault) = self.put_trust().await {
            tracing::debug!(%fault, "the store did not take what judges said");
        }
    }

    async fn put_trust(&self) -> Result<(), StoreError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let now = self.clock.now();
        let kept = store.find(SCOPE, self.trust_key(), now).await?;
        let kept = kept.as_ref().map(|kept| &kept.body[..]);
        // It was not read at the start.
        let _ = self.trust.recall(kept);
        let (total, body) = self.trust.to_keep(kept);
        let Some(body) = body else {
            self.trust.is_kept(total);
            return Ok(());
        };
        let Ok(expires_at) = now.checked_add(SignedDuration::from_hours(KEPT_H)) else {
            return Ok(());
        };
        let kept = StoredAnswer {
            scope: SCOPE,
            key: self.trust_key(),
            alias_of: None,
            owner: Caller::new(TRUST),
            body,
            vector: None,
            stored_at: now,
            expires_at,
        };
        store.put(&kept).await?;
        self.trust.is_kept(total);
        Ok(())
    }

    /// Other weights have to earn their own trust.
    fn trust_key(&self) -> CacheKey {
        let rows = self.verifier.as_ref().map(Verifier::training_rows);
        let digest = Digest::new("trust").bytes(&self.embedder.version());
        CacheKey(digest.bytes(&rows.unwrap_or_default()).end())
    }
}
