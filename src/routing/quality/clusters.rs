//! Groups of prompts that are near each other.

use super::features::{Features, dot};
use super::neighbourhood::Neighbourhood;

/// How many groups there are at most.
pub(super) const CENTRES: usize = 16;
/// Assignments hardly change after so many rounds.
const ROUNDS: usize = 20;

/// Centres of k-means over embeddings, each of unit norm.
#[derive(Clone, Debug, Default)]
pub(super) struct Clusters {
    centres: Vec<Vec<f32>>,
}

impl Clusters {
    /// Groups the prompts that have an embedding. Draws nothing by chance: the
    /// first centre is the first prompt, each further one the prompt that is
    /// farthest from those before.
    pub(super) fn fit(seen: &Neighbourhood) -> Self {
        let prompts = seen.prompts().iter();
        let vectors: Vec<&[f32]> = prompts.filter_map(|it| seen.embedding_of(it)).collect();
        let mut clusters = Self::spread(&vectors);
        for _ in 0..ROUNDS {
            let mut sums = vec![vec![0.0_f32; seen.dimension()]; clusters.centres.len()];
            for vector in &vectors {
                if let Some(sum) = sums.get_mut(clusters.of(vector)) {
                    for (sum, value) in sum.iter_mut().zip(*vector) {
                        *sum += value;
                    }
                }
            }
            let mut has_moved = false;
            for (centre, mut sum) in clusters.centres.iter_mut().zip(sums) {
                let norm = dot(&sum, &sum).sqrt();
                // An empty group keeps its centre.
                if norm > 0.0 {
                    for value in &mut sum {
                        *value /= norm;
                    }
                    has_moved |= *centre != sum;
                    *centre = sum;
                }
            }
            if !has_moved {
                break;
            }
        }
        clusters
    }

    fn spread(vectors: &[&[f32]]) -> Self {
        let mut nearest = vec![f32::NEG_INFINITY; vectors.len()];
        let mut centres: Vec<Vec<f32>> = Vec::new();
        let mut next = vectors.first().copied();
        while let Some(centre) = next.filter(|_| centres.len() < CENTRES) {
            centres.push(centre.to_vec());
            let mut farthest = (1.0 - 1e-6, None);
            for (cosine, vector) in nearest.iter_mut().zip(vectors) {
                *cosine = cosine.max(dot(centre, vector));
                if *cosine < farthest.0 {
                    farthest = (*cosine, Some(*vector));
                }
            }
            next = farthest.1;
        }
        Self { centres }
    }

    /// Returns the group of a prompt, if it has an embedding that fits.
    pub(super) fn find(&self, seen: &Neighbourhood, features: &Features) -> Option<usize> {
        let vector = seen.embedding_of(features)?;
        (!self.centres.is_empty()).then(|| self.of(vector))
    }

    /// Returns the group with the nearest centre, the first of equals.
    fn of(&self, vector: &[f32]) -> usize {
        let mut best = (f32::NEG_INFINITY, 0);
        for (index, centre) in self.centres.iter().enumerate() {
            let cosine = dot(centre, vector);
            if cosine > best.0 {
                best = (cosine, index);
            }
        }
        best.1
    }
}
