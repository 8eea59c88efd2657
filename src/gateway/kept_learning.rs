//! How what the router learns is kept, and how it learns from others.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::jitter::jitter;
use crate::domain::{RequestId, RoutingStore, StoreError};

/// How often what was learned is kept.
const INTERVAL: Duration = Duration::from_secs(60);
/// After so many intervals others are listened to again.
const READ_AGAIN: u32 = 5;

/// What became of what was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// Nothing was new.
    Nothing,
    /// It is kept.
    Done,
    /// It is kept; what was kept before belongs to others now, who are to be
    /// read.
    Folded,
    /// The store did not answer.
    Failed,
}

impl Gateway {
    /// Reads what was learned before, then keeps what is learned and reads
    /// what others learn, until `stop` is cancelled; then keeps the last of
    /// it. Without a store it lets feedback fade.
    pub async fn keep_learning(&self, stop: CancellationToken) {
        let rounds = async {
            let mut is_read = self.exchange_learning().await;
            for round in 1_u32.. {
                // Processes that began together do not go on together.
                let share = jitter(RequestId::random(), u64::from(round));
                sleep(INTERVAL.mul_f64(0.75 + share / 2.0)).await;
                let passed_on = self.learn_passed_ratings().await;
                let saved = self.save_learning().await;
                self.forget_passed_ratings(passed_on, saved).await;
                let is_unread = matches!(saved, Saved::Folded | Saved::Failed) || !is_read;
                if is_unread || round.is_multiple_of(READ_AGAIN) {
                    is_read = self.exchange_learning().await;
                } else if saved == Saved::Done {
                    self.fit_feedback_again().await;
                }
            }
        };
        // There is little time at the end, and none for what others learned.
        stop.run_until_cancelled(rounds).await;
        self.save_learning().await;
        // Nobody else can learn from those.
        let passed_on = self.learn_passed_ratings().await;
        let saved = self.save_learning().await;
        self.forget_passed_ratings(passed_on, saved).await;
    }

    /// Returns since when nothing of what was learned here is kept; `None` if
    /// all is, or if nothing outlives the process.
    #[must_use]
    pub fn learning_unsaved_since(&self) -> Option<Timestamp> {
        self.learning.store.as_ref()?;
        self.learning.state().unsaved_since()
    }

    /// Reads what others have learned, and keeps what this process has if
    /// there is anything. Returns false if the store did not answer.
    async fn exchange_learning(&self) -> bool {
        let loaded = match self.learning.store.as_deref() {
            Some(store) => self.try_load(store).await,
            None => Ok(()),
        };
        if let Err(fault) = &loaded {
            tracing::warn!(%fault, "what other instances have learned was not read");
        }
        self.save_learning().await;
        self.fit_feedback_again().await;
        loaded.is_ok()
    }

    /// Keeps what this process has learned, if there is anything new.
    async fn save_learning(&self) -> Saved {
        let Some(store) = self.learning.store.as_deref() else {
            return Saved::Nothing;
        };
        self.try_save(store).await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "what the router has learned is not kept yet");
            Saved::Failed
        })
    }

    async fn try_load(&self, store: &dyn RoutingStore) -> Result<(), StoreError> {
        let known = self.learning.state().known();
        let kept = store.load_parts(&known).await?;
        let (reader, now) = (self.learning.state().reader(), self.clock.now());
        // What is long is read and written away from those who decide.
        let read = spawn_blocking(move || {
            let others = reader.read(kept, now);
            let fold = others.fold(now);
            (others, fold)
        });
        let (others, fold) = read.await.map_err(|fault| StoreError(fault.to_string()))?;
        self.learning.state().take_in(others, now);
        if let Some(fold) = fold {
            let folded = store.fold_parts(&fold.folded, fold.name, &fold.state);
            match folded.await {
                Ok(is_done) => tracing::debug!(is_done, "folded what was learned in the past"),
                Err(fault) => tracing::debug!(%fault, "the past is folded another time"),
            }
        }
        Ok(())
    }

    async fn try_save(&self, store: &dyn RoutingStore) -> Result<Saved, StoreError> {
        let mut saved = Saved::Done;
        loop {
            let Some(unsaved) = self.learning.state().unsaved(self.clock.now()) else {
                return Ok(match saved {
                    Saved::Folded => saved,
                    _ => Saved::Nothing,
                });
            };
            let (name, is_kept) = (unsaved.name, unsaved.is_kept);
            let written = spawn_blocking(move || unsaved.to_bytes()).await;
            let written = written.map_err(|fault| StoreError(fault.to_string()))?;
            let state = written.map_err(|fault| StoreError(fault.to_string()))?;
            let version = if is_kept {
                store.replace_part(name, &state).await?
            } else {
                Some(store.put_part(name, &state).await?)
            };
            match version {
                Some(version) => {
                    self.learning.state().was_saved(version);
                    return Ok(saved);
                }
                // The next time there is a part to put, which succeeds or not.
                None => {
                    saved = Saved::Folded;
                    self.learning.state().was_folded(self.clock.now());
                }
            }
        }
    }
}
