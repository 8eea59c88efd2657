//! Embeddings of many prompts, by the embedder that ships.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::app::Embedding;
use crate::domain::{Embedder, EmbedderError, EmbedderState};
use crate::embedding::Settings;

/// How many characters of a prompt are given to the embedder, as in a
/// completion.
const HEAD: usize = 1_500;
/// Texts that are embedded at a time.
const SESSIONS: u32 = 2;
/// How often progress is told, in texts.
const PROGRESS: usize = 500;

/// The embedder, if it works.
pub(super) struct Vectors {
    embedding: Embedding,
    is_ready: bool,
}

impl Vectors {
    /// Loads the embedder, unless it is unwanted, and says why there is none.
    pub(super) async fn open(
        library: Option<PathBuf>,
        is_wanted: bool,
        say: &(dyn Fn(&str) + Sync),
    ) -> Self {
        let settings = Settings {
            enabled: is_wanted,
            sessions: SESSIONS,
        };
        let embedding = Embedding::find(settings, library);
        embedding.load().await;
        let state = embedding.embedder.state();
        if let EmbedderState::Failed(reason) = &state {
            say(&format!("warning: no embeddings: {reason}"));
        }
        Self {
            embedding,
            is_ready: state == EmbedderState::Ready,
        }
    }

    /// Returns the embedder.
    pub(super) fn embedder(&self) -> Arc<dyn Embedder> {
        Arc::clone(&self.embedding.embedder)
    }

    /// Tells whether there are embeddings at all.
    pub(super) const fn take_part(&self) -> bool {
        self.is_ready
    }

    /// Embeds the beginning of each distinct prompt; a prompt without anything
    /// to embed has none.
    pub(super) async fn of<'a>(
        &self,
        prompts: impl Iterator<Item = &'a str>,
        say: &(dyn Fn(&str) + Sync),
    ) -> HashMap<&'a str, Arc<[f32]>> {
        let mut found = HashMap::new();
        if !self.is_ready {
            return found;
        }
        let mut distinct: Vec<&str> = prompts.collect();
        distinct.sort_unstable();
        distinct.dedup();
        let (all, begun) = (distinct.len(), Instant::now());
        let texts = stream::iter(distinct);
        let mut vectors = texts
            .map(|prompt| async move { (prompt, self.embed(head(prompt)).await) })
            .buffered(SESSIONS as usize);
        let (mut done, mut failed) = (0_usize, 0_usize);
        while let Some((prompt, vector)) = vectors.next().await {
            match vector {
                Ok(vector) => drop(found.insert(prompt, vector)),
                Err(EmbedderError::Blank) => {}
                Err(_) => failed += 1,
            }
            done += 1;
            if done.is_multiple_of(PROGRESS) {
                let seconds = begun.elapsed().as_secs();
                say(&format!("{done} of {all} prompts embedded in {seconds} s"));
            }
        }
        if failed > 0 {
            say(&format!("warning: {failed} prompts could not be embedded"));
        }
        found
    }

    /// Embeds a text, and waits for its turn as long as it takes.
    async fn embed(&self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        loop {
            let vector = self.embedding.embedder.embed(text).await;
            if vector != Err(EmbedderError::Busy) {
                return vector;
            }
        }
    }
}

fn head(prompt: &str) -> &str {
    let end = prompt.char_indices().nth(HEAD);
    end.and_then(|(end, _)| prompt.get(..end)).unwrap_or(prompt)
}
