//! Vectors that come after their answers.

use std::sync::Arc;

use tokio::time::sleep;

use super::lanes::Place;
use crate::cache::Cache;
use crate::cache::answer::Entry;
use crate::cache::read_back::TRY_EVERY;
use crate::domain::{EmbedderError, EmbedderState};

impl Cache {
    /// Makes the vectors that are missing, one after the other.
    pub(super) async fn keep_embedding(&self) {
        loop {
            let place = self.lanes().next_bare().await;
            if let Some(entry) = self.answers.peek(place) {
                self.give_vector(&entry).await;
            }
            self.lanes().end_bare();
        }
    }

    /// Gives an answer's question its vector, in memory and in the store.
    pub(in crate::cache) async fn give_vector(&self, entry: &Entry) {
        let Some(prompt) = &entry.prompt else {
            return;
        };
        if let Some(vector) = self.embed_patiently(prompt).await {
            self.add_vector(entry, vector);
        }
    }

    /// Makes what vectors can be had without waiting.
    pub(super) async fn embed_the_rest(&self) {
        while let Some(place) = self.lanes().first_bare() {
            if !self.embed_at_once(place).await {
                return;
            }
            self.lanes().end_bare();
        }
    }

    /// Returns false if the embedder has no time.
    async fn embed_at_once(&self, place: Place) -> bool {
        let entry = self.answers.peek(place);
        let Some((entry, prompt)) = entry.as_ref().and_then(|e| Some((e, e.prompt.as_ref()?)))
        else {
            return true;
        };
        match self.embedder.embed(prompt).await {
            Ok(vector) => self.add_vector(entry, vector),
            Err(EmbedderError::Failed(_)) => {}
            Err(_) => return false,
        }
        true
    }

    fn add_vector(&self, entry: &Entry, vector: Arc<[f32]>) {
        let place = (entry.scope, entry.key);
        let held = self.answers.peek(place);
        // Another answer waits for the vector of its own question.
        if held.is_none_or(|held| held.stored_at != entry.stored_at) {
            return;
        }
        self.place(entry, &vector);
        if self.store.is_some() {
            drop(
                self.lanes()
                    .push_row(place, Some((entry.stored_at, vector))),
            );
        }
    }

    /// Waits for a vector as long as it may come.
    async fn embed_patiently(&self, prompt: &str) -> Option<Arc<[f32]>> {
        loop {
            match self.embedder.embed(prompt).await {
                Ok(vector) => return Some(vector),
                Err(EmbedderError::Busy) => {}
                Err(EmbedderError::NotReady)
                    if self.embedder.state() == EmbedderState::Starting => {}
                Err(_) => return None,
            }
            sleep(TRY_EVERY).await;
        }
    }
}
