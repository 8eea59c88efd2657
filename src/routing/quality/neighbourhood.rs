//! How near a prompt is to those that were seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::features::{BUCKETS, Features};

/// How many of the nearest tell of support.
const SUPPORTERS: usize = 5;
/// How many of the nearest vote.
const VOTERS: usize = 100;
/// How fast a vote fades with distance: e^{12(cos−1)}.
const FADE: f32 = 12.0;

/// Steps of a code to 1: cosines of 384 numbers are right to 1e-4, or to 1e-3
/// if all were rounded the same way.
const STEPS: f32 = 16_384.0;

/// By what prompts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// By their embeddings.
    Dense,
    /// By their words.
    Words,
}

impl View {
    /// Returns how much is known at a mean cosine of the five nearest.
    ///
    /// Absolute bounds, never percentiles of a deployment's own traffic: where
    /// prompts share a template those lie in one place. For `MiniLM` the 15th
    /// and the 65th percentile on pool lr9. Words, of which every prompt has
    /// "the" and full stops, take a shared template for likeness: from .60 on
    /// unseen families of pool rb11 fell below the static choice (AIQ .790 and
    /// .800), from .80 on none did.
    fn support(self, mean_cosine: f32) -> f64 {
        let (from, width) = match self {
            Self::Dense => (0.35, 0.20),
            Self::Words => (0.80, 0.15),
        };
        ((f64::from(mean_cosine) - from) / width).clamp(0.0, 1.0)
    }
}

/// Distinct prompts that were seen.
#[derive(Clone, Debug, Default)]
pub struct Neighbourhood {
    prompts: Vec<Arc<Features>>,
    /// The length of the embeddings that are compared; others count as none.
    dimension: usize,
    /// The embeddings, one behind the other, in steps of 1 / [`STEPS`]; zeros
    /// where there is none. A third of the time of `f32`: half as much memory
    /// is read, and two products take one instruction.
    codes: Vec<i16>,
    /// Which prompts have an embedding.
    embedded: Vec<bool>,
}

/// Cosines of a prompt with each of those that were seen.
pub(super) struct Cosines {
    pub(super) view: View,
    /// NaN where two cannot be compared.
    values: Vec<f32>,
}

/// The nearest of some prompts, each with what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Near<T = ()> {
    /// How much they tell of the prompt, 0 to 1.
    pub support: f64,
    /// The place of each, what is known of it, and how much its word counts.
    found: Vec<(u32, T, f64)>,
    /// The share of the nearest, which doubt has too.
    top_share: f64,
}

impl<T: Copy> Near<T> {
    /// Returns the mean of what each says, drawn towards 0 as by one more at
    /// the place of the nearest. `say` is given a place among the prompts and
    /// returns a value and its weight, 0 to 1.
    pub fn mean(&self, say: impl Fn(usize, T) -> (f64, f64)) -> f64 {
        let (mut sum, mut all) = (0.0, self.top_share);
        for (place, known, share) in &self.found {
            let (value, weight) = say(*place as usize, *known);
            sum += share * weight * value;
            all += share * weight;
        }
        if all > 0.0 { sum / all } else { 0.0 }
    }
}

impl Neighbourhood {
    /// Takes prompts in an order that the caller remembers.
    pub fn new(prompts: Vec<Arc<Features>>) -> Self {
        let mut lengths = BTreeMap::<usize, usize>::new();
        for vector in prompts.iter().filter_map(|prompt| prompt.embedding()) {
            *lengths.entry(vector.len()).or_default() += 1;
        }
        let most = lengths.into_iter().max_by_key(|(_, count)| *count);
        let mut seen = Self {
            prompts,
            dimension: most.map_or(0, |(length, _)| length),
            codes: Vec::new(),
            embedded: Vec::new(),
        };
        for prompt in &seen.prompts {
            let vector = seen.embedding_of(prompt);
            seen.codes
                .extend(vector.unwrap_or_default().iter().map(code));
            seen.embedded.push(vector.is_some());
            seen.codes.resize(seen.embedded.len() * seen.dimension, 0);
        }
        seen
    }

    /// Looks around a prompt: by embeddings if it has one that fits, else by
    /// words.
    pub fn near(&self, features: &Features) -> Near {
        let Some(cosines) = self.cosines(features) else {
            return Near::default();
        };
        let places = 0..u32::try_from(self.prompts.len()).unwrap_or(u32::MAX);
        cosines.select(places.map(|place| (place, ())))
    }

    /// Compares a prompt with all, by embeddings if there are any.
    pub(super) fn cosines(&self, features: &Features) -> Option<Cosines> {
        self.dense(features).or_else(|| self.words(features))
    }

    /// Compares embeddings; `None` if the prompt has none that fits.
    pub(super) fn dense(&self, features: &Features) -> Option<Cosines> {
        let own: Vec<i16> = self.embedding_of(features)?.iter().map(code).collect();
        let others = self.codes.chunks_exact(own.len());
        let others = others.zip(&self.embedded);
        let cosines = others.map(|(other, is_embedded)| {
            if *is_embedded {
                product(&own, other)
            } else {
                f32::NAN
            }
        });
        Some(Cosines {
            view: View::Dense,
            values: cosines.collect(),
        })
    }

    /// Compares words.
    pub(super) fn words(&self, features: &Features) -> Option<Cosines> {
        if features.words().is_empty() {
            return None;
        }
        let mut own = vec![0.0_f32; BUCKETS];
        for (bucket, value) in features.words() {
            if let Some(slot) = own.get_mut(usize::from(*bucket)) {
                *slot = *value;
            }
        }
        let at = |bucket: u16| own.get(usize::from(bucket)).copied().unwrap_or_default();
        let cosine = |seen: &Arc<Features>| {
            let products = seen
                .words()
                .iter()
                .map(|(bucket, value)| value * at(*bucket));
            products.sum()
        };
        Some(Cosines {
            view: View::Words,
            values: self.prompts.iter().map(cosine).collect(),
        })
    }

    /// Returns a prompt's embedding if it is of the length that is compared.
    pub(super) fn embedding_of<'a>(&self, features: &'a Features) -> Option<&'a [f32]> {
        let vector = features.embedding()?;
        (vector.len() == self.dimension).then_some(vector)
    }

    pub(super) fn prompts(&self) -> &[Arc<Features>] {
        &self.prompts
    }

    /// Returns the length of the embeddings that are compared.
    pub(super) const fn dimension(&self) -> usize {
        self.dimension
    }
}

fn code(value: &f32) -> i16 {
    (value * STEPS).round() as i16
}

/// Returns the cosine of two vectors in codes. Their norms are 1, so no sum
/// leaves `i32`; pieces of a fixed length become wide instructions.
fn product(a: &[i16], b: &[i16]) -> f32 {
    const LANES: usize = 32;
    let (wide_a, rest_a) = a.as_chunks::<LANES>();
    let (wide_b, rest_b) = b.as_chunks::<LANES>();
    let sum = |a: &[i16], b: &[i16]| -> i32 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    };
    let wide: i32 = wide_a.iter().zip(wide_b).map(|(a, b)| sum(a, b)).sum();
    (wide + sum(rest_a, rest_b)) as f32 / (STEPS * STEPS)
}

/// What a seen prompt says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vote {
    /// Its place among the prompts.
    pub(super) prompt: u32,
    /// What it says.
    pub(super) value: f32,
    /// How much its word counts, 0 to 1.
    pub(super) weight: f32,
}

impl Cosines {
    /// Finds the nearest among `places`.
    pub(super) fn select<T: Copy>(&self, places: impl Iterator<Item = (u32, T)>) -> Near<T> {
        let near = places.filter_map(|(place, known)| {
            let cosine = self.values.get(place as usize).copied()?;
            cosine.is_finite().then_some((cosine, place, known))
        });
        let mut near: Vec<(f32, u32, T)> = near.collect();
        let by_cosine = |a: &(f32, u32, T), b: &(f32, u32, T)| b.0.total_cmp(&a.0);
        for most in [VOTERS, SUPPORTERS] {
            if near.len() > most {
                near.select_nth_unstable_by(most - 1, by_cosine);
                near.truncate(VOTERS);
            }
        }
        // Fewer than five are not enough: what is missing counts as far.
        let nearest: f32 = near.iter().take(SUPPORTERS).map(|it| it.0).sum();
        let best = near.iter().map(|it| it.0).fold(-1.0, f32::max);
        let share = |cosine: f32| f64::from((FADE * (cosine - 1.0)).exp());
        let found = near.iter();
        Near {
            support: self.view.support(nearest / SUPPORTERS as f32),
            found: found.map(|it| (it.1, it.2, share(it.0))).collect(),
            top_share: share(best),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_embeddings_of_one_length_are_compared() {
        let vectors = [
            Some(vec![1.0; 40]),
            None,
            Some(vec![1.0; 3]),
            Some(vec![-2.0; 40]),
        ];
        let prompts = vectors.iter().map(|it| Features::read("", it.as_deref()));
        let seen = Neighbourhood::new(prompts.map(Arc::new).collect());

        let cosines = seen.dense(&Features::read("", Some(&[1.0; 40]))).unwrap();

        assert!((cosines.values[0] - 1.0).abs() < 1e-3);
        assert!(cosines.values[1].is_nan() && cosines.values[2].is_nan());
        assert!((cosines.values[3] + 1.0).abs() < 1e-3);
        assert!(seen.dense(&Features::read("", Some(&[1.0; 3]))).is_none());
    }

    #[test]
    fn codes_are_as_good_as_the_numbers() {
        let vector = |seed: usize| -> Vec<f32> {
            (0..384).map(|i| ((i * seed) % 97) as f32 - 40.0).collect()
        };
        let one = Arc::new(Features::read("", Some(&vector(7))));
        let other = Features::read("", Some(&vector(31)));
        let seen = Neighbourhood::new(vec![Arc::clone(&one)]);

        let cosine = seen.dense(&other).unwrap().values[0];

        let pairs = one
            .embedding()
            .unwrap()
            .iter()
            .zip(other.embedding().unwrap());
        let exact: f32 = pairs.map(|(a, b)| a * b).sum();
        assert!((cosine - exact).abs() < 1e-4, "{cosine} {exact}");
    }

    #[test]
    fn nothing_is_near_where_nothing_was_seen() {
        let near = Neighbourhood::default().near(&Features::read("x", Some(&[1.0])));

        assert_eq!((near.support, near.mean(|_, ()| (1.0, 1.0))), (0.0, 0.0));
    }
}
