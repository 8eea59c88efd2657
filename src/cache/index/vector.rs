//! What a vector has to be, and how alike two of them are.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch};
use thiserror::Error;

/// How far a norm may be from 1. Embedders normalise in f32, which leaves
/// some 1e-6; a vector that was not normalised at all is far outside.
const NORM_TOLERANCE: f32 = 1e-4;

/// How many registers of sums a comparison has. An addition waits for the one
/// before it to the same register: with two, comparing took 5 % longer with
/// AVX2 and 16 % with SSE2, with six no less (measured as for [`cosines`]).
const SUMS: usize = 4;

/// Why a vector is refused.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum VectorError {
    /// It belongs to another space.
    #[error("the vector has {found} dimensions, not {expected}")]
    Dimensions {
        /// Those of the index.
        expected: usize,
        /// Those of the vector.
        found: usize,
    },
    /// A component is infinite or not a number.
    #[error("a component of the vector is not finite")]
    NotFinite,
    /// Its norm is not 1; that of zeros is 0.
    #[error("the vector's norm is {0}, not 1")]
    Norm(f32),
}

/// Accepts finite vectors of unit norm and the right dimension alone, so that
/// no similarity is ever infinite or not a number.
pub(super) fn check(vector: &[f32], dimensions: usize) -> Result<(), VectorError> {
    if vector.len() != dimensions {
        return Err(VectorError::Dimensions {
            expected: dimensions,
            found: vector.len(),
        });
    }
    if !vector.iter().all(|component| component.is_finite()) {
        return Err(VectorError::NotFinite);
    }
    // The squares of large components overflow, to an infinite norm.
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if (norm - 1.0).abs() > NORM_TOLERANCE {
        return Err(VectorError::Norm(norm));
    }
    Ok(())
}

/// Returns the cosine of two checked vectors, −1 to 1. It is the same number,
/// to the last bit, as [`cosines`] hands out for them on the same machine.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    dispatch!(Level::new(), simd => compare(simd, one, other))
}

/// Hands out the cosines of a checked vector with others, in their order.
///
/// One vector of 384 dimensions takes 22 ns with AVX2 and 39 with the SSE2 of
/// baseline code; four at a time took 24 and 35 (2026-11-26, 5,000 vectors,
/// shared machine).
pub(super) fn cosines<'a>(
    query: &[f32],
    vectors: impl Iterator<Item = &'a [f32]>,
    mut visit: impl FnMut(f32),
) {
    // Which instructions there are is asked once for all of them.
    dispatch!(Level::new(), simd => {
        for vector in vectors {
            visit(compare(simd, query, vector));
        }
    });
}

/// It has the instructions of `S` only where it is inlined, hence `always`.
#[inline(always)]
fn compare<S: Simd>(simd: S, one: &[f32], other: &[f32]) -> f32 {
    let width = S::f32s::LEN;
    let (parts, others) = (
        one.chunks_exact(SUMS * width),
        other.chunks_exact(SUMS * width),
    );
    let (rest, other_rest) = (parts.remainder(), others.remainder());
    let mut sums = [S::f32s::splat(simd, 0.0); SUMS];
    for (part, other) in parts.zip(others) {
        let registers = part.chunks_exact(width).zip(other.chunks_exact(width));
        for (sum, (one, other)) in sums.iter_mut().zip(registers) {
            let one = S::f32s::from_slice(simd, one);
            *sum = one.mul_add(S::f32s::from_slice(simd, other), *sum);
        }
    }
    let [a, b, c, d] = sums;
    let sum = ((a + b) + (c + d)).reduce_sum();
    let rest = rest.iter().zip(other_rest).map(|(one, other)| one * other);
    // Rounding may lead past 1.
    (sum + rest.sum::<f32>()).clamp(-1.0, 1.0)
}
