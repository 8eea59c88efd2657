//! What of a prompt tells which model does it well.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::packed::Packed;
use crate::routing::task::Buckets;

/// Words and pairs of words are hashed into 2^12 buckets: on pool lr9 2^14
/// gave nothing more, and a model's weights take 16 kB.
const BITS: u32 = 12;
/// How many buckets there are.
pub(super) const BUCKETS: usize = 1 << BITS;

/// A prompt as the estimator sees it: its embedding, if there is one, and its
/// hashed words and pairs of words.
///
/// Takes about 1.5 kB for 384 dimensions and 8 bytes for each distinct word
/// and pair of the first 1,500 and the last 400 characters; 4 kB in all for a
/// prompt of 200 words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Packed", from = "Packed")]
pub struct Features {
    dense: Option<Arc<[f32]>>,
    /// Sorted by bucket, of unit norm.
    words: Box<[(u16, f32)]>,
}

impl Features {
    /// Reads a prompt. `embedding` may have any length and norm; one that is
    /// not finite, or zero, counts as none.
    pub fn read(prompt: &str, embedding: Option<&[f32]>) -> Self {
        let buckets = Buckets::words(prompt, BITS);
        let scale = 1.0 / buckets.norm();
        let runs = buckets.indices().chunk_by(|a, b| a == b);
        let words = runs.filter_map(|run| {
            let bucket = u16::try_from(*run.first()?).ok()?;
            Some((bucket, (run.len() as f64 * scale) as f32))
        });
        Self {
            dense: embedding.and_then(unit),
            words: words.collect(),
        }
    }

    /// Takes features apart from their prompt. Unknown buckets and what is out
    /// of order are left out.
    pub(super) fn from_parts(embedding: Option<&[f32]>, mut words: Vec<(u16, f32)>) -> Self {
        words.retain(|(bucket, value)| usize::from(*bucket) < BUCKETS && *value > 0.0);
        words.sort_unstable_by_key(|(bucket, _)| *bucket);
        words.dedup_by_key(|(bucket, _)| *bucket);
        let squares: f32 = words.iter().map(|(_, value)| value * value).sum();
        let scale = squares.sqrt().max(f32::MIN_POSITIVE);
        Self {
            dense: embedding.and_then(unit),
            words: words
                .into_iter()
                .map(|(bucket, value)| (bucket, value / scale))
                .collect(),
        }
    }

    /// Returns the embedding, of unit norm.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.dense.as_deref()
    }

    /// Returns the buckets of the words, and how much each counts.
    pub(super) fn words(&self) -> &[(u16, f32)] {
        &self.words
    }
}

fn unit(vector: &[f32]) -> Option<Arc<[f32]>> {
    let squares: f64 = vector.iter().map(|value| f64::from(*value).powi(2)).sum();
    let scale = 1.0 / squares.sqrt();
    let is_usable = squares.is_finite() && squares > 0.0 && scale.is_finite();
    let scaled = |value: &f32| (f64::from(*value) * scale) as f32;
    is_usable.then(|| vector.iter().map(scaled).collect())
}

/// Returns the inner product of two vectors of one length.
///
/// Eight sums side by side, for the compiler may not reorder one.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let (wide_a, rest_a) = a.as_chunks::<LANES>();
    let (wide_b, rest_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in wide_a.iter().zip(wide_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_unit_norm_whatever_the_prompt() {
        for prompt in ["a", "the cat and the dog", &"x y z 1 ".repeat(20_000)] {
            let features = Features::read(prompt, None);

            let squares: f32 = features.words().iter().map(|(_, v)| v * v).sum();
            assert!((squares - 1.0).abs() < 1e-5, "{squares}");
            assert!(features.words().is_sorted_by_key(|(bucket, _)| *bucket));
        }
        assert_eq!(Features::read("", None), Features::default());
    }

    #[test]
    fn an_embedding_is_scaled_or_left_out() {
        let read = |vector: &[f32]| Features::read("x", Some(vector));

        assert_eq!(read(&[3.0, 4.0]).embedding(), Some(&[0.6, 0.8][..]));
        for none in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY]] {
            assert_eq!(read(none).embedding(), None, "{none:?}");
        }
    }

    #[test]
    fn inner_products_take_every_element() {
        let a: Vec<f32> = (0..19).map(|i| i as f32).collect();

        assert_eq!(dot(&a, &a), (0..19).map(|i| (i * i) as f32).sum::<f32>());
    }
}
